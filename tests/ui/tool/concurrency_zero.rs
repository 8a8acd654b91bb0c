#![allow(unused)]

use hms_webhook::tool;

/// Looks up an order.
#[tool(concurrency = 0)]
async fn lookup_order() {}

fn main() {}
