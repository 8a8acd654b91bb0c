//! Made-up messages to begin with.

use std::time::SystemTime;

use serde_json::{Value, json};

use crate::schema::{ToolDefinition, sample::current_sample};

/// Arguments that a tool takes.
pub(super) fn arguments(definition: &ToolDefinition) -> Value {
    current_sample(&definition.parameters, SystemTime::now())
}

/// The members that an event has of its own, made up (PROTOCOL.md §3). A page adds the call, the numbers and the time.
pub(super) fn events() -> Value {
    json!({
        "end-of-call-report": {
            "duration_seconds": 182,
            "end_reason": "user_hangup",
            "summary": "The caller asked about an order and was told when it arrives.",
            "messages": [
                { "role": "assistant", "content": "Good morning, how can I help?" },
                { "role": "user", "content": "Where is my order?" },
            ],
        },
    })
}
