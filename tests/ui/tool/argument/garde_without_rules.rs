#![allow(unused)]

use hms_webhook::tool;

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Order {
    number: String,
}

/// Places an order.
#[tool]
async fn place_order(#[arg(garde)] order: Order) {}

/// Places an order.
#[tool]
async fn place_whole(#[args] #[arg(garde, strict)] order: Order) {}

/// Places an order.
#[tool]
async fn place_two(#[arg(garde = true)] order: Order) {}

fn main() {}
