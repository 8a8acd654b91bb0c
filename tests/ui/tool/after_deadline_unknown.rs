#![allow(unused)]

use hms_webhook::tool;

/// Looks up an order.
#[tool(after_deadline = "finsh")]
async fn lookup_order() {}

fn main() {}
