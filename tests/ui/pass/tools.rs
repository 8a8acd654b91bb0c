//! Every form of `#[tool]`.

#![allow(clippy::too_many_arguments, clippy::needless_lifetimes)] // every form, not the shortest

use std::sync::Arc;

use hms_webhook::{Call, Deadline, Tool, ToolError, tool, tools};

struct Orders;
trait Store: Send + Sync {}

#[derive(serde::Serialize)]
struct Order {
    lines: u32,
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Slot {
    day: String,
}

#[derive(Default, serde::Deserialize, schemars::JsonSchema)]
enum Size {
    #[default]
    Small,
    Large,
}

#[derive(Debug)]
struct MyError;
impl std::fmt::Display for MyError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("mine")
    }
}
impl std::error::Error for MyError {}

/// Look up an order by the number that the caller gives.
#[tool(
    "lookup-order",
    deadline = "2.5s",
    message = "One moment",
    url = "https://example.com/x",
    after_deadline = "finish"
)]
async fn lookup_order(
    /// The order number, for example A-1042.
    #[arg(pattern = "^A", length = 1..=10, example = "A-1042")]
    order_id: String,
    /// How many lines.
    max_lines: Option<u32>,
    #[arg(default = 3, range = 1..=10, strict)] mut count: u8,
    #[arg(default)] size: Size,
    #[arg(default = Size::Large, name = "other", description = "Another")] other_size: Size,
    #[arg(default = "home")] place: String,
    #[arg(default = 5_000_000_000, example = 7, range = -5..)] big: Option<i64>,
    #[arg(range = -0.5..1.0, default = -0.25)] share: f64,
    orders: &Orders,
    call: &Call,
    store: &Arc<dyn Store>,
    _: &Deadline,
) -> Result<Order, ToolError> {
    count += 1;
    let _ = (order_id, max_lines, count, size, other_size, place, big, share, orders, call, store);
    Ok(Order { lines: 1 })
}

/// Blocks.
#[tool]
fn blocking(#[args] slot: Slot, orders: &Orders) -> String {
    let _ = orders;
    slot.day
}

#[tool(description = "Does nothing", background, response = "done", deadline = "90s")]
pub(crate) async fn nothing() {}

/// Fails with an error of its own.
#[tool(crate = ::hms_webhook, name = "own_error")]
async fn own<'a>(orders: &'a Orders) -> Result<&'a str, MyError> {
    let _ = orders;
    Err(MyError)
}

/// A keyword.
#[tool]
async fn r#type(r#match: bool) -> impl serde::Serialize {
    r#match
}

#[doc = include_str!("tools.rs")]
#[tool]
fn documented() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    Ok(())
}

/// Not compiled.
#[tool]
#[cfg(any())]
fn absent(_x: DoesNotExist) {}

mod inner {
    /// Inside.
    #[hms_webhook::tool]
    pub(crate) fn inside() {}
}

fn main() {
    let listed = tools![lookup_order, blocking, nothing, own, r#type, documented, inner::inside];
    assert_eq!(listed.len(), 7);
    assert_eq!(<r#type as Tool>::NAME, "type");
    assert_eq!(lookup_order::NAME, "lookup-order");

    /// In a function.
    #[tool]
    fn local() -> u8 {
        3
    }
    let _ = (tools![local], local());
}
