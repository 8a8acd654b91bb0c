//! The trace that a delivery belongs to, and what a handler hands on of it.

use hms_webhook::{App, Call, EndOfCallReport, TraceContext, end_of_call_report, handlers, tool, tools};
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use crate::support::{SECRET, Server, message, now, request_with, signature_headers, tool_calls};

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// Say which headers a request to elsewhere would have.
#[tool]
async fn headers(call: &Call) -> Vec<String> {
    headers_of(call)
}

fn headers_of(call: &Call) -> Vec<String> {
    let Some(trace) = call.trace_context() else { return Vec::new() };
    [Some(trace.traceparent()), trace.tracestate().map(str::to_owned)].into_iter().flatten().collect()
}

/// What the tool hands on of `more` headers, which are not signed, beside those that are.
async fn handed_on(server: &Server, more: &str) -> Value {
    let body = tool_calls(&[("headers", "{}")]);
    let headers = signature_headers(SECRET, &now().to_string(), body.as_bytes());
    let answer = server.exchange(request_with(&format!("{headers}{more}"), body.as_bytes())).await;
    answer.result()["result"].clone()
}

#[tokio::test]
async fn a_handler_hands_on_what_the_delivery_said() {
    let server = Server::start(App::new().tools(tools![headers])).await;
    for (sent, expected) in [
        (String::new(), json!([])),
        (format!("traceparent: {PARENT}\r\n"), json!([PARENT])),
        (format!("Traceparent: {PARENT}\r\ntracestate: a=1\r\nTracestate: b=2\r\n"), json!([PARENT, "a=1,b=2"])),
        (format!("traceparent: {PARENT}\r\ntracestate: a=1,a=2\r\n"), json!([PARENT])),
        (format!("traceparent: {PARENT}\r\ntraceparent: {PARENT}\r\n"), json!([])),
        (format!("traceparent: {}\r\ntracestate: a=1\r\n", PARENT.to_uppercase()), json!([])),
        ("tracestate: a=1\r\n".into(), json!([])),
    ] {
        assert_eq!(handed_on(&server, &sent).await, expected, "{sent}");
    }
}

#[tokio::test]
async fn a_test_gives_a_call_a_trace() {
    let trace = TraceContext::parse(PARENT).unwrap();
    assert_eq!(headers(&Call::example("c-1").with_trace_context(trace)).await, [PARENT]);
}

#[end_of_call_report]
async fn file(_report: EndOfCallReport, call: &Call, filed: &UnboundedSender<Vec<String>>) {
    filed.send(headers_of(call)).unwrap();
}

/// Tell those who wait for it.
#[tool(background)]
async fn later(call: &Call, told: &UnboundedSender<Vec<String>>) {
    told.send(headers_of(call)).unwrap();
}

#[tokio::test]
async fn what_is_handled_later_belongs_to_its_deliverys_trace() {
    let (sender, mut handed_on) = unbounded_channel::<Vec<String>>();
    let app = App::new().tools(tools![later]).handlers(handlers![file]).state(sender);
    let server = Server::start(app).await;
    for body in [tool_calls(&[("later", "{}")]), message("end-of-call-report", "")] {
        let headers = signature_headers(SECRET, &now().to_string(), body.as_bytes());
        let headers = format!("{headers}traceparent: {PARENT}\r\ntracestate: a=1,b=2\r\n");
        assert_eq!(server.exchange(request_with(&headers, body.as_bytes())).await.status, 200);
        assert_eq!(handed_on.recv().await.unwrap(), [PARENT, "a=1,b=2"]);
    }
}
