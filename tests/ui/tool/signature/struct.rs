#![allow(unused)]

use hms_webhook::tool;

/// Looks up an order.
#[tool]
struct LookupOrder;

fn main() {}
