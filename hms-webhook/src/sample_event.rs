//! Deliveries as the platform would send them, for tests and for the commands: one made-up phone call and its events.

use serde_json::{Value, json};

/// A made-up call.
#[derive(Debug, Clone)]
pub(crate) struct SampleCall {
    pub(crate) id: String,
    /// The caller's number; `None` as on a web call.
    pub(crate) caller: Option<String>,
    /// What an earlier assistant reply has given this call (PROTOCOL.md §4).
    pub(crate) metadata: Option<Value>,
}

impl SampleCall {
    pub(crate) fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), caller: Some("+31612000111".into()), metadata: None }
    }

    /// The members that every event has (PROTOCOL.md §3.0).
    pub(crate) fn message(&self, kind: &str) -> Value {
        let status = match kind {
            "assistant-request" => "ringing",
            "end-of-call-report" => "ended",
            _ => "in-progress",
        };
        let call_type = if self.caller.is_some() { "inbound_phone_call" } else { "web_call" };
        let mut message = json!({
            "type": kind,
            "timestamp": "2026-02-03T09:15:00.000Z",
            "call": { "id": self.id, "type": call_type, "status": status },
            "phone_number": { "number": self.caller.as_ref().map(|_| "+31201110000"), "name": "Front desk" },
            "customer": { "number": self.caller },
        });
        if let Some(metadata) = &self.metadata {
            message["assistant"] = json!({ "metadata": metadata });
        }
        message
    }

    /// A delivery's body: the common members and `members`.
    pub(crate) fn event(&self, kind: &str, members: Value) -> Value {
        let mut message = self.message(kind);
        if let (Some(message), Value::Object(members)) = (message.as_object_mut(), members) {
            message.extend(members);
        }
        json!({ "message": message })
    }
}

/// An element of `tool_call_list` (PROTOCOL.md §3.2).
pub(crate) fn tool_call(id: &str, name: &str, arguments: Value) -> Value {
    json!({ "id": id, "type": "function", "function": { "name": name, "arguments": arguments } })
}

/// The members that a report has beside the common ones (PROTOCOL.md §3.4).
#[cfg(feature = "cli")]
pub(crate) fn report() -> Value {
    json!({
        "duration_seconds": 94,
        "end_reason": "customer-ended-call",
        "summary": "The caller asked a question and got an answer.",
    })
}

/// The older spelling of the envelope: its own keys in camelCase, a tool's arguments as they are (PROTOCOL.md §3).
#[cfg(feature = "cli")]
pub(crate) fn legacy(value: Value) -> Value {
    match value {
        Value::Array(values) => values.into_iter().map(legacy).collect(),
        Value::Object(members) => members
            .into_iter()
            .map(|(name, value)| match name.as_str() {
                // What users name is theirs.
                "arguments" | "metadata" => (name, value),
                _ => (camel_case(&name), legacy(value)),
            })
            .collect::<serde_json::Map<_, _>>()
            .into(),
        other => other,
    }
}

#[cfg(feature = "cli")]
fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |name, word| {
        let mut letters = word.chars();
        let capital = letters.next().map(|letter| letter.to_ascii_uppercase());
        name + &capital.into_iter().chain(letters).collect::<String>()
    })
}
