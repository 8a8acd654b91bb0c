//! A call comes in.

use std::sync::Arc;

use super::{EventContext, Members, ParseError, event};

/// A call comes in and the platform asks which assistant takes it (P §3.1). Its fields are those of [`EventContext`].
///
/// ```
/// use hms_webhook::AssistantRequest;
///
/// let request = AssistantRequest::from_json(
///     r#"{"message": {"type": "assistant-request", "call": {"id": "c-1"}, "customer": {"number": "+31612000111"}}}"#,
/// )?;
/// assert_eq!(request.customer_number(), Some("+31612000111"));
/// # Ok::<(), hms_webhook::event::ParseError>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct AssistantRequest {
    /// What all events have in common (P §3.0).
    pub context: Arc<EventContext>,
}

event!(AssistantRequest, "assistant-request");

impl AssistantRequest {
    pub(super) fn read(message: Members<'_>) -> Result<Self, ParseError> {
        Ok(Self { context: Arc::new(EventContext::read(message)?) })
    }
}
