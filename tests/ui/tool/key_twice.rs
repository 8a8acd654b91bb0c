#![allow(unused)]

use hms_webhook::tool;

/// Looks up an order.
#[tool(message = "one", message = "two")]
async fn lookup_order() {}

fn main() {}
