#![allow(unused)]

use hms_webhook::tool;

/// Looks up an order.
#[tool("one", name = "two")]
async fn lookup_order() {}

fn main() {}
