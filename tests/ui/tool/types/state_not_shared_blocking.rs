#![allow(unused)]

use hms_webhook::tool;

use std::cell::RefCell;

/// Looks up an order.
#[tool]
fn lookup_order(orders: &RefCell<u32>) {
    let _ = orders;
}

fn main() {}
