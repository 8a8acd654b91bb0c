//! What is written to the broker, as JSON.
//!
//! Versions of this program that run at the same time read each other's, so fields are only ever added, with a default.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::{TraceContext, store::JobState};

/// What was appended together: in the header of one message, whose payload are the bodies.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Append {
    /// The server that has appended it.
    pub(super) by: Owner,
    /// Milliseconds since 1970.
    pub(super) at: u64,
    pub(super) events: Vec<Event>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Event {
    pub(super) key: String,
    pub(super) kind: String,
    pub(super) call: String,
    pub(super) handlers: Vec<String>,
    /// Until when a repetition is recognised, in milliseconds since 1970.
    #[serde(default)]
    pub(super) known_until: u64,
    /// Where its body begins in the payload, and how long it is, in bytes.
    pub(super) body: (usize, usize),
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) trace: Option<Trace>,
}

/// A trace as its two headers say it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Trace {
    parent: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    state: Option<String>,
}

impl Trace {
    pub(super) fn read(self) -> Option<TraceContext> {
        let trace = TraceContext::parse(&self.parent)?;
        Some(match self.state {
            Some(state) => trace.with_tracestate(&state),
            None => trace,
        })
    }
}

impl From<TraceContext> for Trace {
    fn from(trace: TraceContext) -> Self {
        Self { parent: trace.traceparent(), state: trace.tracestate().map(str::to_owned) }
    }
}

impl Event {
    /// Its body in the payload of the append; as much of it as is there.
    pub(super) fn body_in(&self, payload: &Bytes) -> Bytes {
        let (begin, length) = self.body;
        let end = begin.saturating_add(length).min(payload.len());
        payload.slice(begin.min(end)..end)
    }
}

/// Where a job stands: in the header of the last message of its subject. Without one, it waits for its first attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct JobRecord {
    pub(super) state: Standing,
    pub(super) attempts: u32,
    /// From when on it is tried, in milliseconds since 1970.
    pub(super) due: u64,
    /// Who runs it; of a waiting one, who has it before all others.
    pub(super) owner: Owner,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Standing {
    Waiting,
    Running,
    Dead,
    /// For those who do not know yet; it is removed soon.
    Done,
}

impl Standing {
    /// As others know it; `None` when it is done.
    pub(super) fn shown(self) -> Option<JobState> {
        match self {
            Self::Waiting => Some(JobState::Waiting),
            Self::Running => Some(JobState::Running),
            Self::Dead => Some(JobState::Dead),
            Self::Done => None,
        }
    }
}

/// A running server: the sequence of the message by which it has registered. A new start is a new owner; zero is nobody.
pub(super) type Owner = u64;

/// That a server is there, in the header of the last message of its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ServerRecord {
    /// `None` in the message by which it registers.
    pub(super) owner: Option<Owner>,
    /// Tells one registration from another.
    pub(super) nonce: u64,
}

/// What is known of a key, as the value of a bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KeyRecord {
    /// How often it had been claimed before.
    pub(super) earlier: u32,
    /// Milliseconds since 1970.
    pub(super) expires: u64,
    pub(super) what: What,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum What {
    Running { owner: Owner, until: u64, nonce: u64 },
    Released,
    Kept(String),
}

/// As JSON.
pub(super) fn text(record: &impl Serialize) -> String {
    // Structs of numbers and texts can always be written.
    serde_json::to_string(record).unwrap_or_default()
}

/// Milliseconds since 1970.
pub(super) fn now() -> u64 {
    millis(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}

/// `wait` from now; a time too long for the clock never comes.
pub(super) fn after(wait: Duration) -> u64 {
    now().saturating_add(millis(wait))
}

pub(super) fn moment(millis: u64) -> SystemTime {
    UNIX_EPOCH.checked_add(Duration::from_millis(millis)).unwrap_or(UNIX_EPOCH)
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
