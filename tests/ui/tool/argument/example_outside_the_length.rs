#![allow(unused)]

use hms_webhook::tool;

/// Looks up an order.
#[tool]
async fn lookup_order(#[arg(length = ..=3, example = "A-1042")] id: String) {}

fn main() {}
