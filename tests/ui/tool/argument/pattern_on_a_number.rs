#![allow(unused)]

use hms_webhook::tool;

/// Looks up an order.
#[tool]
async fn lookup_order(#[arg(pattern = "^[0-9]$")] lines: u32) {}

fn main() {}
