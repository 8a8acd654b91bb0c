//! HTTP/2 by hand: floods of frames that each alone are allowed.

use std::time::{Duration, Instant};

use hms_webhook::App;

use crate::{
    support::{PATH, Server, message},
    wire::Wire,
};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const PADDED: u8 = 8;
const CANCEL: [u8; 4] = [0, 0, 0, 8];
const REFUSED_STREAM: u32 = 7;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// A header field as HPACK writes it without any table.
fn field(name: &str, value: &str) -> Vec<u8> {
    let mut bytes = vec![0];
    for text in [name, value] {
        match u8::try_from(text.len()) {
            Ok(length @ 0..127) => bytes.push(length),
            _ => {
                bytes.push(127);
                let mut rest = text.len() - 127;
                while rest >= 128 {
                    bytes.push((rest % 128) as u8 | 128);
                    rest /= 128;
                }
                bytes.push(rest as u8);
            }
        }
        bytes.extend_from_slice(text.as_bytes());
    }
    bytes
}

fn request(method: &str, path: &str) -> Vec<u8> {
    [(":method", method), (":scheme", "http"), (":path", path), (":authority", "a")]
        .iter()
        .flat_map(|(name, value)| field(name, value))
        .collect()
}

async fn connect(server: &Server) -> Wire {
    let mut wire = Wire::connect(server.address).await;
    wire.send([PREFACE, &frame(SETTINGS, 0, 0, &[])].concat()).await;
    wire
}

/// The frames that came back: kind, stream, payload.
fn frames(mut bytes: &[u8]) -> Vec<(u8, u32, Vec<u8>)> {
    let mut frames = Vec::new();
    while let [a, b, c, kind, _, s0, s1, s2, s3, rest @ ..] = bytes {
        let length = u32::from_be_bytes([0, *a, *b, *c]) as usize;
        let Some(payload) = rest.get(..length) else { break };
        frames.push((*kind, u32::from_be_bytes([*s0, *s1, *s2, *s3]), payload.to_vec()));
        bytes = &rest[length..];
    }
    frames
}

fn was_sent_away(wire: &Wire) -> bool {
    frames(&wire.read).iter().any(|(kind, ..)| *kind == GOAWAY)
}

async fn others_are_answered(server: &Server) {
    let start = Instant::now();
    assert_eq!(server.deliver(message("status-update", "")).await.status, 200);
    assert!(start.elapsed() < Duration::from_secs(2), "others waited {:?}", start.elapsed());
}

#[tokio::test]
async fn a_request_by_hand_is_answered() {
    let server = Server::start(App::new()).await;
    let mut wire = connect(&server).await;
    wire.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, &request("GET", "/healthz"))).await;
    assert!(wire.until(br#"{"status":"ok"}"#).await);
}

#[tokio::test]
async fn a_request_names_one_host() {
    let server = Server::start(App::new()).await;
    for (fields, said) in [
        (&[(":authority", "a")][..], r#"{"status":"ok"}"#),
        (&[("host", "a")], r#"{"status":"ok"}"#),
        (&[(":authority", "a"), ("host", "a")], r#"{"status":"ok"}"#),
        (&[], "the header `Host` is missing"),
        (&[("host", "a"), ("host", "a")], "the header `Host` is there more than once"),
        (&[(":authority", "a"), ("host", "a"), ("host", "b")], "the header `Host` is there more than once"),
        (&[(":authority", "a"), ("host", "a/b")], "the header `Host` names no host"),
    ] {
        let mut wire = connect(&server).await;
        let always = [(":method", "GET"), (":scheme", "http"), (":path", "/healthz")];
        let head: Vec<u8> = always.iter().chain(fields).flat_map(|(name, value)| field(name, value)).collect();
        wire.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, &head)).await;
        assert!(wire.until(said.as_bytes()).await, "{fields:?}: {:?}", frames(&wire.read));
    }
}

#[tokio::test]
async fn rapid_resets_end_the_connection() {
    let server = Server::start(App::new()).await;
    for path in ["/healthz", PATH] {
        let mut wire = connect(&server).await;
        let mut taken = true;
        for round in 0..2000_u32 {
            let stream = 2 * round + 1;
            let open = frame(HEADERS, END_HEADERS, stream, &request("POST", path));
            taken &= wire.send([open, frame(RST_STREAM, 0, stream, &CANCEL)].concat()).await;
            if !taken {
                break;
            }
        }
        others_are_answered(&server).await;
        wire.until_end().await;
        assert!(!taken || was_sent_away(&wire), "{path}: {:?}", frames(&wire.read).len());
    }
}

#[tokio::test]
async fn so_many_requests_may_be_taken_back_and_no_more() {
    let server = Server::start(App::new().limits(|limits| limits.stream_resets = 3)).await;
    for (resets, goes_on) in [(3, true), (4, false)] {
        let mut wire = connect(&server).await;
        for round in 0..resets {
            let stream = 2 * round + 1;
            let open = frame(HEADERS, END_HEADERS, stream, &request("POST", PATH));
            wire.send([open, frame(RST_STREAM, 0, stream, &CANCEL)].concat()).await;
        }
        wire.send(frame(HEADERS, END_HEADERS | END_STREAM, 2 * resets + 1, &request("GET", "/healthz"))).await;
        assert_eq!(wire.until(br#"{"status":"ok"}"#).await, goes_on, "after {resets}: {:?}", frames(&wire.read));
    }
}

#[tokio::test]
async fn requests_that_the_peer_breaks_end_the_connection() {
    let server = Server::start(App::new()).await;
    let open = |stream| frame(HEADERS, END_HEADERS, stream, &request("POST", PATH));
    for (what, broken) in [
        // The server has to reset these streams itself.
        ("a window over all numbers", frame(WINDOW_UPDATE, 0, 0, &[0x7f, 0xff, 0xff, 0xff])),
        ("a window that grows by nothing", frame(WINDOW_UPDATE, 0, 0, &[0; 4])),
        ("a body longer than was announced", frame(DATA, 0, 0, b"{}")),
    ] {
        let mut wire = connect(&server).await;
        for round in 0..1000_u32 {
            let stream = 2 * round + 1;
            let mut broken = broken.clone();
            broken[5..9].copy_from_slice(&stream.to_be_bytes());
            let open = match what.contains("announced") {
                true => {
                    let head = [request("POST", PATH), field("content-length", "1")].concat();
                    frame(HEADERS, END_HEADERS, stream, &head)
                }
                false => open(stream),
            };
            if !wire.send([open, broken].concat()).await {
                break;
            }
        }
        others_are_answered(&server).await;
        wire.until_end().await;
        assert!(was_sent_away(&wire), "{what}: {:?}", frames(&wire.read).len());
    }
}

#[tokio::test]
async fn a_body_of_nothing_is_cut_off() {
    let server = Server::start(App::new()).await;
    for nothing in [frame(DATA, 0, 1, b""), frame(DATA, PADDED, 1, &[&[0xff][..], &[0; 255]].concat())] {
        let mut wire = connect(&server).await;
        wire.send(frame(HEADERS, END_HEADERS, 1, &request("POST", PATH))).await;
        let flood = nothing.repeat(100);
        let mut sent = 0;
        while sent < 100_000 && wire.send(&flood).await {
            sent += 100;
        }
        others_are_answered(&server).await;
        wire.until_end().await;
        assert!(sent < 100_000 || was_sent_away(&wire), "the server took {sent} frames");
    }
}

#[tokio::test]
async fn a_head_without_an_end_is_cut_off() {
    let server = Server::start(App::new()).await;
    for payload in [vec![], field("x-padding", &"a".repeat(60))] {
        let mut wire = connect(&server).await;
        wire.send(frame(HEADERS, END_STREAM, 1, &request("GET", "/healthz"))).await;
        let flood = frame(CONTINUATION, 0, 1, &payload).repeat(100);
        let mut sent = 0;
        while sent < 10_000 && wire.send(&flood).await {
            sent += 100;
        }
        others_are_answered(&server).await;
        wire.until_end().await;
        assert!(sent < 10_000 || was_sent_away(&wire), "the server took {sent} frames");
    }
}

#[tokio::test]
async fn a_head_that_stays_unfinished_is_cut_off_in_time() {
    let app = App::new().limits(|limits| limits.idle_time = Duration::from_millis(300));
    let server = Server::start(app).await;
    let mut wire = connect(&server).await;
    wire.send(frame(HEADERS, END_STREAM, 1, &request("GET", "/healthz"))).await;
    let start = Instant::now();
    // Pings are no requests.
    while wire.send(frame(CONTINUATION, 0, 1, &field("a", "b"))).await && start.elapsed() < Duration::from_secs(5) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    wire.until_end().await;
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
}

#[tokio::test]
async fn pings_do_not_keep_a_connection_that_asks_nothing() {
    let app = App::new().limits(|limits| limits.idle_time = Duration::from_millis(300));
    let server = Server::start(app).await;
    let mut wire = connect(&server).await;
    let start = Instant::now();
    while wire.send(frame(PING, 0, 0, b"12345678")).await && start.elapsed() < Duration::from_secs(5) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    wire.until_end().await;
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
}

#[tokio::test]
async fn streams_over_the_limit_are_refused_and_the_others_answered() {
    let server = Server::start(App::new().limits(|limits| limits.streams = 4)).await;
    let mut wire = connect(&server).await;
    for stream in [1, 3, 5, 7, 9] {
        wire.send(frame(HEADERS, END_HEADERS, stream, &request("POST", PATH))).await;
    }
    let refused = frame(RST_STREAM, 0, 9, &REFUSED_STREAM.to_be_bytes());
    assert!(wire.until(&refused).await, "{:?}", frames(&wire.read));
    wire.send(frame(DATA, END_STREAM, 1, b"{}")).await;
    assert!(wire.until(b"not signed").await, "the first request is answered");
}

#[tokio::test]
async fn a_head_over_the_limit_is_431() {
    let server = Server::start(App::new().limits(|limits| limits.head = 2000)).await;
    let mut wire = connect(&server).await;
    let long = [request("GET", "/healthz"), field("x-padding", &"a".repeat(3000))].concat();
    wire.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, &long)).await;
    // `431` as HPACK writes it: a literal, perhaps in Huffman's code.
    let status =
        |frames: &[(u8, u32, Vec<u8>)]| frames.iter().find(|(kind, ..)| *kind == HEADERS).map(|it| it.2.clone());
    wire.send(frame(HEADERS, END_HEADERS | END_STREAM, 3, &request("GET", "/healthz"))).await;
    assert!(wire.until(br#"{"status":"ok"}"#).await, "the connection goes on: {:?}", frames(&wire.read));
    let block = status(&frames(&wire.read)).unwrap();
    // Index 8 to 14 are the statuses that the static table knows, 200 to 500; 431 is none of them.
    assert!(!(0x88..=0x8e).contains(&block[0]), "{block:?}");
}

#[tokio::test]
async fn floods_of_settings_and_pings_harm_nobody() {
    let server = Server::start(App::new()).await;
    for flood in
        [frame(SETTINGS, 0, 0, &[]), frame(PING, 0, 0, b"12345678"), frame(SETTINGS, 0, 0, &[0, 3, 0, 0, 0, 9])]
    {
        let mut wire = connect(&server).await;
        // The peer reads nothing of what comes back.
        let _ = tokio::time::timeout(Duration::from_secs(1), async {
            for _ in 0..200 {
                if !wire.send(flood.repeat(500)).await {
                    break;
                }
            }
        })
        .await;
        others_are_answered(&server).await;
    }
}
