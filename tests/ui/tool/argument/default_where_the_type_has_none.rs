#![allow(unused)]

use hms_webhook::tool;

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Size;

/// Looks up an order.
#[tool]
async fn lookup_order(#[arg(default)] size: Size) {}

fn main() {}
