#![allow(unused)]

use hms_webhook::tool;

/// Looks up an order.
#[tool]
async fn lookup_order(#[cfg(unix)] id: String) {}

fn main() {}
