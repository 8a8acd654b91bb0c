//! What a collector of OpenTelemetry gets: a stand-in for one that reads what was sent as any collector would.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{KeyValue, any_value::Value},
    trace::v1::Span,
};
use prost::Message;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::{
    Program, command, free_address,
    support::{Connection, SECRET, message, now, request_with, signature_headers, signed_request, tool_calls},
};

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const NOT_SAMPLED: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
const TRACE_ID: &str = "0af7651916cd43dd8448eb211c80319c";

/// A collector that notes the bodies of what it is sent, and answers with `status`.
#[derive(Clone)]
struct Collector {
    endpoint: String,
    bodies: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Collector {
    async fn start(status: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let bodies = Arc::<Mutex<Vec<_>>>::default();
        let kept = bodies.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(collect(stream, status, kept.clone()));
            }
        });
        Self { endpoint, bodies }
    }

    /// All that was sent: whole requests, in bytes.
    fn bytes(&self) -> Vec<u8> {
        self.bodies.lock().unwrap().concat()
    }

    fn requests(&self) -> Vec<ExportTraceServiceRequest> {
        let bodies = self.bodies.lock().unwrap();
        bodies.iter().map(|body| ExportTraceServiceRequest::decode(body.as_slice()).unwrap()).collect()
    }

    fn spans(&self) -> Vec<Span> {
        let resources = self.requests().into_iter().flat_map(|request| request.resource_spans);
        resources.flat_map(|resource| resource.scope_spans).flat_map(|scope| scope.spans).collect()
    }
}

async fn collect(mut stream: TcpStream, status: &str, bodies: Arc<Mutex<Vec<Vec<u8>>>>) {
    let mut read = Vec::new();
    loop {
        let Some(head_end) = read.windows(4).position(|window| window == b"\r\n\r\n") else {
            if stream.read_buf(&mut read).await.unwrap_or(0) == 0 {
                return;
            }
            continue;
        };
        let head = String::from_utf8(read.drain(..head_end + 4).collect()).unwrap().to_lowercase();
        assert!(head.starts_with("post /v1/traces http/1.1\r\n"), "{head}");
        assert!(head.contains("content-type: application/x-protobuf"), "{head}");
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap().parse().unwrap();
        while read.len() < length {
            assert_ne!(stream.read_buf(&mut read).await.unwrap(), 0, "half a request");
        }
        bodies.lock().unwrap().push(read.drain(..length).collect());
        let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
        stream.write_all(answer.as_bytes()).await.unwrap();
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Attributes as text, in the order of their names.
fn attributes(attributes: &[KeyValue]) -> Vec<(String, String)> {
    let text = |attribute: &KeyValue| match attribute.value.clone().unwrap().value.unwrap() {
        Value::StringValue(text) => text,
        Value::IntValue(number) => number.to_string(),
        other => panic!("{other:?}"),
    };
    let mut attributes: Vec<_> = attributes.iter().map(|one| (one.key.clone(), text(one))).collect();
    attributes.sort();
    attributes
}

fn attribute(span: &Span, name: &str) -> Option<String> {
    attributes(&span.attributes).into_iter().find(|(key, _)| key == name).map(|(_, value)| value)
}

/// The spans of this name and value of an attribute.
fn found<'a>(spans: &'a [Span], name: &str, key: &str, value: &str) -> Vec<&'a Span> {
    spans.iter().filter(|span| span.name == name && attribute(span, key).as_deref() == Some(value)).collect()
}

fn traced(parent: &str, body: &str) -> Vec<u8> {
    let headers = signature_headers(SECRET, &now().to_string(), body.as_bytes());
    request_with(&format!("{headers}traceparent: {parent}\r\ntracestate: a=1\r\n"), body.as_bytes())
}

impl Program {
    async fn exporting_to(collector: &Collector) -> Self {
        // The hour shows that what is waiting at the end is sent.
        let hour = ("OTEL_BSP_SCHEDULE_DELAY", "3600000");
        Self::start_with(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.endpoint), hour]).await
    }

    async fn result(&self, request: Vec<u8>) -> serde_json::Value {
        let mut connection = Connection::to(self.webhook).await;
        connection.send(request).await;
        connection.answer().await.result()["result"].clone()
    }

    /// Tells it to stop, and waits until it has.
    async fn stop(&mut self) {
        let id = self.child.id().to_string();
        assert!(std::process::Command::new("kill").args(["-s", "TERM", &id]).status().unwrap().success());
        for _ in 0..800 {
            if let Some(status) = self.child.try_wait().unwrap() {
                assert!(status.success(), "{status}");
                return;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("it does not stop");
    }
}

#[tokio::test]
async fn a_delivery_and_its_tools_are_a_part_of_the_callers_trace() {
    let collector = Collector::start("200 OK").await;
    let mut program = Program::exporting_to(&collector).await;
    let body = tool_calls(&[("marked", r#"{"article":"A-1042","remark":"never-seen"}"#), ("slow", "{}")]);
    assert_eq!(program.send(traced(PARENT, &body)).await, 200);
    program.stop().await;

    let spans = collector.spans();
    let [delivery] = found(&spans, "delivery", "event", "tool-calls")[..] else { panic!("{spans:#?}") };
    assert_eq!(hexadecimal(&delivery.trace_id), TRACE_ID);
    assert_eq!(hexadecimal(&delivery.parent_span_id), "b7ad6b7169203331");
    assert_eq!(delivery.trace_state, "a=1");
    assert_eq!(attribute(delivery, "call").as_deref(), Some("c-1"));

    let [marked] = found(&spans, "tool", "name", "marked")[..] else { panic!("{spans:#?}") };
    let [slow] = found(&spans, "tool", "name", "slow")[..] else { panic!("{spans:#?}") };
    for tool in [marked, slow] {
        assert_eq!(tool.trace_id, delivery.trace_id);
        assert_eq!(tool.parent_span_id, delivery.span_id);
        assert!(tool.start_time_unix_nano >= delivery.start_time_unix_nano);
    }
    let names: Vec<_> = attributes(&marked.attributes).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["arguments", "call", "name", "outcome", "tool_call_id"]);
    assert_eq!(attribute(marked, "arguments").as_deref(), Some(r#"{"article":"A-1042"}"#));
    assert_eq!(attribute(marked, "outcome").as_deref(), Some("answered"));
    assert_eq!(marked.status.clone().unwrap_or_default().code, 0);
    assert_eq!(attribute(slow, "outcome").as_deref(), Some("late"));
    assert_eq!(slow.status.clone().unwrap().code, 2, "an error");

    let resource = collector.requests()[0].resource_spans[0].resource.clone().unwrap();
    let resource = attributes(&resource.attributes);
    assert!(resource.contains(&("service.name".into(), "observed".into())), "{resource:?}");
}

#[tokio::test]
async fn what_is_handled_later_is_a_part_of_its_deliverys_trace() {
    let collector = Collector::start("200 OK").await;
    let mut program = Program::exporting_to(&collector).await;
    assert_eq!(program.send(traced(PARENT, &message("end-of-call-report", ""))).await, 200);
    assert_eq!(program.send(traced(PARENT, &tool_calls(&[("later", r#"{"article":"A-1042"}"#)]))).await, 200);
    program.scrape(r#"hms_webhook_events_total{event="end-of-call-report",outcome="failed"} 1"#).await;
    program.scrape(r#"hms_webhook_events_total{event="tool-calls",outcome="dead"} 1"#).await;
    program.stop().await;

    let spans = collector.spans();
    let [report] = found(&spans, "delivery", "event", "end-of-call-report")[..] else { panic!("{spans:#?}") };
    let [call] = found(&spans, "tool", "name", "later")[..] else { panic!("{spans:#?}") };
    for (name, parent) in [("file", report), ("later", call)] {
        let handler = found(&spans, "handler", "name", name)[0];
        assert_eq!(hexadecimal(&handler.trace_id), TRACE_ID);
        assert_eq!(handler.parent_span_id, parent.span_id);
        assert_eq!(handler.trace_state, "a=1");
    }
}

#[tokio::test]
async fn nothing_that_was_said_is_exported() {
    let collector = Collector::start("200 OK").await;
    let mut program = Program::exporting_to(&collector).await;
    let body = tool_calls(&[
        ("marked", r#"{"article":"A-1042","remark":"never-seen"}"#),
        ("takes", r#"{"number":"never-seen"}"#),
        ("later", r#"{"article":"seen-later"}"#),
        ("tells", "{}"),
        ("fails", "{}"),
        ("never-known", "{}"),
    ]);
    let signed = signed_request(body.as_bytes());
    let signature = String::from_utf8_lossy(&signed).split_once("sha256=").unwrap().1[..64].to_owned();
    assert_eq!(program.send(signed).await, 200);
    let caller = r#","customer":{"number":"+31612000111"}"#;
    program.deliver(&message("assistant-request", caller)).await;
    assert_eq!(program.send(request_with("X-Webhook-Signature: never-right\r\n", b"never-signed")).await, 401);
    program.scrape(r#"hms_webhook_events_total{event="tool-calls",outcome="dead"} 1"#).await;
    program.stop().await;

    let spans = collector.spans();
    let [later] = found(&spans, "handler", "name", "later")[..] else { panic!("{spans:#?}") };
    assert_eq!(attribute(later, "arguments").as_deref(), Some(r#"{"article":"seen-later"}"#));
    assert_eq!(attribute(later, "outcome").as_deref(), Some("dead"));
    assert_eq!(found(&spans, "assistant-request", "outcome", "answered").len(), 1);
    assert_eq!(found(&spans, "tool", "outcome", "arguments").len(), 1);
    assert!(spans.iter().all(|span| span.events.is_empty()), "lines of the log are no part of it");
    let sent = collector.bytes();
    for hidden in ["never-", SECRET, &signature, "+31612000111", "no network", "nobody has"] {
        assert!(!sent.windows(hidden.len()).any(|window| window == hidden.as_bytes()), "{hidden} was exported");
    }
}

#[tokio::test]
async fn a_handler_hands_on_its_own_span() {
    let collector = Collector::start("200 OK").await;
    let mut program = Program::exporting_to(&collector).await;
    let mut handed_on = Vec::new();
    for tool in ["headers", "headers_on_a_thread"] {
        let headers = program.result(traced(PARENT, &tool_calls(&[(tool, "{}")]))).await;
        assert_eq!(headers[1], "a=1");
        handed_on.push((tool, headers[0].as_str().unwrap().to_owned()));
    }
    let begun = program.result(signed_request(tool_calls(&[("headers", "{}")]).as_bytes())).await;
    let begun = begun[0].as_str().unwrap().to_owned();
    assert!(begun.ends_with("-01") && !begun.contains(TRACE_ID), "a new trace: {begun}");
    let unseen = program.result(traced(NOT_SAMPLED, &tool_calls(&[("headers", "{}")]))).await;
    let unseen = unseen[0].as_str().unwrap().to_owned();
    assert!(unseen.ends_with("-00") && unseen.contains(TRACE_ID), "the sender's choice: {unseen}");
    program.stop().await;

    let spans = collector.spans();
    let parent = |span: &Span| format!("00-{}-{}-01", hexadecimal(&span.trace_id), hexadecimal(&span.span_id));
    for (tool, handed_on) in handed_on {
        let tools = found(&spans, "tool", "name", tool);
        assert!(tools.iter().any(|span| parent(span) == handed_on), "{tool} handed on {handed_on}: {spans:#?}");
        assert!(handed_on.contains(TRACE_ID));
    }
    assert!(spans.iter().any(|span| span.name == "tool" && parent(span) == begun), "{begun}");
    assert!(!spans.iter().any(|span| hexadecimal(&span.span_id) == unseen[36..52]), "{unseen}");
}

#[tokio::test]
async fn a_strangers_trace_is_not_joined() {
    let collector = Collector::start("200 OK").await;
    let mut program = Program::exporting_to(&collector).await;
    let body = tool_calls(&[("good", "{}")]);
    assert_eq!(program.send(request_with(&format!("traceparent: {PARENT}\r\n"), body.as_bytes())).await, 401);
    program.stop().await;
    let spans = collector.spans();
    assert!(spans.iter().any(|span| span.name == "delivery"), "{spans:#?}");
    assert!(spans.iter().all(|span| hexadecimal(&span.trace_id) != TRACE_ID), "{spans:#?}");
}

#[tokio::test]
async fn a_collector_that_fails_harms_nobody() {
    let collector = Collector::start("500 Internal Server Error").await;
    let mut program = Program::exporting_to(&collector).await;
    program.deliver(&tool_calls(&[("good", "{}")])).await;
    program.stop().await;
    assert!(!collector.spans().is_empty());
}

#[tokio::test]
async fn without_an_endpoint_nothing_is_exported() {
    let program = Program::start_with(&[("OTEL_SERVICE_NAME", "observed")]).await;
    let headers = program.result(traced(PARENT, &tool_calls(&[("headers", "{}")]))).await;
    assert_eq!(headers, serde_json::json!([PARENT, "a=1"]), "what was sent");
}

#[test]
fn what_cannot_be_exported_to_is_said_at_the_start() {
    for (name, value, said) in [
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "by the protocol `grpc`"),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "::", "spans cannot be exported"),
    ] {
        let mut command = command(free_address());
        command.env("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9").env(name, value);
        let output = command.output().unwrap();
        let written = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && written.contains(said), "{written}");
    }
}
