#![allow(unused)]

use hms_webhook::tool;

/// Looks up an order.
#[tool]
async fn prüfe_bestellung() {}

fn main() {}
