#![allow(unused)]

use hms_webhook::tool;

struct Query;

/// Looks up an order.
#[tool]
async fn lookup_order(query: Vec<Query>) {}

fn main() {}
