#![allow(unused)]

use hms_webhook::tool;

#[derive(serde::Deserialize)]
struct Query {}

/// Looks up an order.
#[tool]
async fn lookup_order(query: Query) {}

fn main() {}
