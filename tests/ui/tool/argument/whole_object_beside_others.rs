#![allow(unused)]

use hms_webhook::tool;

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Query {}

/// Looks up an order.
#[tool]
async fn lookup_order(#[args] query: Query, lines: u32) {}

fn main() {}
