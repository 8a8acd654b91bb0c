#![allow(unused)]

use hms_webhook::tool;

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Order {
    number: String,
}

/// Places an order.
#[tool]
async fn place_order(
    #[args]
    #[arg(record)]
    order: Order,
) {
}

fn main() {}
