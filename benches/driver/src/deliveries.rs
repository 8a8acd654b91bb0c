//! Deliveries, each with call and tool-call ids of its own, so that no kept result can answer it.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

const FIRST_ID: &str = "00000000000000000000";

/// Makes deliveries of one size.
pub struct Deliveries {
    keyed: Hmac<Sha256>,
    body: Vec<u8>,
    /// Where in the body the ids are.
    places: Vec<usize>,
    /// Where the first of them is: what is before it is the same in all deliveries.
    fixed: usize,
    next: u64,
    timestamp: u64,
    /// The MAC of the timestamp and of what is the same, so that a large body costs the driver little.
    begun: Hmac<Sha256>,
    /// The value of `X-Webhook-Event`.
    event: &'static str,
    protocol: Protocol,
}

/// What is sent to a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    Webhook,
    /// rmcp's: JSON-RPC, no signature.
    Mcp,
}

/// What is said of a delivery besides its body.
pub struct Signed {
    pub event: &'static str,
    pub timestamp: u64,
    /// The value of `X-Webhook-Signature`.
    pub signature: String,
}

impl Deliveries {
    /// Deliveries of about `size` bytes (the smallest where that is less) with `calls` tool calls. `first` is the
    /// number of the first one's ids.
    pub fn new(protocol: Protocol, size: usize, calls: usize, first: u64) -> Self {
        Self::calling(protocol, "lookup_order", size, calls, first)
    }

    /// The same, calling another tool.
    pub fn calling(protocol: Protocol, tool: &str, size: usize, calls: usize, first: u64) -> Self {
        let body = match protocol {
            Protocol::Webhook => webhook_body(tool, size, calls),
            Protocol::Mcp => format!(
                r#"{{"jsonrpc":"2.0","method":"tools/call","params":{{"name":"lookup_order","arguments":{{"order_id":"A-1042"}}}},"id":"{FIRST_ID}"}}"#
            ),
        };
        Self::of(protocol, "tool-calls", body, first)
    }

    /// Notifications that the status of a call has changed.
    pub fn status_updates(first: u64) -> Self {
        let body = format!(
            r#"{{"message":{{"type":"status-update","timestamp":"2026-01-13T12:00:00.000Z","phone_number":{{"number":"+31850835037","name":"Demo"}},"customer":{{"number":"+31612345678"}},"call":{{"status":"in-progress","type":"inbound_phone_call","id":"7b0e9c52-8f7d-{FIRST_ID}"}}}}}}"#
        );
        Self::of(Protocol::Webhook, "status-update", body, first)
    }

    /// Reports of calls that have ended.
    pub fn end_of_call_reports(first: u64) -> Self {
        let body = format!(
            r#"{{"message":{{"type":"end-of-call-report","timestamp":"2026-01-13T12:00:00.000Z","phone_number":{{"number":"+31850835037","name":"Demo"}},"customer":{{"number":"+31612345678"}},"duration_seconds":182,"end_reason":"user_hangup","summary":"The caller asked for an order.","messages":[{{"role":"assistant","content":"Good morning."}},{{"role":"user","content":"Where is my order?"}}],"call":{{"status":"ended","type":"inbound_phone_call","id":"7b0e9c52-8f7d-{FIRST_ID}"}}}}}}"#
        );
        Self::of(Protocol::Webhook, "end-of-call-report", body, first)
    }

    fn of(protocol: Protocol, event: &'static str, body: String, first: u64) -> Self {
        let places: Vec<usize> = body.match_indices(FIRST_ID).map(|(place, _)| place).collect();
        let keyed = Hmac::new_from_slice(&by_hand::secret()).expect("an HMAC key may have any length");
        Self {
            fixed: places[0],
            places,
            begun: keyed.clone(),
            keyed,
            body: body.into_bytes(),
            next: first,
            timestamp: 0,
            event,
            protocol,
        }
    }

    pub fn body_length(&self) -> usize {
        self.body.len()
    }

    /// Makes the next one. Only a webhook's is signed.
    pub fn next_parts(&mut self) -> (Option<Signed>, &[u8]) {
        let now = by_hand::now();
        if now != self.timestamp {
            self.timestamp = now;
            self.begun = self.keyed.clone();
            self.begun.update(format!("{now}.").as_bytes());
            self.begun.update(&self.body[..self.fixed]);
        }
        for place in &self.places {
            let id = format!("{:020}", self.next);
            self.body[*place..place + id.len()].copy_from_slice(id.as_bytes());
            self.next += 1;
        }
        if self.protocol == Protocol::Mcp {
            return (None, &self.body);
        }
        let mut mac = self.begun.clone();
        mac.update(&self.body[self.fixed..]);
        let mut signature = String::with_capacity(71);
        signature.push_str("sha256=");
        for byte in mac.finalize().into_bytes() {
            for digit in [byte >> 4, byte & 15] {
                signature.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
            }
        }
        (Some(Signed { event: self.event, timestamp: now, signature }), &self.body)
    }

    /// Makes the next one as it goes over the wire in HTTP/1.1.
    pub fn next_bytes(&mut self) -> Vec<u8> {
        let (signed, body) = self.next_parts();
        let length = body.len();
        let mut head = format!(
            "POST /webhook HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {length}\r\nContent-Type: application/json\r\n"
        );
        head.push_str(&match signed {
            Some(Signed { event, timestamp, signature }) => format!(
                "X-Webhook-Event: {event}\r\nX-Webhook-Timestamp: {timestamp}\r\nX-Webhook-Signature: {signature}\r\n\r\n"
            ),
            None => "Accept: application/json, text/event-stream\r\n\r\n".into(),
        });
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(body);
        bytes
    }
}

/// The ids come last, so that the MAC of what is before them can be kept.
fn webhook_body(tool: &str, size: usize, calls: usize) -> String {
    let calls: Vec<String> = (0..calls)
        .map(|_| {
            format!(
                r#"{{"id":"tool_{FIRST_ID}","type":"function","function":{{"name":"{tool}","arguments":{{"order_id":"A-1042"}}}}}}"#
            )
        })
        .collect();
    let tail = format!(
        r#""call":{{"status":"in-progress","type":"inbound_phone_call","started_at":"2026-01-13T11:58:21.412Z","cost":0.0421,"id":"7b0e9c52-8f7d-{FIRST_ID}"}},"tool_call_list":[{}]}}}}"#,
        calls.join(",")
    );
    let mut body = String::from(
        r#"{"message":{"type":"tool-calls","timestamp":"2026-01-13T12:00:00.000Z","phone_number":{"number":"+31850835037","name":"Demo"},"customer":{"number":"+31612345678"},"#,
    );
    // What makes a body long: the transcript of the call so far.
    if size > body.len() + tail.len() {
        body.push_str(r#""transcript":["#);
        let mut turns = 0;
        while body.len() + tail.len() < size {
            let comma = if turns == 0 { "" } else { "," };
            let role = ["assistant", "user"][turns % 2];
            let time = 1_768_305_501_000_u64 + 1000 * turns as u64;
            body.push_str(&format!(
                r#"{comma}{{"role":"{role}","message":"Good morning, could you tell me where my order is right now please?","time":{time},"seconds_from_start":{turns}.5}}"#
            ));
            turns += 1;
        }
        body.push_str("],");
    }
    body + &tail
}
