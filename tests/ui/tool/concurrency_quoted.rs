#![allow(unused)]

use hms_webhook::tool;

/// Looks up an order.
#[tool(concurrency = "8")]
async fn lookup_order() {}

fn main() {}
