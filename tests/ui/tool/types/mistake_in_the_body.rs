#![allow(unused)]

use hms_webhook::tool;

/// Looks up an order.
#[tool]
async fn lookup_order(id: String) -> u32 {
    id
}

fn main() {}
