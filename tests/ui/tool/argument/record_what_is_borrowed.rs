#![allow(unused)]

use hms_webhook::{Call, tool};

/// Looks up an order.
#[tool]
async fn lookup_order(#[arg(record)] call: &Call) {}

fn main() {}
