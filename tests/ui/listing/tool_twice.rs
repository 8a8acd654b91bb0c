#![allow(unused)]

use hms_webhook::{tool, tools};

/// Looks up an order.
#[tool("lookup")]
async fn lookup_order() {}

/// Looks up a customer.
#[tool("lookup")]
async fn lookup_customer() {}

fn main() {
    let _ = tools![lookup_order, lookup_customer];
}
