#![allow(unused)]

use hms_webhook::tool;

/// Looks up an order.
#[tool]
async fn lookup_order(#[arg(example = 1042)] id: String) {}

fn main() {}
