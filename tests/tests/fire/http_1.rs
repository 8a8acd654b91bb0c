//! Requests that HTTP/1.1 forbids, or allows and nobody expects: which status each gets, and whether the connection
//! goes on after it.

use std::time::Duration;

use hms_webhook::App;

use crate::{
    support::{PATH, SECRET, Server, message, now, signature_headers},
    wire::Wire,
};

/// What becomes of the connection after the answer.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Then {
    Open,
    Closed,
}
use Then::{Closed, Open};

const PROBE: &str = "GET /readyz HTTP/1.1\r\nHost: probe\r\nConnection: close\r\n\r\n";

/// Sends `request` and then a probe on the same connection; what the request is answered, and what the connection
/// does.
async fn outcome(server: &Server, request: &[u8]) -> (Vec<u16>, Then, String) {
    let mut wire = Wire::connect(server.address).await;
    wire.send(request).await;
    // The probe goes out when the request was answered. For one that gets no answer, nobody waits for ever.
    let _ = tokio::time::timeout(Duration::from_secs(2), wire.until(b"HTTP/1.")).await;
    wire.send(PROBE).await;
    wire.until_end().await;
    let mut statuses = wire.statuses();
    let then = if wire.text().contains(r#"{"status":"ready"}"#) { Open } else { Closed };
    if then == Open {
        statuses.pop();
    }
    (statuses, then, wire.text())
}

fn signed(body: &str) -> String {
    signature_headers(SECRET, &now().to_string(), body.as_bytes())
}

#[tokio::test]
async fn edge_cases_get_the_status_that_they_should() {
    let server = Server::start(App::new()).await;
    let body = message("status-update", "");
    let (length, headers) = (body.len(), signed(&body));
    let post = format!("POST {PATH} HTTP/1.1\r\nHost: localhost\r\n{headers}");
    let chunk = format!("{length:x}\r\n{body}\r\n");
    let many_fields: String = (0..101).map(|number| format!("X-{number}: 1\r\n")).collect();
    let get = |lines: &str| format!("GET /healthz HTTP/1.1\r\n{lines}\r\n");

    let cases: &[(&str, String, &[u16], Then)] = &[
        ("an honest request", format!("{post}Content-Length: {length}\r\n\r\n{body}"), &[200], Open),
        ("an empty line before it", format!("\r\n{post}Content-Length: {length}\r\n\r\n{body}"), &[200], Open),
        ("HTTP/1.0", "GET /healthz HTTP/1.0\r\n\r\n".into(), &[200], Closed),
        ("HTTP/1.0 with keep-alive", "GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n".into(), &[200], Open),
        ("a version that is none", "GET /healthz HTTP/1.2\r\nHost: a\r\n\r\n".into(), &[400], Closed),
        ("HTTP/0.9", "GET /healthz\r\n\r\n".into(), &[400], Closed),
        ("a method that is none", "G@T /healthz HTTP/1.1\r\nHost: a\r\n\r\n".into(), &[400], Closed),
        ("a method of its own", "BREW /healthz HTTP/1.1\r\nHost: a\r\n\r\n".into(), &[405], Open),
        ("no target", "GET  HTTP/1.1\r\nHost: a\r\n\r\n".into(), &[400], Closed),
        // -- Host -----------------------------------------------------------------------------
        ("no Host", get(""), &[400], Closed),
        ("two Hosts", get("Host: a\r\nHost: a\r\n"), &[400], Closed),
        ("two Hosts in one line", get("Host: a, b\r\n"), &[400], Closed),
        ("a Host that is none", get("Host: a/b\r\n"), &[400], Closed),
        ("an empty Host", get("Host:\r\n"), &[200], Open),
        ("a Host with a port", get("Host: [::1]:8443\r\n"), &[200], Open),
        // -- targets --------------------------------------------------------------------------
        ("absolute form", "GET http://elsewhere.example/healthz HTTP/1.1\r\nHost: a\r\n\r\n".into(), &[200], Open),
        ("absolute form without Host", "GET http://a/healthz HTTP/1.1\r\n\r\n".into(), &[400], Closed),
        ("asterisk form", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n".into(), &[404], Open),
        ("authority form", "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n".into(), &[404], Open),
        ("dots in the path", "GET /x/../healthz HTTP/1.1\r\nHost: a\r\n\r\n".into(), &[404], Open),
        ("a NUL in the path", "GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n".into(), &[400], Closed),
        // -- header fields --------------------------------------------------------------------
        ("a space before the colon", get("Host : a\r\n"), &[400], Closed),
        ("a folded line", get("Host: a\r\nX-A: one\r\n two\r\n"), &[400], Closed),
        ("a NUL in a value", get("Host: a\r\nX-A: \0\r\n"), &[400], Closed),
        ("a line without a colon", get("Host: a\r\nX-A\r\n"), &[400], Closed),
        ("a name that is empty", get("Host: a\r\n: b\r\n"), &[400], Closed),
        // A line may end in LF alone (RFC 9112 §2.2); a CR alone ends none.
        ("bare LF", "GET /healthz HTTP/1.1\nHost: a\n\n".into(), &[200], Open),
        ("bare CR", get("Host: a\rX-A: b\r\n"), &[400], Closed),
        ("101 fields", get(&format!("Host: a\r\n{many_fields}")), &[431], Closed),
        ("a field of 40 kB", get(&format!("Host: a\r\nX-A: {}\r\n", "a".repeat(40_000))), &[431], Closed),
        ("a target of 70 kB", format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "a".repeat(70_000)), &[431], Closed),
        // -- lengths --------------------------------------------------------------------------
        ("a length with a sign", format!("{post}Content-Length: +{length}\r\n\r\n{body}"), &[400], Closed),
        ("a negative length", format!("{post}Content-Length: -1\r\n\r\n{body}"), &[400], Closed),
        ("a length in hexadecimal", format!("{post}Content-Length: 0x5\r\n\r\n{body}"), &[400], Closed),
        ("a length with a comma", format!("{post}Content-Length: {length}, {length}\r\n\r\n{body}"), &[400], Closed),
        ("a length over all numbers", format!("{post}Content-Length: {}\r\n\r\n", "9".repeat(30)), &[400], Closed),
        ("two lengths", format!("{post}Content-Length: 1\r\nContent-Length: {length}\r\n\r\n{body}"), &[400], Closed),
        (
            "one length twice",
            format!("{post}Content-Length: {length}\r\nContent-Length: {length}\r\n\r\n{body}"),
            &[200],
            Open,
        ),
        ("no length and no body", format!("{post}\r\n"), &[401], Open),
        // -- Transfer-Encoding ----------------------------------------------------------------
        ("chunks", format!("{post}Transfer-Encoding: chunked\r\n\r\n{chunk}0\r\n\r\n"), &[200], Closed),
        (
            "chunks before a length",
            format!("{post}Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n{chunk}0\r\n\r\n"),
            &[200],
            Closed,
        ),
        (
            "chunks after a length",
            format!("{post}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n{chunk}0\r\n\r\n"),
            &[200],
            Closed,
        ),
        (
            "chunks in HTTP/1.0",
            format!("POST {PATH} HTTP/1.0\r\nTransfer-Encoding: chunked\r\n{headers}\r\n{chunk}0\r\n\r\n"),
            &[400],
            Closed,
        ),
        ("another coding", format!("{post}Transfer-Encoding: gzip\r\n\r\n{body}"), &[400], Closed),
        ("two codings", format!("{post}Transfer-Encoding: gzip, chunked\r\n\r\n{chunk}0\r\n\r\n"), &[400], Closed),
        (
            "chunked last but one",
            format!("{post}Transfer-Encoding: chunked, gzip\r\n\r\n{chunk}0\r\n\r\n"),
            &[400],
            Closed,
        ),
        (
            "chunked twice",
            format!("{post}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n{chunk}0\r\n\r\n"),
            &[400],
            Closed,
        ),
        (
            "a chunked with a tab",
            format!("{post}Transfer-Encoding: \x0bchunked\r\n\r\n{chunk}0\r\n\r\n"),
            &[400],
            Closed,
        ),
        // -- chunks ---------------------------------------------------------------------------
        ("a chunk without a size", format!("{post}Transfer-Encoding: chunked\r\n\r\n\r\n{body}"), &[400], Closed),
        ("a size with 0x", format!("{post}Transfer-Encoding: chunked\r\n\r\n0x{chunk}0\r\n\r\n"), &[400], Closed),
        ("a size with a sign", format!("{post}Transfer-Encoding: chunked\r\n\r\n+{chunk}0\r\n\r\n"), &[400], Closed),
        (
            "a size over all numbers",
            format!("{post}Transfer-Encoding: chunked\r\n\r\n{}\r\n", "f".repeat(17)),
            &[400],
            Closed,
        ),
        (
            "a chunk longer than its size",
            format!("{post}Transfer-Encoding: chunked\r\n\r\n3\r\n{body}\r\n0\r\n\r\n"),
            &[400],
            Closed,
        ),
        (
            "an extension",
            format!("{post}Transfer-Encoding: chunked\r\n\r\n{length:x};a=b\r\n{body}\r\n0\r\n\r\n"),
            &[200],
            Closed,
        ),
        (
            "a giant extension",
            format!(
                "{post}Transfer-Encoding: chunked\r\n\r\n{length:x};{}\r\n{body}\r\n0\r\n\r\n",
                "a".repeat(100_000)
            ),
            &[400],
            Closed,
        ),
        ("a trailer", format!("{post}Transfer-Encoding: chunked\r\n\r\n{chunk}0\r\nX-A: b\r\n\r\n"), &[200], Closed),
        (
            "a giant trailer",
            format!("{post}Transfer-Encoding: chunked\r\n\r\n{chunk}0\r\nX-A: {}\r\n\r\n", "a".repeat(100_000)),
            &[400],
            Closed,
        ),
        // -- what this server does not do -----------------------------------------------------
        (
            "an upgrade to WebSocket",
            get("Host: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"),
            &[200],
            Open,
        ),
        (
            "an upgrade to HTTP/2",
            get("Host: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"),
            &[200],
            Open,
        ),
        (
            "an unknown expectation",
            format!("{post}Content-Length: {length}\r\nExpect: magic\r\n\r\n{body}"),
            &[200],
            Open,
        ),
        (
            "a compressed body",
            format!("{post}Content-Encoding: gzip\r\nContent-Length: {length}\r\n\r\n{body}"),
            &[415],
            Closed,
        ),
        (
            "a body in the clear",
            format!("{post}Content-Encoding: identity\r\nContent-Length: {length}\r\n\r\n{body}"),
            &[200],
            Open,
        ),
        (
            "a GET with a body",
            format!("GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n{body}"),
            &[200],
            Open,
        ),
        ("TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\u{7f}\x03\x03".into(), &[400], Closed),
    ];
    let mut wrong = Vec::new();
    for (what, request, expected, then) in cases {
        let (statuses, now, text) = outcome(&server, request.as_bytes()).await;
        if statuses != *expected || now != *then {
            wrong.push(format!("{what}: {statuses:?} {now:?}, not {expected:?} {then:?}: {text:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(server.deliver(&body).await.status, 200, "all is well after that");
}

#[tokio::test]
async fn no_byte_of_a_refused_body_is_read_as_the_next_request() {
    let server = Server::start(App::new().body_limit(1000)).await;
    let hidden = "GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n".repeat(100);
    for (what, path, framing) in [
        ("too long", PATH, format!("Content-Length: {}\r\n\r\n{hidden}", hidden.len())),
        (
            "too long in chunks",
            PATH,
            format!("Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{hidden}\r\n0\r\n\r\n", hidden.len()),
        ),
        ("unsigned", PATH, format!("Content-Length: 900\r\n\r\n{}", &hidden[..900])),
        ("at another path", "/elsewhere", format!("Content-Length: {}\r\n\r\n{hidden}", hidden.len())),
        ("with a coding", PATH, format!("Content-Encoding: br\r\nContent-Length: 900\r\n\r\n{}", &hidden[..900])),
        ("two lengths", PATH, format!("Content-Length: 0\r\nContent-Length: 900\r\n\r\n{}", &hidden[..900])),
        (
            "a length and chunks",
            PATH,
            format!("Content-Length: 900\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{}", &hidden[..900]),
        ),
    ] {
        let mut wire = Wire::connect(server.address).await;
        wire.send(format!("POST {path} HTTP/1.1\r\nHost: a\r\n{framing}")).await;
        wire.finish().await;
        wire.until_end().await;
        assert_eq!(wire.statuses().len(), 1, "{what}: {}", wire.text());
        assert!(!wire.text().contains("ready"), "{what}: {}", wire.text());
    }
}

#[tokio::test]
async fn a_refusal_can_be_read_by_who_is_still_sending() {
    let server = Server::start(App::new()).await;
    let body = vec![b' '; 1_200_000];
    for framing in [format!("Content-Length: {}", body.len()), "Transfer-Encoding: chunked".into()] {
        let head = format!("POST {PATH} HTTP/1.1\r\nHost: a\r\n{framing}\r\n\r\n124f80\r\n");
        let mut wire = Wire::connect(server.address).await;
        // All of it is sent before the answer is looked at.
        wire.send(head).await;
        wire.send(&body).await;
        wire.until_end().await;
        assert_eq!(wire.statuses(), [413], "{framing}");
    }
}
