#![allow(unused)]

use hms_webhook::tool;

/// Looks up an order.
#[tool(tries = 3)]
async fn lookup_order() {}

fn main() {}
