//! The events of a phone call, as the platform sends them.

use serde_json::value::RawValue;

use crate::Deadline;

/// The JSON text of a tool call's arguments, not yet read.
#[derive(Clone)]
pub struct RawArguments(Option<Box<RawValue>>);

impl RawArguments {
    /// The text as it was sent: an object, a string that holds JSON, `null`; `None` where the member was missing.
    pub fn get(&self) -> Option<&str> {
        self.0.as_deref().map(RawValue::get)
    }
}

impl std::fmt::Debug for RawArguments {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RawArguments(..)")
    }
}

impl From<Box<RawValue>> for RawArguments {
    fn from(json: Box<RawValue>) -> Self {
        Self(Some(json))
    }
}

macro_rules! stub { ($($name:ident)*) => { $(/// Stub.
#[derive(Debug, Clone)] pub struct $name;)* } }
stub!(AssistantRequest StatusUpdate EndOfCallReport UnknownEvent Assistant CallStatus CallType Customer EventContext PhoneNumber);

/// The phone call that a handler runs for.
#[derive(Debug, Clone)]
pub struct Call {
    deadline: Deadline,
}

impl Call {
    /// How long the answer may still take.
    pub fn deadline(&self) -> Deadline {
        self.deadline
    }
}
