#![allow(unused)]

use hms_webhook::tool;

/// Looks up an order.
#[tool(deadline = 3s)]
async fn lookup_order() {}

fn main() {}
