//! What is answered to the platform (PROTOCOL.md §4).

mod analysis_plan;
mod assistant_config;
mod block;
mod llm_config;
mod speech;
#[cfg(test)]
mod tests;

use std::{fmt, time::Duration};

use serde::{Serialize, Serializer, ser::SerializeMap};

pub use self::{
    analysis_plan::AnalysisPlan,
    assistant_config::AssistantConfig,
    llm_config::LlmConfig,
    speech::{SttConfig, TtsConfig},
};
use crate::event::{Hidden, Members, ParseError};

/// The answer to an assistant-request: which assistant takes the call, or that none does (P §3.1, P §4).
///
/// Its `Debug` hides the configuration and what is spoken.
///
/// ```
/// use std::time::Duration;
/// use hms_webhook::{AssistantReply, reply::AssistantConfig};
///
/// fn answer(open: bool, caller: Option<&str>) -> AssistantReply {
///     if !open {
///         return AssistantReply::reject("We are closed now. Please call again tomorrow from nine.");
///     }
///     match caller {
///         Some(name) => AssistantReply::assistant(AssistantConfig::new().first_message(format!("Hello {name}."))),
///         None => AssistantReply::saved(),
///     }
///     .max_duration(Duration::from_secs(600))
/// }
///
/// assert_eq!(
///     serde_json::to_string(&answer(true, Some("Mrs Vos")))?,
///     r#"{"assistant":{"first_message":"Hello Mrs Vos."},"max_duration_seconds":600}"#,
/// );
/// assert_eq!(serde_json::to_string(&answer(true, None))?, r#"{"max_duration_seconds":600}"#);
/// assert!(answer(false, None).is_rejection());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct AssistantReply(Answer);

/// The limit belongs to a call that takes place, so a rejection has no room for one.
#[derive(Clone, PartialEq)]
enum Answer {
    Accept { assistant: Choice, max_duration: Option<Duration> },
    Reject { spoken: String },
}

#[derive(Clone, PartialEq)]
enum Choice {
    Saved,
    Given(AssistantConfig),
    ById { id: String, changes: Option<AssistantConfig> },
}

impl AssistantReply {
    /// The saved assistant takes the call, unchanged: `{}` (P §3.1).
    /// A number that no assistant is linked to has none to fall back on (P §7.12).
    pub fn saved() -> Self {
        Self::accept(Choice::Saved)
    }

    /// The saved assistant takes the call with these changes; or, for a number without one, an assistant
    /// that is made of this configuration alone: `assistant` on the wire (P §3.1, §7.7).
    pub fn assistant(config: AssistantConfig) -> Self {
        Self::accept(Choice::Given(config))
    }

    /// Another saved assistant takes the call, unchanged: `assistant_id` on the wire (P §3.1).
    pub fn saved_by_id(id: impl Into<String>) -> Self {
        Self::accept(Choice::ById { id: id.into(), changes: None })
    }

    /// Another saved assistant takes the call with these changes, each of which replaces a whole block:
    /// `assistant_id` and `assistant_override` on the wire (P §3.1).
    pub fn saved_by_id_with(id: impl Into<String>, changes: AssistantConfig) -> Self {
        Self::accept(Choice::ById { id: id.into(), changes: Some(changes) })
    }

    /// Nobody takes the call; the caller hears this text: `error` on the wire, and nothing beside it (P §3.1, §7.10).
    pub fn reject(spoken: impl Into<String>) -> Self {
        Self(Answer::Reject { spoken: spoken.into() })
    }

    /// How long the call may take: `max_duration_seconds` on the wire, in whole seconds, rounded up, at least one (P §3.1).
    ///
    /// A rejection stays as it is: there is no call to limit.
    #[must_use]
    pub fn max_duration(mut self, limit: Duration) -> Self {
        if let Answer::Accept { max_duration, .. } = &mut self.0 {
            *max_duration = Some(limit);
        }
        self
    }

    fn accept(assistant: Choice) -> Self {
        Self(Answer::Accept { assistant, max_duration: None })
    }
}

/// For tests: what an answer says.
impl AssistantReply {
    /// Reads an answer from its JSON. Members that are not known are ignored; `error` makes it a rejection whatever
    /// stands beside it; the limit may also stand inside the configuration (P §7.9), from where it is moved.
    ///
    /// ```
    /// use hms_webhook::AssistantReply;
    ///
    /// let reply = AssistantReply::from_json(r#"{"error": "We are closed."}"#)?;
    /// assert_eq!(reply.rejection(), Some("We are closed."));
    /// # Ok::<(), hms_webhook::event::ParseError>(())
    /// ```
    ///
    /// # Errors
    /// When the text is no JSON object, a member has the wrong type, `assistant_override` comes without an
    /// `assistant_id`, or `assistant` with one.
    pub fn from_json(json: &str) -> Result<Self, ParseError> {
        let mut members = Members::of_body(json)?;
        if let Some(spoken) = member::<String>(&mut members, &["error"], "a string")? {
            return Ok(Self::reject(spoken));
        }

        let given: Option<AssistantConfig> = member(&mut members, &["assistant"], "an object")?;
        let changes = member(&mut members, &["assistant_override", "assistantOverride"], "an object")?;
        let id = member(&mut members, &["assistant_id", "assistantId"], "a string")?;
        let limit: Option<u64> = member(&mut members, LIMIT, "a whole number")?;

        let mut assistant = match (given, id, changes) {
            (None, None, None) => Choice::Saved,
            (Some(config), None, None) => Choice::Given(config),
            (None, Some(id), changes) => Choice::ById { id, changes },
            (None, None, Some(_)) => return Err(ParseError::missing("assistant_id")),
            (Some(_), Some(_), _) => return Err(ParseError::unexpected("assistant_id")),
            (Some(_), None, Some(_)) => return Err(ParseError::unexpected("assistant_override")),
        };
        let inner = assistant.config_mut().and_then(AssistantConfig::take_limit);
        let max_duration = limit.or(inner).map(Duration::from_secs);
        Ok(Self(Answer::Accept { assistant, max_duration }))
    }

    /// Whether the call is rejected.
    pub fn is_rejection(&self) -> bool {
        self.rejection().is_some()
    }

    /// What the rejected caller hears.
    pub fn rejection(&self) -> Option<&str> {
        match &self.0 {
            Answer::Reject { spoken } => Some(spoken),
            Answer::Accept { .. } => None,
        }
    }

    /// The saved assistant that was named.
    pub fn assistant_id(&self) -> Option<&str> {
        match self.choice()? {
            Choice::ById { id, .. } => Some(id),
            _ => None,
        }
    }

    /// The configuration that was given, be it an `assistant` or an `assistant_override`.
    pub fn config(&self) -> Option<&AssistantConfig> {
        match self.choice()? {
            Choice::Saved => None,
            Choice::Given(config) => Some(config),
            Choice::ById { changes, .. } => changes.as_ref(),
        }
    }

    /// How long the call may take, as it was given.
    pub fn limit(&self) -> Option<Duration> {
        match &self.0 {
            Answer::Accept { max_duration, .. } => *max_duration,
            Answer::Reject { .. } => None,
        }
    }

    fn choice(&self) -> Option<&Choice> {
        match &self.0 {
            Answer::Accept { assistant, .. } => Some(assistant),
            Answer::Reject { .. } => None,
        }
    }
}

impl Choice {
    fn config_mut(&mut self) -> Option<&mut AssistantConfig> {
        match self {
            Self::Saved => None,
            Self::Given(config) => Some(config),
            Self::ById { changes, .. } => changes.as_mut(),
        }
    }
}

impl Serialize for AssistantReply {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut reply = serializer.serialize_map(None)?;
        match &self.0 {
            Answer::Reject { spoken } => reply.serialize_entry("error", spoken)?,
            Answer::Accept { assistant, max_duration } => {
                match assistant {
                    Choice::Saved => {}
                    Choice::Given(config) => reply.serialize_entry("assistant", config)?,
                    Choice::ById { id, changes } => {
                        reply.serialize_entry("assistant_id", id)?;
                        if let Some(changes) = changes {
                            reply.serialize_entry("assistant_override", changes)?;
                        }
                    }
                }
                if let Some(limit) = max_duration {
                    reply.serialize_entry("max_duration_seconds", &whole_seconds(*limit))?;
                }
            }
        }
        reply.end()
    }
}

impl fmt::Debug for AssistantReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Answer::Reject { .. } => f.debug_tuple("Reject").field(&Hidden).finish(),
            Answer::Accept { assistant, max_duration } => {
                let mut shown = match assistant {
                    Choice::Saved => f.debug_struct("Saved"),
                    Choice::Given(_) => f.debug_struct("Assistant"),
                    Choice::ById { .. } => f.debug_struct("SavedById"),
                };
                if let Choice::ById { id, .. } = assistant {
                    shown.field("id", id);
                }
                if let Some(config) = self.config() {
                    shown.field("config", config);
                }
                shown.field("max_duration", max_duration).finish()
            }
        }
    }
}

const LIMIT: &[&str] = &["max_duration_seconds", "maxDurationSeconds"];

/// Whole seconds that are not shorter than `duration`, and at least one.
fn whole_seconds(duration: Duration) -> u64 {
    let begun = u64::from(duration.subsec_nanos() > 0);
    duration.as_secs().saturating_add(begun).max(1)
}

/// A member of an answer, `None` where it is missing or `null`.
fn member<T: serde::de::DeserializeOwned>(
    members: &mut Members<'_>,
    spellings: &[&'static str],
    expected: &str,
) -> Result<Option<T>, ParseError> {
    let Some(json) = members.take(spellings) else { return Ok(None) };
    serde_json::from_str(json.get())
        .map_err(|_| ParseError::wrong(spellings.first().unwrap_or(&""), expected, crate::event::found(json)))
}
