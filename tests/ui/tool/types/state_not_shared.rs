#![allow(unused)]

use hms_webhook::tool;

use std::rc::Rc;

/// Looks up an order.
#[tool]
async fn lookup_order(orders: &Rc<u32>) {
    let _ = orders;
}

fn main() {}
