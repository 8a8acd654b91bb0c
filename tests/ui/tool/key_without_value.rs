#![allow(unused)]

use hms_webhook::tool;

/// Looks up an order.
#[tool(deadline, message =)]
async fn lookup_order() {}

fn main() {}
