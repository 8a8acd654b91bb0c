#![allow(unused)]

use hms_webhook::tool;

use std::borrow::Cow;

/// Looks up an order.
#[tool]
async fn lookup_order(id: Cow<'_, str>) {}

fn main() {}
