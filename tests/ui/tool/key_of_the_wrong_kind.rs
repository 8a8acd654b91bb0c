#![allow(unused)]

use hms_webhook::tool;

/// Looks up an order.
#[tool(deadline = 3, message = true, background = "yes", crate = "voice")]
async fn lookup_order() {}

fn main() {}
