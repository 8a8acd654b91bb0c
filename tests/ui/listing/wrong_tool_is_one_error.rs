#![allow(unused)]

use hms_webhook::{tool, tools};

#[tool]
async fn lookup_order() {}

fn main() {
    let _ = tools![lookup_order];
}
