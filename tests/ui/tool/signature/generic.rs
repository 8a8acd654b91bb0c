#![allow(unused)]

use hms_webhook::tool;

/// Looks up an order.
#[tool]
async fn lookup_order<T: Clone, const N: usize>(id: String)
where
    T: Send,
{
}

fn main() {}
