//! The framework as its users have it: `App::run`, with every protection and its log at `info`.
//!
//! `TOOLS` says how many tools there are besides the one that is called.

use hms_webhook::{
    __private as hidden, App, EndOfCallReport, StatusUpdate, Tool, end_of_call_report, status_update, tool,
};
use serde::Serialize;

#[derive(Serialize)]
struct OrderStatus {
    order_id: String,
    status: &'static str,
    eta_days: u32,
}

/// Look up an order.
#[tool]
async fn lookup_order(order_id: String) -> OrderStatus {
    OrderStatus { order_id, status: "shipped", eta_days: 2 }
}

/// Never answer.
#[tool(deadline = "1s")]
async fn hang(order_id: String) -> String {
    std::future::pending::<()>().await;
    order_id
}

/// What a soak sends besides tool calls.
#[status_update]
async fn note_status(_: StatusUpdate) {}

#[end_of_call_report]
async fn file_report(_: EndOfCallReport) {}

fn main() -> hms_webhook::Result<()> {
    by_hand::allocations::report();
    let others = std::env::var("TOOLS").ok().and_then(|tools| tools.parse().ok()).unwrap_or(0);
    let app = App::discover().tools((0..others).map(another)).secret(by_hand::secret()).path("/webhook");
    // Room for a thousand calls that hang at a time, and for bodies as long as those of the floors.
    by_hand::runtime().block_on(app.body_limit(by_hand::LONGEST_BODY).concurrent_requests(4096).run())
}

/// A tool as the macro writes it, but for its name.
fn another(index: usize) -> &'static hidden::ToolSpec {
    let name: &'static str = format!("lookup_order_{index}").leak();
    let location = hidden::Location { function: name, file: file!(), line: line!() };
    let run = |_| -> hidden::ToolFuture { unreachable!("it is never called") };
    Box::leak(Box::new(hidden::ToolSpec::new(name, "Another one.", location, ARGUMENTS, &[], run)))
}

const ARGUMENT: hidden::Argument<String> = hidden::Argument::<String>::new("order_id", "");
const ARGUMENTS: &[hidden::ArgumentSpec] = &[ARGUMENT.spec()];
const _: &hidden::ToolSpec = &<lookup_order as Tool>::SPEC;
