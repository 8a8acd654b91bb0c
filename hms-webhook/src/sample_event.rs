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
        "end_reason": "user_hangup",
        "summary": "The caller asked a question and got an answer.",
        "messages": [
            { "role": "assistant", "content": "Good morning, how can I help?" },
            { "role": "user", "content": "Until when are you open?" },
            { "role": "assistant", "content": "Until five o'clock." },
        ],
    })
}

/// The older spelling of the envelope: its own keys in camelCase but for some, and what users name as it is
/// (PROTOCOL.md §3.5).
#[cfg(feature = "cli")]
pub(crate) fn legacy(value: Value) -> Value {
    match value {
        Value::Array(values) => values.into_iter().map(legacy).collect(),
        Value::Object(members) => members
            .into_iter()
            .map(|(name, value)| match (name.as_str(), value) {
                // What users name is theirs.
                ("arguments" | "metadata" | "analysis" | "parameters" | "schema", value) => (name, value),
                ("llm_config" | "stt_config" | "tts_config" | "analysis_plan", value) => (name, legacy(value)),
                ("type", Value::String(kind)) => (name, older_type(kind).into()),
                (_, value) => (camel_case(&name), legacy(value)),
            })
            .collect::<serde_json::Map<_, _>>()
            .into(),
        other => other,
    }
}

/// The older spelling of a call's type, or of a tool's.
#[cfg(feature = "cli")]
fn older_type(kind: String) -> String {
    match kind.as_str() {
        "inbound_phone_call" | "outbound_phone_call" | "web_call" | "end_call" | "transfer_call" => camel_case(&kind),
        _ => kind,
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

#[cfg(all(test, feature = "cli"))]
mod tests {
    use super::*;

    #[test]
    fn the_older_spelling_is_the_documented_one() {
        let older = |call: SampleCall| legacy(call.event("tool-calls", json!({ "tool_call_list": [] })));
        let older_call = older(SampleCall::new("c-1"));
        assert_eq!(older_call["message"]["call"]["type"], "inboundPhoneCall");
        assert_eq!(older_call["message"]["type"], "tool-calls");
        assert!(older_call["message"]["toolCallList"].is_array() && older_call["message"]["phoneNumber"].is_object());
        let web = older(SampleCall { caller: None, ..SampleCall::new("c-1") });
        assert_eq!(web["message"]["call"]["type"], "webCall");
    }

    #[test]
    fn what_was_snake_case_then_stays() {
        let older = legacy(json!({ "assistant": {
            "first_message": "Hello.",
            "llm_config": { "tools": [
                { "type": "end_call" },
                { "type": "function", "async_response": true, "parameters": { "properties": { "order_id": {} } } },
            ] },
            "stt_config": {},
            "tts_config": { "voice_id": "v" },
            "analysis_plan": { "min_messages_threshold": 2, "structured_data_plan": { "schema": { "was_booked": {} } } },
        } }));
        let wanted = json!({ "assistant": {
            "firstMessage": "Hello.",
            "llm_config": { "tools": [
                { "type": "endCall" },
                { "type": "function", "asyncResponse": true, "parameters": { "properties": { "order_id": {} } } },
            ] },
            "stt_config": {},
            "tts_config": { "voiceId": "v" },
            "analysis_plan": { "minMessagesThreshold": 2, "structuredDataPlan": { "schema": { "was_booked": {} } } },
        } });
        assert_eq!(older, wanted);
    }

    #[test]
    fn what_users_name_is_not_renamed() {
        let users = json!({
            "arguments": { "order_id": "A-1" }, "metadata": { "customer_ref": "K-1", "type": "end_call" },
            "analysis": { "was_booked": true, "next_steps": [{ "call_back": 1 }] },
        });
        assert_eq!(legacy(users.clone()), users);
    }

    #[test]
    fn a_report_is_a_documented_one() {
        let report = report();
        assert_eq!(report["end_reason"], "user_hangup");
        let messages = report["messages"].as_array().cloned().unwrap_or_default();
        let roles: Vec<_> = messages.iter().map(|message| &message["role"]).collect();
        assert_eq!(roles, ["assistant", "user", "assistant"]);
        assert!(messages.iter().all(|message| message["content"].is_string()), "{messages:?}");
    }
}
