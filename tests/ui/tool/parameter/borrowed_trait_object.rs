#![allow(unused)]

use hms_webhook::tool;

trait Store {}

/// Looks up an order.
#[tool]
async fn lookup_order(store: &dyn Store) {}

fn main() {}
