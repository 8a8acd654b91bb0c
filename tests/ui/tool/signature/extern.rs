#![allow(unused)]

use hms_webhook::tool;

/// Looks up an order.
#[tool]
extern "C" fn lookup_order() {}

fn main() {}
