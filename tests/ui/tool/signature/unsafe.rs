#![allow(unused)]

use hms_webhook::tool;

/// Looks up an order.
#[tool]
unsafe fn lookup_order(id: String) {}

fn main() {}
