//! Each limit: what is under it passes, what is over it gets its status at once.

use std::{sync::Arc, time::Duration};

use hms_webhook::{App, Limits, tool, tools};
use tokio::sync::{Notify, Semaphore};

use crate::{
    support::{PATH, SECRET, Server, message, now, signature_headers, signed_request, tool_calls},
    wire::Wire,
};

struct Gate {
    entered: Arc<Semaphore>,
    open: Arc<Notify>,
}

/// Wait for the gate.
#[tool]
async fn wait(gate: &Gate) -> &'static str {
    gate.entered.add_permits(1);
    gate.open.notified().await;
    "open"
}

fn padded(body: String, length: usize) -> String {
    format!("{body}{}", " ".repeat(length - body.len()))
}

const HEALTH: &str = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";

#[test]
fn the_defaults_are_those_that_are_documented() {
    let limits = Limits::default();
    let seconds = Duration::from_secs;
    assert_eq!((limits.connections, limits.connections_per_address), (16_384, 4096));
    assert_eq!((limits.head_time, limits.body_time, limits.idle_time), (seconds(10), seconds(20), seconds(30)));
    assert_eq!((limits.head, limits.header_fields), (32 * 1024, 100));
    assert_eq!((limits.body, limits.bodies, limits.body_rate), (1024 * 1024, 32 * 1024 * 1024, 1000));
    assert_eq!((limits.streams, limits.stream_resets), (128, 64));
    assert_eq!((limits.uploads, limits.requests, limits.json_depth), (4096, 1024, 64));
    let mut of_an_app = None;
    let _ = App::new().limits(|limits| of_an_app = Some(*limits));
    assert_eq!(of_an_app, Some(limits));

    let page = include_str!("../../../SECURITY.md");
    for said in [
        "16 384 connections, 4096 of one address",
        "10 s for a head, 20 s and 1000 bytes a second for a body, 30 s idle",
        "32 KiB and 100 fields of a head, 1 MiB of a body, 32 MiB of all bodies",
        "64 levels of JSON",
        "128 streams, 64 resets",
        "1024 signed requests at a time",
    ] {
        assert!(page.contains(said), "{said}");
    }
}

#[tokio::test]
async fn a_connection_over_the_limit_hears_503_and_the_others_go_on() {
    for by_address in [false, true] {
        let server = Server::start(App::new().limits(|limits| match by_address {
            true => limits.connections_per_address = 2,
            false => limits.connections = 2,
        }))
        .await;
        let (mut one, mut two) = (server.connect().await, server.connect().await);
        for connection in [&mut one, &mut two] {
            connection.send(HEALTH).await;
            assert_eq!(connection.answer().await.status, 200);
        }
        let mut three = server.connect().await;
        three.send(signed_request(message("status-update", "").as_bytes())).await;
        let refused = three.answer().await;
        assert_eq!((refused.status, refused.header("retry-after")), (503, Some("1")), "{refused:?}");
        assert!(refused.json()["error"].is_string());
        assert!(three.is_ended().await);

        one.send(HEALTH).await;
        assert_eq!(one.answer().await.status, 200, "who is in stays in");
        drop(two);
        loop {
            let mut four = server.connect().await;
            four.send(HEALTH).await;
            match four.answer().await.status {
                200 => break,
                503 => tokio::time::sleep(Duration::from_millis(10)).await,
                other => panic!("{other}"),
            }
        }
    }
}

#[tokio::test]
async fn reports_have_room_while_tools_are_busy() {
    let (entered, open) = (Arc::new(Semaphore::new(0)), Arc::new(Notify::new()));
    let gate = Gate { entered: entered.clone(), open: open.clone() };
    let app = App::new().tools(tools![wait]).state(gate).limits(|limits| limits.requests = 8);
    let server = Server::start(app).await;
    let mut busy = Vec::new();
    for _ in 0..7 {
        let mut connection = server.connect().await;
        connection.send(signed_request(tool_calls(&[("wait", "{}")]).as_bytes())).await;
        busy.push(connection);
    }
    let _all = entered.acquire_many(7).await.unwrap();
    let refused = server.deliver(tool_calls(&[("wait", "{}")])).await;
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("1")));
    let report = server.deliver(message("end-of-call-report", "")).await;
    assert_eq!(report.status, 200, "a report finds its place");
    open.notify_waiters();
    for mut connection in busy {
        assert_eq!(connection.answer().await.status, 200);
    }
}

#[tokio::test]
async fn bodies_share_one_budget() {
    let server = Server::start(App::new().limits(|limits| (limits.body, limits.bodies) = (700_000, 1_000_000))).await;
    let padded = |length: usize| padded(message("status-update", ""), length);
    let holding = 'held: loop {
        let mut holding = Wire::connect(server.address).await;
        holding.send(format!("POST {PATH} HTTP/1.1\r\nHost: a\r\nContent-Length: 700000\r\n\r\n")).await;
        holding.send(vec![b' '; 600_000]).await;
        // Until the server has read what was sent. Whichever of the two it reads last is refused.
        loop {
            if server.deliver(padded(500_000)).await.status == 503 {
                break 'held holding;
            }
            if tokio::time::timeout(Duration::from_millis(5), holding.until_end()).await.is_ok() {
                break;
            }
        }
    };
    let refused = server.deliver(padded(500_000)).await;
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("1")), "{refused:?}");
    assert_eq!(server.deliver(padded(100_000)).await.status, 200, "what still fits is taken");
    assert_eq!(server.deliver(padded(300_000)).await.status, 503, "a quarter is kept for small ones");
    let mut more = Wire::connect(server.address).await;
    more.send(format!("POST {PATH} HTTP/1.1\r\nHost: a\r\nContent-Length: 700000\r\n\r\n")).await;
    more.send(vec![b' '; 140_000]).await;
    assert_eq!(server.deliver(padded(60_000)).await.status, 200, "which find room");
    drop((holding, more));
    while server.deliver(padded(500_000)).await.status != 200 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn uploads_over_the_limit_are_503() {
    let server = Server::start(App::new().limits(|limits| limits.uploads = 1)).await;
    let mut slow = Wire::connect(server.address).await;
    slow.send(format!("POST {PATH} HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n")).await;
    while server.deliver(message("status-update", "")).await.status == 200 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(server.deliver(message("status-update", "")).await.status, 503);
    assert_eq!(server.exchange(HEALTH).await.status, 200);
}

#[tokio::test]
async fn heads_have_a_size_and_a_number_of_fields() {
    let server = Server::start(App::new().limits(|limits| (limits.head, limits.header_fields) = (2000, 10))).await;
    let with = |fields: &str| format!("GET /healthz HTTP/1.1\r\nHost: a\r\n{fields}\r\n");
    let fields = |count: usize| (0..count).map(|number| format!("X-{number}: 1\r\n")).collect::<String>();
    assert_eq!(server.exchange(with(&fields(9))).await.status, 200);
    assert_eq!(server.exchange(with(&fields(10))).await.status, 431);
    let padding = |length: usize| format!("X-Padding: {}\r\n", "a".repeat(length));
    assert_eq!(server.exchange(with(&padding(1900))).await.status, 200);
    assert_eq!(server.exchange(with(&padding(2000))).await.status, 431);
}

#[tokio::test]
async fn a_body_is_limited_to_the_byte_however_it_is_cut_into_chunks() {
    let server = Server::start(App::new().body_limit(1000)).await;
    for (length, chunk_length, status) in [(1000, 1, 200), (1000, 999, 200), (1001, 1, 413), (1001, 1000, 413)] {
        let body = padded(message("status-update", ""), length);
        let headers = signature_headers(SECRET, &now().to_string(), body.as_bytes());
        let mut request = format!("POST {PATH} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n{headers}\r\n");
        for chunk in body.as_bytes().chunks(chunk_length) {
            request.push_str(&format!("{:x}\r\n{}\r\n", chunk.len(), str::from_utf8(chunk).unwrap()));
        }
        request.push_str("0\r\n\r\n");
        assert_eq!(server.exchange(request).await.status, status, "{length} bytes in chunks of {chunk_length}");
    }
}

#[tokio::test]
async fn json_may_be_so_deep_and_no_deeper() {
    let server = Server::start(App::new()).await;
    // The message itself is the second level, an array in it the third.
    let nested = |depth: usize| {
        let (open, close) = ("[".repeat(depth - 2), "]".repeat(depth - 2));
        message("status-update", &format!(r#","note":{open}{close},"text":"[[[[[[[[[[[[[[[[""#))
    };
    assert_eq!(server.deliver(nested(64)).await.status, 200);
    for depth in [65, 128, 10_000, 400_000] {
        let refused = server.deliver(nested(depth)).await;
        assert_eq!(refused.status, 400, "{depth}");
        assert!(refused.json()["error"].as_str().unwrap().contains("64"), "{refused:?}");
    }
}

#[tokio::test]
async fn encoded_bodies_are_415_and_say_what_is_taken() {
    let server = Server::start(App::new()).await;
    for coding in ["gzip", "br", "deflate", "zstd", "identity, gzip", "x"] {
        let head =
            format!("POST {PATH} HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\nContent-Encoding: {coding}\r\n\r\n");
        let refused = server.exchange(head).await;
        assert_eq!((refused.status, refused.header("accept-encoding")), (415, Some("identity")), "{coding}");
        assert_eq!(refused.header("connection"), Some("close"));
    }
}
