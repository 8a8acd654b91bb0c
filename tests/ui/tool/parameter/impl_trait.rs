#![allow(unused)]

use hms_webhook::tool;

/// Looks up an order.
#[tool]
async fn lookup_order(id: impl Into<String>, other: &impl Send) {}

fn main() {}
