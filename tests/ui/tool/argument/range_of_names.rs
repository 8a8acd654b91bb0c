#![allow(unused)]

use hms_webhook::tool;

const MOST: u32 = 9;

/// Looks up an order.
#[tool]
async fn lookup_order(#[arg(range = 1..=MOST)] lines: u32) {}

fn main() {}
