#![allow(unused)]

use hms_webhook::tools;

async fn lookup_order() {}

fn main() {
    let _ = tools![lookup_order];
}
