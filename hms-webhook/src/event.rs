//! The events of a phone call, as the platform sends them.

use bytes::Bytes;

use crate::Deadline;

/// The raw JSON text of a tool call's arguments.
#[derive(Debug, Clone)]
pub struct RawArguments(Bytes);

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
