#![allow(unused)]

use hms_webhook::tool;

/// Looks up an order.
#[tool(response = "I have sent it")]
async fn lookup_order() {}

fn main() {}
