//! Events of types that this version does not know.

use std::{fmt, sync::Arc};

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::{EventContext, EventType, Hidden, Members, ParseError, has_context, read::read_as};

/// An event of a type that this version does not know. Its `Debug` hides its content.
///
/// Nothing is known about its shape, so nothing of it is required: where it names no call, `call.id` is empty.
///
/// ```
/// use hms_webhook::event::Event;
/// use serde::Deserialize;
///
/// #[derive(Deserialize)]
/// struct Hold { seconds: u32 }
///
/// let event = Event::parse(br#"{"message": {"type": "call-held", "call": {"id": "c-1"}, "seconds": 20}}"#)?;
/// let Event::Unknown(event) = event else { panic!("a known event") };
/// assert_eq!(event.kind, "call-held");
/// assert_eq!(event.call.id, "c-1");
/// assert_eq!(event.read::<Hold>()?.seconds, 20);
/// # Ok::<(), hms_webhook::event::ParseError>(())
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct UnknownEvent {
    /// The event's type, as it was sent (P §3.0).
    pub kind: EventType,
    /// What all events have in common, as far as this one has it (P §3.0).
    pub context: Arc<EventContext>,
    raw: Box<RawValue>,
}

has_context!(UnknownEvent);

impl UnknownEvent {
    pub(super) fn from_message(kind: EventType, message: Members<'_>, body: &str) -> Result<Self, ParseError> {
        let raw = Members::of_body(body)?.take(&["message"]).ok_or_else(|| ParseError::missing("message"))?;
        Ok(Self { kind, context: Arc::new(EventContext::read_leniently(message)?), raw: raw.to_owned() })
    }

    /// Everything in `message`, as a type of yours.
    ///
    /// # Errors
    /// When `T` cannot be read from it.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, ParseError> {
        read_as(&self.raw, "message")
    }

    /// Everything in `message`, as it was sent.
    pub fn json(&self) -> &str {
        self.raw.get()
    }
}

impl fmt::Debug for UnknownEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnknownEvent")
            .field("kind", &self.kind)
            .field("context", &self.context)
            .field("raw", &Hidden)
            .finish()
    }
}
