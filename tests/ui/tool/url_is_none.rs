#![allow(unused)]

use hms_webhook::tool;

/// Looks up an order.
#[tool(url = "hooks.example.com")]
async fn lookup_order() {}

fn main() {}
