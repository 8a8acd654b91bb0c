#![allow(unused)]

use hms_webhook::tool;

trait Orders {
    /// Looks up an order.
    #[tool]
    fn lookup(id: String);
}

fn main() {}
