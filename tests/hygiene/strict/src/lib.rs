//! The strictest lints: nothing generated may set one off.

#![forbid(unsafe_code)]
#![deny(warnings, missing_docs, missing_debug_implementations, unreachable_pub, unused_qualifications)]
#![deny(rust_2018_idioms, let_underscore_drop, single_use_lifetimes, unused_results, trivial_casts)]
#![deny(clippy::all, clippy::pedantic, clippy::nursery)]

use hms_webhook::{AssistantReply, AssistantRequest, Call, Deadline, EndOfCallReport, StatusUpdate, ToolError, UnknownEvent};
use hms_webhook::{assistant_request, end_of_call_report, event, status_update, tool};

/// Looks up an order.
///
/// # Errors
/// When there is none.
#[tool("lookup", deadline = "2.5s", after_deadline = "finish", message = "One moment", url = "https://example.com")]
pub async fn lookup_order(
    /// How many lines.
    #[arg(range = 1..=9, default = 3, example = 4)]
    lines: u32,
    /// The number.
    #[arg(length = 1..=9, example = "A-1", default = "A-2", pattern = "^A", strict)]
    id: String,
    #[arg(default)] more: Option<bool>,
    #[arg(default = Vec::new())] list: Vec<String>,
    #[arg(range = -0.5..1.0)] share: f64,
    call: &Call,
    deadline: &Deadline,
) -> Result<u32, ToolError> {
    let _ready = std::future::ready((id, more, list, share, call, deadline.remaining())).await;
    Ok(lines)
}

/// Waits.
#[tool(background, response = "done")]
pub async fn nothing() {
    let _ready = std::future::ready(()).await;
}

/// Blocks, and takes its argument by value because it must.
#[tool]
#[must_use]
pub fn length(text: String) -> usize {
    text.len()
}

/// Is still there.
#[tool]
#[deprecated]
fn old() {}

/// Answers.
///
/// # Errors
/// Always.
#[assistant_request]
pub async fn greet(request: AssistantRequest, call: &Call) -> Result<AssistantReply, std::io::Error> {
    let _ready = std::future::ready((request, call.deadline())).await;
    Err(std::io::ErrorKind::Other.into())
}

/// Notes.
#[status_update]
pub fn note(update: StatusUpdate) {
    let _text = format!("{update:?}");
}

/// Files.
///
/// # Errors
/// Never.
#[end_of_call_report]
pub async fn report(report: EndOfCallReport) -> Result<(), std::io::Error> {
    let _ready = std::future::ready(report).await;
    Ok(())
}

/// Listens.
#[event("transcript")]
pub async fn transcript(event: UnknownEvent) {
    let _ready = std::future::ready(event).await;
}
