#![allow(unused)]

use hms_webhook::tool;

/// Looks up an order.
#[tool(lookup::order)]
async fn lookup_order() {}

fn main() {}
