#![allow(unused)]

use hms_webhook::tool;

struct NoError;

/// Looks up an order.
#[tool]
async fn lookup_order() -> Result<u32, NoError> {
    Ok(1)
}

fn main() {}
