//! Made-up messages to begin with.

use serde_json::{Value, json};

use crate::schema::ToolDefinition;

/// Arguments that a tool takes.
pub(super) fn arguments(_definition: &ToolDefinition) -> Value {
    Value::Null
}

/// A message of each documented event (PROTOCOL.md §3).
pub(super) fn events() -> Value {
    json!({})
}
