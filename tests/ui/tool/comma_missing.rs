#![allow(unused)]

use hms_webhook::tool;

/// Looks up an order.
#[tool("lookup" deadline = "3s")]
async fn lookup_order() {}

fn main() {}
