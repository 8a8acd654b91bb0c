#![allow(unused)]

use hms_webhook::tool;

/// Looks up an order.
#[tool]
const LIMIT: u32 = 3;

fn main() {}
