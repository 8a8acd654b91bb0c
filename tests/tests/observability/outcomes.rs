//! Every word that the page lists for an outcome or a reason is counted where it happens.

use std::{collections::BTreeSet, time::Duration};

use crate::{
    PAGE, Program,
    support::{Connection, PATH, SECRET, message, now, request_with, signature_headers, signed_request, tool_calls},
};

/// The words of a label that a test of this program has made happen, by the beginning of their line on the page.
const TESTED: &[(&str, &[&str])] = &[
    (
        "- `outcome` of a tool call:",
        &["answered", "told", "arguments", "failed", "panicked", "late", "repeated", "refused"],
    ),
    ("- `outcome` of an assistant-request:", &["answered", "fallback", "refused"]),
    ("- `outcome` of an event:", &["handled", "failed", "dead"]),
    (
        "- `reason` of a refusal of a signature:",
        &[
            "no-signature",
            "no-timestamp",
            "duplicated-header",
            "malformed-signature",
            "malformed-timestamp",
            "too-old",
            "in-the-future",
            "wrong-signature",
            "wrong-tool",
        ],
    ),
    (
        "- `reason` of any other:",
        &[
            "not-found",
            "method-not-allowed",
            "body-too-large",
            "body-timed-out",
            "body-too-slow",
            "body-encoded",
            "body-broken",
            "bodies-full",
            "bad-request",
            "foreign-network",
            "too-deep",
            "malformed",
            "overloaded",
            "not-kept",
            "busy",
            "shutting-down",
        ],
    ),
];

/// The tested words of the line of the page that begins like this.
pub(crate) fn words(start: &str) -> Vec<&'static str> {
    TESTED.iter().find(|(known, _)| *known == start).unwrap().1.to_vec()
}

#[test]
fn every_word_of_the_page_is_tested() {
    for (start, tested) in TESTED {
        let line = PAGE.lines().find_map(|line| line.strip_prefix(start)).unwrap_or_else(|| panic!("{start}"));
        let words: BTreeSet<_> = line.split('`').skip(1).step_by(2).filter(|word| !word.contains("::")).collect();
        assert_eq!(words, tested.iter().copied().collect(), "{start}");
    }
}

impl Program {
    async fn connected(&self, request: impl AsRef<[u8]>) -> Connection {
        let mut connection = Connection::to(self.webhook).await;
        connection.send(request).await;
        connection
    }

    async fn is_refused(&self, request: impl AsRef<[u8]>, status: u16, reason: &str) {
        assert_eq!(self.send(request).await, status, "{reason}");
        self.has_refused(reason).await;
    }

    /// Waits until one request was refused for `reason`.
    async fn has_refused(&self, reason: &str) {
        self.scrape(&format!(r#"hms_webhook_refusals_total{{reason="{reason}"}} 1"#)).await;
    }

    /// Waits until as many requests are being answered.
    async fn answers(&self, requests: usize) {
        self.scrape(&format!("hms_webhook_requests_in_flight {requests}")).await;
    }
}

fn head(fields: &str) -> String {
    format!("POST {PATH} HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n")
}

fn signed_with(secret: &str, body: &str) -> Vec<u8> {
    request_with(&signature_headers(secret, &now().to_string(), body.as_bytes()), body.as_bytes())
}

#[tokio::test]
async fn a_busy_tool_is_refused_and_its_request_was_busy() {
    let program = Program::start().await;
    let call = || signed_request(tool_calls(&[("takes_its_time", "{}")]).as_bytes());
    // From here on it is known how long it takes.
    assert_eq!(program.send(call()).await, 200);
    let _running = program.connected(call()).await;
    program.answers(1).await;
    let _waiting = program.connected(call()).await;
    program.answers(2).await;
    assert_eq!(program.send(call()).await, 503);
    program.scrape(r#"hms_webhook_tool_calls_total{tool="takes_its_time",outcome="refused"} 1"#).await;
    program.has_refused("busy").await;
    program.scrape(r#"hms_webhook_deliveries_total{event="tool-calls",key="current",status="503"} 1"#).await;
}

#[tokio::test]
async fn an_assistant_request_is_answered_falls_back_or_is_refused() {
    let program = Program::start().await;
    let from = |number: &str| message("assistant-request", &format!(r#","customer":{{"number":"{number}"}}"#));
    program.deliver(&from("+31600000001")).await;
    program.scrape(r#"hms_webhook_assistant_requests_total{outcome="fallback"} 1"#).await;
    // It is known by now to take long.
    let _waiting = program.connected(signed_request(from("+31600000001").as_bytes())).await;
    program.answers(1).await;
    program.is_refused(signed_request(from("+31600000003").as_bytes()), 503, "busy").await;
    program.scrape(r#"hms_webhook_assistant_requests_total{outcome="refused"} 1"#).await;
    program.answers(0).await;
    program.deliver(&from("+31600000002")).await;
    program.scrape(r#"hms_webhook_assistant_requests_total{outcome="fallback"} 3"#).await;
    program.deliver(&from("+31600000003")).await;
    program.scrape(r#"hms_webhook_assistant_requests_total{outcome="answered"} 1"#).await;
}

#[tokio::test]
async fn what_ends_in_the_moment_of_its_deadline_is_counted_once() {
    let program = Program::start().await;
    // Which of the two notices the moment first is a matter of chance.
    for _ in 0..30 {
        program.deliver(&tool_calls(&[("ends_at_its_deadline", "{}")])).await;
    }
    // What nobody waits for any more has ended as well.
    tokio::time::sleep(Duration::from_millis(200)).await;
    program.deliver(&tool_calls(&[("good", "{}")])).await;
    let text = program.scrape(r#"hms_webhook_tool_calls_total{tool="good",outcome="answered"} 1"#).await;
    let of_the_tool = |line: &&str| line.starts_with(r#"hms_webhook_tool_calls_total{tool="ends_at_its_deadline""#);
    let counts = text.lines().filter(of_the_tool).filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok());
    assert_eq!(counts.sum::<u64>(), 30, "{text}");
}

#[tokio::test]
async fn what_goes_on_after_its_deadline_is_late_once() {
    let program = Program::start().await;
    program.deliver(&tool_calls(&[("goes_on", "{}")])).await;
    let call = tool_calls(&[("good", "{}")]);
    tokio::time::sleep(Duration::from_millis(400)).await;
    program.deliver(&call).await;
    let text = program.scrape(r#"hms_webhook_tool_calls_total{tool="good",outcome="answered"} 1"#).await;
    let of_it: Vec<_> = text.lines().filter(|line| line.contains(r#"total{tool="goes_on""#)).collect();
    assert_eq!(of_it, [r#"hms_webhook_tool_calls_total{tool="goes_on",outcome="late"} 1"#]);
}

#[tokio::test]
async fn an_event_fails_and_is_dead_in_the_end() {
    let program = Program::start().await;
    program.deliver(&message("end-of-call-report", "")).await;
    program.scrape(r#"hms_webhook_events_total{event="end-of-call-report",outcome="failed"} 1"#).await;
    program.scrape(r#"hms_webhook_events_total{event="end-of-call-report",outcome="dead"} 1"#).await;
    program.deliver(&tool_calls(&[("later", r#"{"article":"A-1042"}"#)])).await;
    program.scrape(r#"hms_webhook_events_total{event="tool-calls",outcome="dead"} 1"#).await;
}

#[tokio::test]
async fn deliveries_are_counted_by_key() {
    let settings = [("HMS_WEBHOOK_SECRET_PREVIOUS", "the one before"), ("OBSERVED_TAKES_UNSIGNED", "1")];
    let program = Program::start_with(&settings).await;
    let call = || tool_calls(&[("good", "{}")]);
    for (request, key) in [
        (signed_with(SECRET, &call()), "current"),
        (signed_with("the one before", &call()), "previous"),
        (signed_with("the secret of one tool", &call()), "tool good"),
        (request_with("", call().as_bytes()), "none"),
    ] {
        assert_eq!(program.send(request).await, 200, "{key}");
        let line = format!(r#"hms_webhook_deliveries_total{{event="tool-calls",key="{key}",status="200"}} 1"#);
        program.scrape(&line).await;
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_signature_is_counted() {
    let program = Program::start().await;
    let signed = signature_headers(SECRET, &now().to_string(), b"{}");
    let (timestamp, signature) = signed.split_once("\r\n").unwrap();
    program.is_refused(request_with(signature, b"{}"), 401, "no-timestamp").await;
    let twice = format!("{signed}{timestamp}\r\n");
    program.is_refused(request_with(&twice, b"{}"), 401, "duplicated-header").await;
    let other = tool_calls(&[("slow", "{}")]);
    program.is_refused(signed_with("the secret of one tool", &other), 401, "wrong-tool").await;
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_counted() {
    let program = Program::start_with(&[("OBSERVED_IS_SMALL", "1")]).await;
    program.is_refused(head("Content-Length: 20001\r\n"), 413, "body-too-large").await;
    program.is_refused(head("Content-Length: 9\r\nContent-Encoding: gzip\r\n"), 415, "body-encoded").await;
    let deep = message("status-update", &format!(r#","note":{}{}"#, "[".repeat(100), "]".repeat(100)));
    program.is_refused(signed_request(deep.as_bytes()), 400, "too-deep").await;
    program.is_refused("POST /a HTTP/1.1\r\nHost: a\r\nHost: b\r\nContent-Length: 0\r\n\r\n", 400, "bad-request").await;
    drop(program.connected(head("Content-Length: 9\r\n") + "{}").await);
    program.has_refused("body-broken").await;
    program.is_refused(signed_request(b"[]"), 400, "malformed").await;

    // Three quarters of the budget are for bodies of this size, and one of them holds most of it.
    let mut slow = program.connected(head("Content-Length: 20000\r\n") + &" ".repeat(15_000)).await;
    program.answers(1).await;
    loop {
        let padded = message("status-update", "") + &" ".repeat(17_000);
        match program.send(signed_request(padded.as_bytes())).await {
            503 => break,
            other => assert_eq!(other, 200, "as long as what is sent slowly is not there"),
        }
    }
    program.has_refused("bodies-full").await;
    let mut slower = program.connected(head("Content-Length: 9\r\n") + "{}").await;
    assert_eq!((slower.answer().await.status, slow.answer().await.status), (408, 408));
    program.has_refused("body-too-slow").await;
    program.has_refused("body-timed-out").await;
}

#[tokio::test]
async fn more_requests_than_there_is_room_for_are_counted() {
    let mut program = Program::start_with(&[("OBSERVED_IS_SMALL", "1")]).await;
    let call = || signed_request(tool_calls(&[("takes_its_time", "{}")]).as_bytes());
    let mut waiting = [program.connected(call()).await, program.connected(call()).await];
    program.answers(2).await;
    program.is_refused(call(), 503, "overloaded").await;
    for connection in &mut waiting {
        assert_eq!(connection.answer().await.status, 200);
    }
    let _ = program.child.kill();
}

#[tokio::test]
async fn a_foreign_network_is_counted() {
    let allowed = ("HMS_WEBHOOK_ALLOWED_NETWORKS", "203.0.113.0/24");
    // The connection by which it was seen that the program listens.
    Program::start_with(&[allowed]).await.has_refused("foreign-network").await;
    let program = Program::start_with(&[allowed, ("HMS_WEBHOOK_TRUSTED_PROXIES", "127.0.0.1")]).await;
    program.is_refused(head("Content-Length: 0\r\n"), 403, "foreign-network").await;
}

#[tokio::test]
async fn an_event_that_cannot_be_kept_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("events.sqlite3");
    let store = format!("sqlite:{}", file.display());
    let program = Program::start_with(&[("HMS_WEBHOOK_STORE", &store)]).await;
    program.deliver(&message("status-update", "")).await;
    rusqlite::Connection::open(&file).unwrap().execute_batch("DROP TABLE jobs").unwrap();
    program.is_refused(signed_request(message("end-of-call-report", "").as_bytes()), 503, "not-kept").await;
    let status = r#"hms_webhook_deliveries_total{event="end-of-call-report",key="current",status="503"} 1"#;
    program.scrape(status).await;
}

#[tokio::test]
async fn what_comes_to_a_server_that_stops_is_counted() {
    let program = Program::start().await;
    let call = || signed_request(tool_calls(&[("takes_its_time", "{}")]).as_bytes());
    let last = call();
    let (begin, end) = last.split_at(20);
    let mut open = program.connected(begin).await;
    let _busy = program.connected(call()).await;
    program.answers(1).await;
    let id = program.child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-s", "TERM", &id]).status().unwrap().success());
    while tokio::net::TcpStream::connect(program.webhook).await.is_ok() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    open.send(end).await;
    assert_eq!(open.answer().await.status, 503);
    program.has_refused("shutting-down").await;
}
