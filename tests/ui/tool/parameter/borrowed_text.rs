#![allow(unused)]

use hms_webhook::tool;

/// Looks up an order.
#[tool]
async fn lookup_order(id: &str) {}

fn main() {}
