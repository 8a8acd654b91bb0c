#![allow(unused)]

use hms_webhook::{Call, status_update, tools};

#[status_update]
async fn note(call: &Call) {}

fn main() {
    let _ = tools![note];
}
