//! A call is over and was summed up.

use std::{fmt, sync::Arc, time::Duration};

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::{EndReason, EventContext, Extra, Hidden, Members, MessageRole, ParseError, event, read::read_as};

/// A call is over and was summed up (P §3.4). Its `Debug` hides what was said.
///
/// ```
/// use hms_webhook::EndOfCallReport;
/// use serde::Deserialize;
///
/// #[derive(Deserialize)]
/// struct Analysis { booked: bool }
///
/// let report = EndOfCallReport::from_json(r#"{"message": {
///     "type": "end-of-call-report",
///     "call": {"id": "c-1", "status": "ended"},
///     "duration_seconds": 182,
///     "analysis": {"booked": true}
/// }}"#)?;
/// assert_eq!(report.duration_seconds, Some(182));
/// assert!(report.analysis::<Analysis>()?.is_some_and(|analysis| analysis.booked));
/// # Ok::<(), hms_webhook::event::ParseError>(())
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct EndOfCallReport {
    /// What all events have in common (P §3.0).
    pub context: Arc<EventContext>,
    /// How long the whole call took (P §3.4). A fraction is rounded to the nearest second; a negative number is an extra.
    pub duration_seconds: Option<u64>,
    /// What the call was about, written by a model (P §3.4).
    pub summary: Option<String>,
    /// What was said; empty where the report does not tell (P §3.4).
    pub messages: Vec<Message>,
    /// Where the recording is, if one was made (P §3.4).
    pub recording_url: Option<String>,
    /// Why the call ended (P §3.4).
    pub end_reason: Option<EndReason>,
    /// When the call began: ISO 8601 as far as is known, kept as it was sent (P §3.4).
    pub started_at: Option<String>,
    /// When the call ended, likewise (P §3.4).
    pub ended_at: Option<String>,
    analysis: Option<Box<RawValue>>,
}

event!(EndOfCallReport, "end-of-call-report");

impl EndOfCallReport {
    pub(super) fn read(mut message: Members<'_>) -> Result<Self, ParseError> {
        Ok(Self {
            duration_seconds: message.take_if(&["duration_seconds", "durationSeconds"], seconds),
            summary: message.take_optional_text(&["summary"]),
            messages: message.take_if(&["messages"], Message::read_list).unwrap_or_default(),
            recording_url: message.take_optional_text(&["recording_url", "recordingUrl"]),
            end_reason: message.take_optional_text(&["end_reason", "endReason"]).map(EndReason::from),
            started_at: message.take_optional_text(&["started_at", "startedAt"]),
            ended_at: message.take_optional_text(&["ended_at", "endedAt"]),
            analysis: message.take_if(&["analysis"], |json| Some(json.to_owned())),
            context: Arc::new(EventContext::read(message)?),
        })
    }

    /// The structured analysis as a type of yours: what the schema of your `analysis_plan` asks for (P §3.4, P §4.4).
    /// `None` where there is none: no plan, or too short a call.
    ///
    /// # Errors
    /// When there is an analysis that `T` cannot be read from.
    pub fn analysis<T: DeserializeOwned>(&self) -> Result<Option<T>, ParseError> {
        self.analysis.as_deref().map(|json| read_as(json, "message.analysis")).transpose()
    }

    /// The structured analysis as it was sent.
    pub fn analysis_json(&self) -> Option<&str> {
        self.analysis.as_deref().map(RawValue::get)
    }

    /// How long the whole call took.
    pub fn duration(&self) -> Option<Duration> {
        self.duration_seconds.map(Duration::from_secs)
    }
}

impl fmt::Debug for EndOfCallReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EndOfCallReport")
            .field("context", &self.context)
            .field("duration_seconds", &self.duration_seconds)
            .field("summary", &self.summary.as_ref().map(|_| Hidden))
            .field("messages", &self.messages)
            .field("recording_url", &self.recording_url.as_ref().map(|_| Hidden))
            .field("end_reason", &self.end_reason)
            .field("started_at", &self.started_at)
            .field("ended_at", &self.ended_at)
            .field("analysis", &self.analysis.as_ref().map(|_| Hidden))
            .finish()
    }
}

/// One message of a conversation (P §3.4). Its `Debug` hides what was said.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct Message {
    /// Who said it.
    pub role: Option<MessageRole>,
    /// What was said; empty where that is missing, `null` or no text (then it is in `extra`).
    pub content: String,
    /// The members that have no field of their own.
    pub extra: Extra,
}

impl Message {
    fn read_list(json: &RawValue) -> Option<Vec<Self>> {
        let list: Vec<&RawValue> = serde_json::from_str(json.get()).ok()?;
        list.into_iter().map(Self::read).collect()
    }

    fn read(json: &RawValue) -> Option<Self> {
        let mut members = Members::of(json, "").ok()?;
        Some(Self {
            role: members.take_optional_text(&["role"]).map(MessageRole::from),
            content: members.take_optional_text(&["content"]).unwrap_or_default(),
            extra: members.into_extra(),
        })
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("role", &self.role)
            .field("content", &Hidden)
            .field("extra", &self.extra)
            .finish()
    }
}

/// A number of seconds, to the nearest whole one.
fn seconds(json: &RawValue) -> Option<u64> {
    match serde_json::from_str(json.get()) {
        Ok(seconds) => Some(seconds),
        Err(_) => {
            let seconds: f64 = serde_json::from_str(json.get()).ok()?;
            (seconds >= 0.0).then(|| seconds.round() as u64)
        }
    }
}
