#![allow(unused)]

use hms_webhook::tool;

/// Looks up an order.
#[tool(concurrency)]
async fn lookup_order() {}

fn main() {}
