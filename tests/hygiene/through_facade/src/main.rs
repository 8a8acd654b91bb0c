//! The framework through another crate, which alone is in the manifest.

use facade::hms_webhook::{status_update, tool, tools, Call};

/// Looks up an order.
#[tool(crate = facade::hms_webhook)]
async fn lookup_order(#[arg(default)] id: String) -> String {
    id
}

#[status_update(crate = ::facade::hms_webhook)]
fn note(call: &Call) {
    let _ = call;
}

fn main() {
    let _ = (tools![lookup_order], facade::hms_webhook::handlers![note]);
}
