//! The status of a call changed.

use std::sync::Arc;

use super::{CallStatus, EndReason, EventContext, Members, ParseError, event};

/// The status of a call changed to [`call.status`](super::CallInfo::status) (P §3.3).
///
/// ```
/// use hms_webhook::{StatusUpdate, status_update};
///
/// #[status_update]
/// async fn note(update: StatusUpdate) {
///     if update.has_ended() {
///         println!("{} ended: {:?} {:?}", update.call.id, update.end_reason, update.error);
///     }
/// }
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct StatusUpdate {
    /// What all events have in common (P §3.0).
    pub context: Arc<EventContext>,
    /// What went wrong, with `ended-with-error` (P §3.3).
    pub error: Option<String>,
    /// Why the call ended, once it has (P §3.3).
    pub end_reason: Option<EndReason>,
}

event!(StatusUpdate, "status-update");

impl StatusUpdate {
    pub(super) fn read(mut message: Members<'_>) -> Result<Self, ParseError> {
        Ok(Self {
            error: message.take_optional_text(&["error"]),
            end_reason: message.take_optional_text(&["end_reason", "endReason"]).map(EndReason::from),
            context: Arc::new(EventContext::read(message)?),
        })
    }

    /// Whether the call is over; see [`CallStatus::has_ended`].
    pub fn has_ended(&self) -> bool {
        self.call.status.as_ref().is_some_and(CallStatus::has_ended)
    }
}
