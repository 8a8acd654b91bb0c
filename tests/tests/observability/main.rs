//! What Prometheus and a collector of spans see of a server, and that the page, the dashboard and the alerts speak of
//! just that.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../behaviour/support.rs"]
#[allow(dead_code, reason = "each test program uses a part of it")]
mod support;

mod lines;
mod log;
mod outcomes;
mod queue;
mod rules;
mod spans;
mod traces;

use std::{
    collections::BTreeSet,
    net::{SocketAddr, TcpListener},
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

use support::{Connection, PATH, SECRET, message, now, request_with, signature_headers, signed_request, tool_calls};

const PAGE: &str = include_str!("../../../docs/observability.md");
const DASHBOARD: &str = include_str!("../../../docs/observability/dashboard.json");
const ALERTS: &str = include_str!("../../../docs/observability/alerts.yml");

/// A program, killed with the test.
struct Program {
    child: Child,
    webhook: SocketAddr,
    metrics: SocketAddr,
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(webhook: SocketAddr) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_observed"));
    command.env("HMS_WEBHOOK_SECRET", SECRET).env("HMS_WEBHOOK_STORE", "memory");
    command.env("HMS_WEBHOOK_LISTEN", webhook.to_string()).stdin(Stdio::null());
    command
}

fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

impl Program {
    async fn start() -> Self {
        Self::start_with(&[]).await
    }

    async fn start_with(settings: &[(&str, &str)]) -> Self {
        Self::start_logging(settings, Stdio::null).await
    }

    /// With its log going to `log`.
    async fn start_logging(settings: &[(&str, &str)], log: impl Fn() -> Stdio) -> Self {
        // Something else may be given an address before the program takes it.
        for _ in 0..5 {
            if let Some(program) = Self::try_to_start(settings, log()).await {
                return program;
            }
        }
        panic!("it ends as soon as it is started");
    }

    /// `None` where it has ended before it listened.
    async fn try_to_start(settings: &[(&str, &str)], log: Stdio) -> Option<Self> {
        let (webhook, metrics) = (free_address(), free_address());
        let mut command = command(webhook);
        command.envs(settings.iter().copied());
        command.args(["serve", "--metrics", &metrics.to_string()]).stderr(log);
        let mut program = Self { child: command.spawn().unwrap(), webhook, metrics };
        let listens = async |address| tokio::net::TcpStream::connect(address).await.is_ok();
        for _ in 0..400 {
            if program.child.try_wait().unwrap().is_some() {
                return None;
            }
            if listens(webhook).await && listens(metrics).await {
                return Some(program);
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("it does not listen");
    }

    async fn send(&self, request: impl AsRef<[u8]>) -> u16 {
        let mut connection = Connection::to(self.webhook).await;
        connection.send(request).await;
        connection.answer().await.status
    }

    async fn deliver(&self, body: &str) {
        assert_eq!(self.send(signed_request(body.as_bytes())).await, 200);
    }

    /// What Prometheus would read, once it has a line `awaited`. Of the store, that takes up to ten seconds.
    async fn scrape(&self, awaited: &str) -> String {
        let mut last = String::new();
        for _ in 0..1200 {
            let mut connection = Connection::to(self.metrics).await;
            connection.send("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
            let text = connection.answer().await.body;
            if text.lines().any(|line| line == awaited) {
                return text;
            }
            last = text;
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("there is no line {awaited} in\n{last}");
    }

    /// Makes everything happen that is counted.
    async fn drive(&self) -> String {
        for tool in ["good", "slow", "panics", "tells", "fails"] {
            self.deliver(&tool_calls(&[(tool, "{}")])).await;
        }
        self.deliver(&tool_calls(&[("takes", r#"{"number":"+49 30 1234567"}"#)])).await;
        let twice = tool_calls(&[("good", "{}")]);
        self.deliver(&twice).await;
        self.deliver(&twice).await;
        self.deliver(&message("assistant-request", "")).await;
        self.deliver(&message("status-update", "")).await;
        self.deliver(&message("made-up-by-the-sender", "")).await;
        for (headers, body) in [
            (signature_headers("another", &now().to_string(), b"{}"), "{}"),
            (signature_headers(SECRET, &(now() - 1000).to_string(), b"{}"), "{}"),
            (signature_headers(SECRET, &(now() + 1000).to_string(), b"{}"), "{}"),
            (signature_headers(SECRET, "+1700000000", b"{}"), "{}"),
            (format!("X-Webhook-Timestamp: {}\r\nX-Webhook-Signature: sha256=00\r\n", now()), "{}"),
            (String::new(), "{}"),
        ] {
            assert_eq!(self.send(request_with(&headers, body.as_bytes())).await, 401);
        }
        assert_eq!(self.send(signed_request(b"no JSON")).await, 400);
        assert_eq!(self.send("GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n").await, 404);
        assert_eq!(self.send(format!("GET {PATH} HTTP/1.1\r\nHost: localhost\r\n\r\n")).await, 405);
        self.scrape(r#"hms_webhook_events_total{event="status-update",outcome="handled"} 1"#).await
    }
}

/// The names of metrics in a text.
fn names(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let name = |word: &str| word.trim_end_matches("_bucket").to_owned();
    words.filter(|word| word.starts_with("hms_webhook_")).map(name).collect()
}

#[tokio::test]
async fn everything_is_counted_once_under_its_own_name() {
    let program = Program::start().await;
    let text = program.drive().await;
    for line in [
        r#"hms_webhook_deliveries_total{event="tool-calls",key="current",status="200"} 8"#,
        r#"hms_webhook_deliveries_total{event="assistant-request",key="current",status="200"} 1"#,
        r#"hms_webhook_deliveries_total{event="status-update",key="current",status="200"} 1"#,
        r#"hms_webhook_deliveries_total{event="other",key="current",status="200"} 1"#,
        r#"hms_webhook_assistant_requests_total{outcome="answered"} 1"#,
        r#"hms_webhook_assistant_request_deadline_ratio_count 1"#,
        r#"hms_webhook_tool_calls_total{tool="good",outcome="answered"} 2"#,
        r#"hms_webhook_tool_calls_total{tool="good",outcome="repeated"} 1"#,
        r#"hms_webhook_tool_calls_total{tool="slow",outcome="late"} 1"#,
        r#"hms_webhook_tool_calls_total{tool="panics",outcome="panicked"} 1"#,
        r#"hms_webhook_tool_calls_total{tool="tells",outcome="told"} 1"#,
        r#"hms_webhook_tool_calls_total{tool="fails",outcome="failed"} 1"#,
        r#"hms_webhook_tool_calls_total{tool="takes",outcome="arguments"} 1"#,
        r#"hms_webhook_tool_deadline_ratio_count{tool="good"} 3"#,
        r#"hms_webhook_tool_deadline_ratio_bucket{tool="slow",le="0.9"} 0"#,
        r#"hms_webhook_tool_deadline_ratio_bucket{tool="slow",le="+Inf"} 1"#,
        r#"hms_webhook_refusals_total{reason="wrong-signature"} 1"#,
        r#"hms_webhook_refusals_total{reason="too-old"} 1"#,
        r#"hms_webhook_refusals_total{reason="in-the-future"} 1"#,
        r#"hms_webhook_refusals_total{reason="malformed-timestamp"} 1"#,
        r#"hms_webhook_refusals_total{reason="malformed-signature"} 1"#,
        r#"hms_webhook_refusals_total{reason="no-signature"} 1"#,
        r#"hms_webhook_refusals_total{reason="malformed"} 1"#,
        r#"hms_webhook_refusals_total{reason="not-found"} 1"#,
        r#"hms_webhook_refusals_total{reason="method-not-allowed"} 1"#,
        r#"hms_webhook_requests_in_flight 0"#,
        r#"hms_webhook_events_in_store{state="dead"} 0"#,
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
    }
    for secret in ["c-1", "tool_", "1234567", "made-up", SECRET] {
        let mut series = text.lines().filter(|line| !line.starts_with('#'));
        let found = series.find(|line| line.split_once('{').is_some_and(|(_, labels)| labels.contains(secret)));
        assert_eq!(found, None, "{secret} is in a label");
    }

    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next());
    let exposed: BTreeSet<String> = types.map(str::to_owned).collect();
    assert_eq!(names(PAGE), exposed, "the page");
    assert_eq!(names(DASHBOARD), exposed, "the dashboard");
    for name in &exposed {
        assert!(text.contains(&format!("# HELP {name} ")), "{name} is not described");
    }
    rules::are_of_what_is_exposed(&text);
}

fn run(metrics: &str) -> Output {
    command(free_address()).env("HMS_WEBHOOK_METRICS", metrics).output().unwrap()
}

#[test]
fn an_address_that_cannot_be_listened_on_is_said_at_the_start() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    for address in [taken.local_addr().unwrap().to_string(), "here".into()] {
        let output = run(&address);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success());
        assert!(said.contains(&format!("metrics cannot be served at `{address}`")), "{said}");
    }
}
