#![allow(unused)]

use hms_webhook::tool;

/// Looks up an order.
#[tool(deadlin = "3s")]
async fn lookup_order() {}

fn main() {}
