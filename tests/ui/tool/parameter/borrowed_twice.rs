#![allow(unused)]

use hms_webhook::tool;

struct Orders;

/// Looks up an order.
#[tool]
async fn lookup_order(orders: &&Orders) {}

fn main() {}
