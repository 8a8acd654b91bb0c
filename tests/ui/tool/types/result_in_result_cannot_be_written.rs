#![allow(unused)]

use hms_webhook::{ToolError, tool};

struct Order;

/// Looks up an order.
#[tool]
fn lookup_order() -> Result<Order, ToolError> {
    Ok(Order)
}

fn main() {}
