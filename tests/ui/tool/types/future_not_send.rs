#![allow(unused)]

use hms_webhook::tool;

use std::rc::Rc;

/// Looks up an order.
#[tool]
async fn lookup_order(id: String) {
    let id = Rc::new(id);
    std::future::ready(()).await;
    drop(id);
}

fn main() {}
