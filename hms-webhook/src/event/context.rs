//! What all events have in common.

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::{
    Assistant, Extra, Members, ParseError,
    names::{CallStatus, CallType, Pipeline},
};

/// The members that every event has (P §3.0). An event derefs to it: `request.customer`, `report.call.id`.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct EventContext {
    /// When the event happened: ISO 8601 in UTC, kept as it was sent (P §3.0).
    pub timestamp: Option<String>,
    /// The call that this is about (P §3.0).
    pub call: CallInfo,
    /// Your number (P §3.0).
    pub phone_number: Option<PhoneNumber>,
    /// The other party (P §3.0).
    pub customer: Option<Customer>,
    /// The assistant that is on the call, as far as the event tells (P §3.0).
    pub assistant: Option<Assistant>,
    /// The members of `message` that have no field of their own.
    pub extra: Extra,
}

impl EventContext {
    /// Reads what an event has left in `message` after it took its own members out.
    pub(super) fn read(mut message: Members<'_>) -> Result<Self, ParseError> {
        let call = match message.take(&["call"]) {
            Some(call) => CallInfo::read(call)?,
            None => return Err(ParseError::missing("message.call")),
        };
        Self::read_with(call, message)
    }

    /// The same where nothing is sure: a call that cannot be read is an extra.
    pub(super) fn read_leniently(mut message: Members<'_>) -> Result<Self, ParseError> {
        let call = message.take_if(&["call"], |call| CallInfo::read(call).ok());
        Self::read_with(call.unwrap_or_default(), message)
    }

    fn read_with(call: CallInfo, mut message: Members<'_>) -> Result<Self, ParseError> {
        Ok(Self {
            call,
            timestamp: message.take_optional_text(&["timestamp"]),
            phone_number: message.take_if(&["phone_number", "phoneNumber"], PhoneNumber::read),
            customer: message.take_if(&["customer"], Customer::read),
            assistant: message.take_if(&["assistant"], Assistant::read),
            extra: message.into_extra(),
        })
    }

    /// The metadata that the answer to the assistant-request gave the call, as a type of yours (P §3.0, P §4).
    /// `None` where there is none.
    ///
    /// # Errors
    /// When there is metadata that `T` cannot be read from.
    pub fn metadata<T: DeserializeOwned>(&self) -> Result<Option<T>, ParseError> {
        self.assistant.as_ref().map_or(Ok(None), Assistant::metadata)
    }

    /// The number of the other party, in E.164; `None` on web calls (P §3.0).
    pub fn customer_number(&self) -> Option<&str> {
        self.customer.as_ref()?.number.as_deref()
    }
}

/// The call that an event is about (P §3.0).
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct CallInfo {
    /// The call's id: opaque, and never empty but for an [`UnknownEvent`](super::UnknownEvent) that has none (P §3.0, §7.18).
    pub id: String,
    /// How the call came about; `type` on the wire (P §3.0).
    pub call_type: Option<CallType>,
    /// Where the call stands (P §3.0, P §3.3).
    pub status: Option<CallStatus>,
    /// How speech is processed (P §3.0).
    pub pipeline: Option<Pipeline>,
    /// The members of `call` that have no field of their own.
    pub extra: Extra,
}

impl CallInfo {
    fn read(json: &RawValue) -> Result<Self, ParseError> {
        let mut call = Members::of(json, "message.call")?;
        Ok(Self {
            id: call.take_text("id", "message.call")?,
            call_type: call.take_optional_text(&["type"]).map(CallType::from),
            status: call.take_optional_text(&["status"]).map(CallStatus::from),
            pipeline: call.take_optional_text(&["pipeline"]).map(Pipeline::from),
            extra: call.into_extra(),
        })
    }
}

/// One of your phone numbers (P §3.0).
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct PhoneNumber {
    /// The platform's id of the number; often missing (P §3.0).
    pub id: Option<String>,
    /// The number in E.164; `None` on web calls (P §3.0).
    pub number: Option<String>,
    /// What you named it (P §3.0).
    pub name: Option<String>,
    /// The members that have no field of their own.
    pub extra: Extra,
}

impl PhoneNumber {
    fn read(json: &RawValue) -> Option<Self> {
        let mut members = Members::of(json, "").ok()?;
        Some(Self {
            id: members.take_optional_text(&["id"]),
            number: members.take_optional_text(&["number"]),
            name: members.take_optional_text(&["name"]),
            extra: members.into_extra(),
        })
    }
}

/// The other party of a call (P §3.0).
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Customer {
    /// The number in E.164; `None` on web calls (P §3.0).
    pub number: Option<String>,
    /// The members that have no field of their own.
    pub extra: Extra,
}

impl Customer {
    fn read(json: &RawValue) -> Option<Self> {
        let mut members = Members::of(json, "").ok()?;
        Some(Self { number: members.take_optional_text(&["number"]), extra: members.into_extra() })
    }
}
