#![allow(unused)]

use hms_webhook::{status_update, tool};

/// Looks up an order.
#[tool]
#[status_update]
async fn lookup_order() {}

fn main() {}
