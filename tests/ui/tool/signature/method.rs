#![allow(unused)]

use hms_webhook::tool;

struct Orders;

impl Orders {
    /// Looks up an order.
    #[tool]
    async fn lookup(&self, id: String) {}
}

fn main() {}
