//! What a careful programmer writes by hand to answer one signed `tool-calls` delivery: the work that every server
//! here does, so that they differ in their HTTP layer and in what they promise, not in what they compute.

pub mod allocations;
mod message;
pub mod typical;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::{Bytes, BytesMut};
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use sha2::Sha256;

pub use message::{LookupOrder, OrderStatus, Reply, ToolCall, ToolResult, arguments, lookup_order, tool_calls, write};

/// How old a delivery may be, in seconds.
pub const TOLERANCE: u64 = 300;
pub const DEADLINE: Duration = Duration::from_secs(9);
pub const LONGEST_BODY: usize = 2 << 20;

pub fn secret() -> Vec<u8> {
    variable("WEBHOOK_SECRET").unwrap_or_else(|| "bench-secret-0123456789abcdef".into()).into_bytes()
}

pub fn port() -> u16 {
    variable("PORT").and_then(|port| port.parse().ok()).unwrap_or(18080)
}

pub fn threads() -> usize {
    variable("THREADS").and_then(|threads| threads.parse().ok()).unwrap_or(1)
}

pub fn speaks_http2() -> bool {
    variable("HTTP2").is_some()
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// One thread that does everything, as a server that is pinned to a core has; more where `THREADS` asks for them. Where
/// `RUN_SECONDS` asks for it, the process ends by itself after so many: what it has counted for the compiler is written
/// then.
pub fn runtime() -> tokio::runtime::Runtime {
    if let Some(seconds) = variable("RUN_SECONDS").and_then(|seconds| seconds.parse().ok()) {
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_secs(seconds));
            std::process::exit(0);
        });
    }
    let built = match threads() {
        1 => tokio::runtime::Builder::new_current_thread().enable_all().build(),
        threads => tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build(),
    };
    built.expect("a runtime")
}

pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
}

// ---------------------------------------------------------------------------------------------
// Verifying
// ---------------------------------------------------------------------------------------------

/// The secret as a keyed state, which is copied for each request.
pub struct Verifier(Hmac<Sha256>);

impl Verifier {
    pub fn new(secret: &[u8]) -> Self {
        Self(Hmac::new_from_slice(secret).expect("an HMAC key may have any length"))
    }

    pub fn verify(&self, headers: &HeaderMap, body: &[u8]) -> Result<(), StatusCode> {
        const REFUSED: StatusCode = StatusCode::UNAUTHORIZED;
        let timestamp = headers.get("x-webhook-timestamp").ok_or(REFUSED)?.as_bytes();
        if now().abs_diff(parse_seconds(timestamp).ok_or(REFUSED)?) > TOLERANCE {
            return Err(REFUSED);
        }
        let signature = headers.get("x-webhook-signature").ok_or(REFUSED)?.as_bytes();
        let tag = signature.strip_prefix(b"sha256=").and_then(decode_tag).ok_or(REFUSED)?;
        let mut mac = self.0.clone();
        mac.update(timestamp);
        mac.update(b".");
        mac.update(body);
        mac.verify_slice(&tag).map_err(|_| REFUSED)
    }
}

pub fn parse_seconds(text: &[u8]) -> Option<u64> {
    if text.is_empty() || text.len() > 12 {
        return None;
    }
    text.iter().try_fold(0, |number, digit| digit.is_ascii_digit().then(|| number * 10 + u64::from(digit - b'0')))
}

pub fn decode_tag(digits: &[u8]) -> Option<[u8; 32]> {
    if digits.len() != 64 {
        return None;
    }
    let mut tag = [0; 32];
    for (byte, pair) in tag.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
    }
    Some(tag)
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

// ---------------------------------------------------------------------------------------------
// Reading, and all of it together
// ---------------------------------------------------------------------------------------------

/// The whole body within a limit. A body of one piece, as small ones are, is not copied.
pub async fn read_body(mut body: Incoming) -> Result<Bytes, StatusCode> {
    let announced = body.size_hint().lower() as usize;
    if announced > LONGEST_BODY {
        return Err(StatusCode::PAYLOAD_TOO_LARGE);
    }
    let mut first = Bytes::new();
    let mut whole: Option<BytesMut> = None;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| StatusCode::BAD_REQUEST)?.into_data() else { continue };
        let length = whole.as_ref().map_or(first.len(), BytesMut::len);
        if length + data.len() > LONGEST_BODY {
            return Err(StatusCode::PAYLOAD_TOO_LARGE);
        }
        match &mut whole {
            Some(whole) => whole.extend_from_slice(&data),
            None if first.is_empty() => {
                first = data;
                if body.is_end_stream() {
                    break;
                }
            }
            None => {
                let mut both = BytesMut::with_capacity(announced.max(first.len() + data.len()));
                both.extend_from_slice(&first);
                both.extend_from_slice(&data);
                whole = Some(both);
            }
        }
    }
    Ok(whole.map_or(first, BytesMut::freeze))
}

/// The whole work: verify, parse, dispatch by name, decode, run within the deadline, write the answer.
pub async fn answer(verifier: &Verifier, headers: &HeaderMap, body: &[u8]) -> Result<Vec<u8>, StatusCode> {
    verifier.verify(headers, body)?;
    let calls = tool_calls(body).ok_or(StatusCode::BAD_REQUEST)?;
    let mut results = Vec::with_capacity(calls.len());
    for call in &calls {
        results.push(ToolResult::new(&call.id, run(call).await));
    }
    Ok(write(&Reply { results }))
}

async fn run(call: &ToolCall<'_>) -> Result<OrderStatus, String> {
    match &*call.function.name {
        "lookup_order" => {
            let arguments = arguments(call.function.arguments).ok_or("bad arguments")?;
            tokio::time::timeout(DEADLINE, lookup_order(arguments)).await.unwrap_or_else(|_| Err("too late".into()))
        }
        other => Err(format!("there is no tool {other}")),
    }
}
