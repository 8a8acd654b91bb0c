//! What is refused before any handler runs, and how.

use std::{sync::Arc, time::Duration};

use hms_webhook::{App, tool, tools};
use serde_json::json;
use tokio::sync::Notify;

use crate::support::{PATH, SECRET, Server, message, now, request_with, signature_headers, signed_request, tool_calls};

/// Say hello.
#[tool]
async fn hello() -> &'static str {
    "hello"
}

fn app() -> App {
    App::new().tools(tools![hello])
}

#[tokio::test]
async fn whatever_is_wrong_with_a_signature_gets_the_same_401() {
    let server = Server::start(app()).await;
    let body = tool_calls(&[("hello", "{}")]);
    let body = body.as_bytes();
    let at = |timestamp: u64| signature_headers(SECRET, &timestamp.to_string(), body);
    let valid = at(now());
    let (timestamp_line, signature_line) = valid.split_once("\r\n").unwrap();
    let (timestamp_line, signature_line) = (format!("{timestamp_line}\r\n"), signature_line.to_owned());

    let mut told = Vec::new();
    for (what, headers) in [
        ("nothing", String::new()),
        ("no signature", timestamp_line.clone()),
        ("no timestamp", signature_line.clone()),
        ("an empty signature", format!("{timestamp_line}X-Webhook-Signature:\r\n")),
        ("no hexadecimal digits", format!("{timestamp_line}X-Webhook-Signature: sha256={}\r\n", "x".repeat(64))),
        ("a cut signature", format!("{timestamp_line}{}\r\n", &signature_line[..signature_line.len() - 4])),
        ("a foreign secret", signature_headers("another", &now().to_string(), body)),
        ("a signature of another time", format!("X-Webhook-Timestamp: {}\r\n{signature_line}", now() - 1)),
        ("stale", at(now() - 302)),
        ("from the future", at(now() + 303)),
        ("milliseconds", at(now() * 1000)),
        ("two signatures", format!("{valid}{signature_line}")),
        ("two timestamps", format!("{valid}{timestamp_line}")),
        ("a timestamp with a sign", signature_headers(SECRET, &format!("+{}", now()), body)),
        ("a timestamp that no number holds", signature_headers(SECRET, "99999999999999999999999", body)),
        ("a negative timestamp", signature_headers(SECRET, "-1", body)),
        ("a timestamp in words", signature_headers(SECRET, "now", body)),
        ("an empty timestamp", signature_headers(SECRET, "", body)),
    ] {
        let answer = server.exchange(request_with(&headers, body)).await;
        assert_eq!(answer.status, 401, "{what}: {answer:?}");
        assert_eq!(answer.header("content-type"), Some("application/json"), "{what}");
        told.push(answer.body);
    }
    told.dedup();
    assert_eq!(told, [r#"{"error":"the request is not signed as it must be"}"#]);
    assert_eq!(server.exchange(request_with(&valid, body)).await.status, 200);
}

#[tokio::test]
async fn another_method_is_told_which_one_is_right() {
    let server = Server::start(app()).await;
    for method in ["GET", "PUT", "DELETE", "OPTIONS", "PATCH"] {
        let answer = server.exchange(format!("{method} {PATH} HTTP/1.1\r\nHost: localhost\r\n\r\n")).await;
        assert_eq!((answer.status, answer.header("allow")), (405, Some("POST")), "{method}");
    }
    let answer = server.exchange("POST /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n").await;
    assert_eq!((answer.status, answer.header("allow")), (405, Some("GET, HEAD")));
}

#[tokio::test]
async fn another_path_is_not_found() {
    let server = Server::start(app().path("/voice")).await;
    for path in ["/", PATH, "/voice/", "/voice/more", "/Voice"] {
        let answer =
            server.exchange(format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n")).await;
        assert_eq!(answer.status, 404, "{path}");
        assert!(answer.json()["error"].is_string(), "{answer:?}");
    }
    let answer =
        server.exchange("POST /voice?from=here HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n").await;
    assert_eq!(answer.status, 401, "a query is no part of the path");
}

#[tokio::test]
async fn a_body_over_the_limit_is_413_however_it_is_framed() {
    let server = Server::start(app().body_limit(1000)).await;
    let longest = message("status-update", r#","note":"long""#);
    let longest = format!("{longest}{}", " ".repeat(1000 - longest.len()));
    assert_eq!(server.deliver(&longest).await.status, 200, "exactly the limit is not over it");
    let over = format!("{longest} ");
    assert_eq!(server.deliver(&over).await.status, 413);

    let headers = signature_headers(SECRET, &now().to_string(), over.as_bytes());
    let chunked = format!("POST {PATH} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n{headers}\r\n");
    let answer = server.exchange(format!("{chunked}{:x}\r\n{over}\r\n0\r\n\r\n", over.len())).await;
    assert_eq!(answer.status, 413);

    // Of an announced length nothing has to be sent.
    let announced = format!("POST {PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n");
    assert_eq!(server.exchange(announced).await.status, 413);
}

#[tokio::test]
async fn the_limit_is_one_mebibyte_unless_set() {
    let server = Server::start(app()).await;
    let padded = |length: usize| {
        let body = tool_calls(&[("hello", "{}")]);
        format!("{body}{}", " ".repeat(length - body.len()))
    };
    assert_eq!(server.deliver(padded(1024 * 1024)).await.result(), json!({ "result": "hello" }));
    assert_eq!(server.deliver(padded(1024 * 1024 + 1)).await.status, 413);
}

#[tokio::test]
async fn a_body_that_stops_arriving_is_408() {
    let server = Server::start(app().body_timeout(Duration::from_millis(100))).await;
    let whole = signed_request(tool_calls(&[("hello", "{}")]).as_bytes());
    let answer = server.exchange(&whole[..whole.len() - 1]).await;
    assert_eq!(answer.status, 408);
    assert!(answer.json()["error"].is_string(), "{answer:?}");
}

#[tokio::test]
async fn what_is_signed_but_no_event_is_400_and_names_the_place() {
    let server = Server::start(app()).await;
    for (body, place) in [
        ("", ""),
        ("{", ""),
        ("[]", ""),
        ("\u{feff}{}", ""),
        ("{}", "message"),
        (r#"{"message":7}"#, "message"),
        (r#"{"message":{}}"#, "message.type"),
        (r#"{"message":{"type":7}}"#, "message.type"),
        (r#"{"message":{"type":"status-update"}}"#, "message.call"),
        (r#"{"message":{"type":"status-update","call":{}}}"#, "message.call.id"),
        (r#"{"message":{"type":"status-update","call":{"id":7}}}"#, "message.call.id"),
        (&message("tool-calls", ""), "message.tool_call_list"),
        (&message("tool-calls", r#","tool_call_list":{}"#), "message.tool_call_list"),
        (&message("tool-calls", r#","tool_call_list":[{"id":"t"}]"#), "message.tool_call_list[0].function"),
        (
            &message("tool-calls", r#","tool_call_list":[{"function":{"name":"hello"}}]"#),
            "message.tool_call_list[0].id",
        ),
    ] {
        let answer = server.deliver(body).await;
        assert_eq!(answer.status, 400, "{body}: {answer:?}");
        let error = answer.json()["error"].as_str().unwrap().to_owned();
        assert!(error.contains(place), "{body}: {error}");
    }
}

#[tokio::test]
async fn more_requests_than_allowed_are_503_at_once() {
    struct Gate(Arc<Notify>, Arc<Notify>);

    /// Wait for the gate.
    #[tool]
    async fn wait(gate: &Gate) -> &'static str {
        gate.0.notify_one();
        gate.1.notified().await;
        "open"
    }

    let (entered, open) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let gate = Gate(entered.clone(), open.clone());
    let server = Server::start(App::new().tools(tools![wait]).state(gate).concurrent_requests(1)).await;
    let call = tool_calls(&[("wait", "{}")]);
    let mut first = server.connect().await;
    first.send(signed_request(call.as_bytes())).await;
    entered.notified().await;

    let second = server.deliver(&call).await;
    assert_eq!((second.status, second.header("retry-after")), (503, Some("1")), "{second:?}");
    let health = server.exchange("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert_eq!(health.status, 200, "a busy server is alive");

    open.notify_one();
    assert_eq!(first.answer().await.result(), json!({ "result": "open" }));
    open.notify_one();
    assert_eq!(server.deliver(&call).await.status, 200, "the place is free again");
}
