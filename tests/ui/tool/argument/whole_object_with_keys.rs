#![allow(unused)]

use hms_webhook::tool;

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Query {}

/// Looks up an order.
#[tool]
async fn lookup_order(#[args(strict)] query: Query) {}

fn main() {}
