#![allow(unused)]

use hms_webhook::tool;

/// Looks up an order.
#[tool("2nd_order")]
async fn lookup_order() {}

fn main() {}
