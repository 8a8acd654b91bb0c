//! The events of a phone call, as the platform sends them (PROTOCOL.md §3).
//!
//! Everything here survives what the platform may leave out, blank or add: only `call.id` is required, plus, of a
//! tool call, its `id` and its name. A member that is missing or `null` is `None`; one that nobody knows, or whose
//! type is not the expected one, is kept in `extra`. The older camelCase spellings (P §3.5) are read as well; where
//! a message holds both, the snake_case one counts. Of a member that comes twice the last one counts.
//!
//! Who sent an event, and which handler gets it, is decided elsewhere.

mod assistant;
mod assistant_request;
mod call;
mod context;
mod end_of_call_report;
mod error;
mod extra;
mod lazy;
mod members;
mod names;
mod plain;
mod read;
mod status_update;
mod surrogates;
#[cfg(test)]
mod tests;
mod tool_calls;
mod unknown;

use bytes::Bytes;
use bytestring::ByteString;
use serde_json::value::RawValue;

pub use self::{
    assistant::Assistant,
    assistant_request::AssistantRequest,
    call::Call,
    context::{CallInfo, Customer, EventContext, PhoneNumber},
    end_of_call_report::{EndOfCallReport, Message},
    error::ParseError,
    extra::Extra,
    lazy::LazyContext,
    names::{CallStatus, CallType, EndReason, EventType, MessageRole, Pipeline, ToolCallType},
    status_update::StatusUpdate,
    tool_calls::{RawArguments, ToolCall, ToolCalls},
    unknown::UnknownEvent,
};
pub(crate) use self::{
    extra::Hidden,
    members::{Members, found},
};

/// One event of a phone call.
///
/// ```
/// use hms_webhook::event::Event;
///
/// let event = Event::parse(br#"{"message": {"type": "status-update", "call": {"id": "c-1", "status": "ended"}}}"#)?;
/// let Event::StatusUpdate(update) = event else { panic!("another event") };
/// assert_eq!(update.call.id, "c-1");
/// assert!(update.has_ended());
/// # Ok::<(), hms_webhook::event::ParseError>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Event {
    /// A call comes in and the platform asks which assistant takes it (P §3.1).
    AssistantRequest(AssistantRequest),
    /// The model, or a workflow, calls tools (P §3.2).
    ToolCalls(ToolCalls),
    /// The status of a call changed (P §3.3).
    StatusUpdate(StatusUpdate),
    /// A call is over and was summed up (P §3.4).
    EndOfCallReport(EndOfCallReport),
    /// An event of a type that this version does not know.
    Unknown(UnknownEvent),
}

impl Event {
    /// Reads the body of a request. `message.type` alone decides which event it is.
    ///
    /// # Errors
    /// When the body is not JSON, is not the envelope, or lacks what its event cannot do without.
    pub fn parse(body: &[u8]) -> Result<Self, ParseError> {
        let body = Bytes::copy_from_slice(body);
        Self::plain_tool_calls(&body).map_or_else(|| Self::parse_shared(&body), Ok)
    }

    /// Tool calls in `body`, if it is as it nearly always is: read in one pass, and without following down what is
    /// nested. What is read later is read from `body`, which is not copied.
    pub(crate) fn plain_tool_calls(body: &Bytes) -> Option<Self> {
        let body = ByteString::try_from(surrogates::repaired(body)).ok()?;
        plain::tool_calls(&body).map(Self::ToolCalls)
    }

    /// As [`Self::parse`], for what the quick reader leaves to the thorough one.
    pub(crate) fn parse_shared(body: &Bytes) -> Result<Self, ParseError> {
        // The text is checked once for all who read it.
        let body = ByteString::try_from(surrogates::repaired(body)).map_err(|_| not_text(body))?;
        let mut message = Members::of_message(&body)?;
        let kind = EventType::from(message.take_text("type", "message")?);

        match kind.as_str() {
            "assistant-request" => AssistantRequest::read(message).map(Self::AssistantRequest),
            "tool-calls" => ToolCalls::read(message).map(Self::ToolCalls),
            "status-update" => StatusUpdate::read(message).map(Self::StatusUpdate),
            "end-of-call-report" => EndOfCallReport::read(message).map(Self::EndOfCallReport),
            _ => UnknownEvent::from_message(kind, message, &body).map(Self::Unknown),
        }
    }

    /// The event's type, `message.type` on the wire (P §3.0).
    pub fn kind(&self) -> EventType {
        match self {
            Self::AssistantRequest(_) => EventType::ASSISTANT_REQUEST,
            Self::ToolCalls(_) => EventType::TOOL_CALLS,
            Self::StatusUpdate(_) => EventType::STATUS_UPDATE,
            Self::EndOfCallReport(_) => EventType::END_OF_CALL_REPORT,
            Self::Unknown(event) => event.kind.clone(),
        }
    }

    /// The id of the call that the event is about (P §3.0); empty where an event of an unknown type names none.
    pub fn call_id(&self) -> &str {
        match self {
            Self::ToolCalls(event) => event.context.call_id(),
            _ => &self.context().call.id,
        }
    }

    /// The same, to be kept.
    pub(crate) fn shared_call_id(&self) -> ByteString {
        match self {
            Self::ToolCalls(event) => event.context.shared_call_id(),
            _ => self.call_id().into(),
        }
    }

    /// Whether a phone call waits for the answer (P §1.3).
    pub fn is_waited_for(&self) -> bool {
        matches!(self, Self::AssistantRequest(_) | Self::ToolCalls(_))
    }

    /// Whether this calls `tool`, and no other one.
    pub(crate) fn calls_only(&self, tool: &str) -> bool {
        matches!(self, Self::ToolCalls(calls) if calls.tool_call_list.iter().all(|call| call.name == tool))
    }

    /// What all events have in common (P §3.0).
    pub fn context(&self) -> &EventContext {
        match self {
            Self::AssistantRequest(event) => &event.context,
            Self::ToolCalls(event) => &event.context,
            Self::StatusUpdate(event) => &event.context,
            Self::EndOfCallReport(event) => &event.context,
            Self::Unknown(event) => &event.context,
        }
    }
}

/// What is wrong with a body that is not UTF-8.
fn not_text(body: &[u8]) -> ParseError {
    match serde_json::from_slice::<&RawValue>(body) {
        Err(error) => ParseError::not_json("", &error),
        Ok(_) => ParseError::unreadable(""),
    }
}

/// Gives an event the fields of its context, and a way to make one in a test.
macro_rules! event {
    ($name:ident, $kind:literal) => {
        impl $name {
            /// Reads one from the whole body of a request: what a unit test hands to a handler.
            ///
            /// # Errors
            /// As [`Event::parse`](crate::event::Event::parse), and when the body holds an event of another type.
            pub fn from_json(body: &str) -> Result<Self, crate::event::ParseError> {
                match crate::event::Event::parse(body.as_bytes())? {
                    crate::event::Event::$name(event) => Ok(event),
                    _ => Err(crate::event::ParseError::wrong("message.type", concat!("`", $kind, "`"), "another type")),
                }
            }
        }

        crate::event::has_context!($name);
    };
}

macro_rules! has_context {
    ($name:ident) => {
        impl std::ops::Deref for $name {
            type Target = crate::event::EventContext;

            fn deref(&self) -> &Self::Target {
                &self.context
            }
        }
    };
}

use {event, has_context};
