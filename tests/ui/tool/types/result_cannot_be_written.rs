#![allow(unused)]

use hms_webhook::tool;

struct Order;

/// Looks up an order.
#[tool]
async fn lookup_order() -> Order {
    Order
}

fn main() {}
