#![allow(unused)]

use hms_webhook::tool;

/// Looks up an order.
#[tool]
const fn lookup_order() {}

fn main() {}
