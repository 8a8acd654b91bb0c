#![allow(unused)]

use hms_webhook::tool;

/// Looks up an order.
#[tool(deadline = "11s")]
async fn lookup_order() {}

fn main() {}
