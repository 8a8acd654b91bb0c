#![allow(unused)]

use hms_webhook::tool;

/// Looks up an order.
#[tool]
async fn lookup_order(#[arg(range = 10)] lines: u32) {}

fn main() {}
