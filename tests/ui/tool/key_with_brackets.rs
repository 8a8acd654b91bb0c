#![allow(unused)]

use hms_webhook::tool;

/// Looks up an order.
#[tool(deadline("3s"), background)]
async fn lookup_order() {}

fn main() {}
