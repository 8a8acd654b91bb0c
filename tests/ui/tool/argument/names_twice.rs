#![allow(unused)]

use hms_webhook::tool;

/// Looks up an order.
#[tool]
async fn lookup_order(id: String, #[arg(name = "id")] number: u32) {}

fn main() {}
