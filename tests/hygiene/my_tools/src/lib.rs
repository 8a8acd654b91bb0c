//! Tools in a library crate.

use hms_webhook::tool;

/// Looks up an order.
#[tool]
pub fn lookup_order(id: String) -> String {
    id
}

/// Looks up a customer.
#[tool]
fn lookup_customer(#[arg(name = "number")] r#type: u64) -> u64 {
    r#type
}
