//! The program whose metrics and spans are looked at: handlers that end in every way.

use std::time::Duration;

use hms_webhook::{
    App, AssistantReply, AssistantRequest, Call, Deadline, EndOfCallReport, StatusUpdate, ToolError, UnknownEvent,
    assistant_request, end_of_call_report, event, status_update, tool,
};
use tracing::{Instrument, info, info_span};

/// Answer.
#[tool]
async fn good() -> &'static str {
    "hello"
}

/// Never answer.
#[tool(deadline = "50ms")]
async fn slow() {
    std::future::pending::<()>().await;
}

/// Panic.
#[tool]
async fn panics() {
    panic!("as it is meant to");
}

/// Tell something.
#[tool]
async fn tells() -> Result<(), ToolError> {
    Err(ToolError::tell("no"))
}

/// Fail.
#[tool]
async fn fails() -> Result<(), ToolError> {
    Err(ToolError::internal("no network"))
}

/// Take a number.
#[tool]
async fn takes(
    /** A number. */
    number: u8,
) -> u8 {
    number
}

/// Take two texts, one of which may be seen.
#[tool]
async fn marked(
    /** May be seen. */
    #[arg(record)]
    article: String,
    /** May not. */
    remark: String,
) -> usize {
    article.len() + remark.len()
}

/// Say which headers a request to elsewhere would have.
#[tool]
async fn headers(call: &Call) -> Vec<String> {
    headers_of(call)
}

/// The same, where it may block.
#[tool]
fn headers_on_a_thread(call: &Call) -> Vec<String> {
    headers_of(call)
}

fn headers_of(call: &Call) -> Vec<String> {
    let Some(trace) = call.trace_context() else { return Vec::new() };
    [Some(trace.traceparent()), trace.tracestate().map(str::to_owned)].into_iter().flatten().collect()
}

/// Log in every way.
#[tool]
async fn logs() {
    info!("itself");
    tokio::task::yield_now().await;
    info!("in its second turn");
    info_span!("within").in_scope(|| info!("in a span of its own"));
    let elsewhere = async { info!("in a task of its own") };
    let _ = tokio::spawn(elsewhere.in_current_span()).await;
    info!("at the end");
}

/// Log where it may block.
#[tool]
fn logs_on_a_thread() {
    info!("on a thread");
}

/// Take its time, and do nothing else meanwhile.
#[tool(concurrency = 1, deadline = "1500ms")]
async fn takes_its_time() {
    tokio::time::sleep(Duration::from_millis(600)).await;
}

/// Go on after the deadline.
#[tool(deadline = "50ms", after_deadline = "finish")]
async fn goes_on() {
    tokio::time::sleep(Duration::from_millis(200)).await;
}

/// End in the very moment of the deadline.
#[tool(deadline = "50ms", after_deadline = "finish")]
async fn ends_at_its_deadline(deadline: &Deadline) {
    match deadline.instant() {
        Some(instant) => tokio::time::sleep_until(instant).await,
        None => unreachable!("somebody waits"),
    }
}

/// Do something later.
#[tool(background, tries = 1)]
async fn later(
    /** May be seen. */
    #[arg(record)]
    article: String,
) -> Result<(), ToolError> {
    Err(ToolError::internal(format!("nobody has {}", article.len())))
}

#[assistant_request(concurrency = 1)]
async fn answer(request: AssistantRequest) -> AssistantReply {
    match request.customer_number() {
        Some("+31600000001") => std::future::pending().await,
        Some("+31600000002") => panic!("as it is meant to"),
        _ => AssistantReply::saved(),
    }
}

#[end_of_call_report(tries = 2, first_retry = "100ms")]
async fn file(_report: EndOfCallReport) -> Result<(), ToolError> {
    Err(ToolError::internal("the shelf is full"))
}

#[status_update]
async fn note(_update: StatusUpdate) {}

#[event("line-is-bad")]
async fn line(_event: UnknownEvent) {}

#[event("stuck")]
async fn never_ends(_event: UnknownEvent) {
    std::future::pending().await
}

#[tokio::main]
async fn main() -> hms_webhook::Result<()> {
    let app = App::discover().tool_secret("good", "the secret of one tool");
    let app = app.assistant_request_budget(Duration::from_millis(700));
    let app = if std::env::var_os("OBSERVED_TAKES_UNSIGNED").is_some() { app.allow_unsigned() } else { app };
    let small = std::env::var_os("OBSERVED_IS_SMALL").is_some();
    let app = app.limits(|limits| {
        if small {
            (limits.body, limits.bodies, limits.requests) = (20_000, 30_000, 2);
            limits.body_time = Duration::from_millis(6000);
        }
    });
    app.run().await
}
