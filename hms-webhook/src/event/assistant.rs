//! The assistant that is on a call.

use std::{fmt, sync::OnceLock};

use serde::de::DeserializeOwned;
use serde_json::{Map, Value, value::RawValue};

use super::{Members, ParseError, extra::names_only, members::Spellings, read::read_as};

/// The configuration of the assistant on a call, with every override resolved (P §3.0).
///
/// It is kept as text and read when somebody asks, member by member, so that a block of an unexpected shape
/// troubles nobody else. It can hold prompts, addresses and secrets: its `Debug` shows the names of the members only.
///
/// ```
/// use hms_webhook::event::StatusUpdate;
/// use serde::Deserialize;
///
/// #[derive(Deserialize)]
/// struct Metadata { customer_ref: String }
///
/// let update = StatusUpdate::from_json(r#"{"message": {
///     "type": "status-update",
///     "call": {"id": "c-1"},
///     "assistant": {"first_message": "Good morning.", "metadata": {"customer_ref": "K-881"}}
/// }}"#)?;
///
/// let assistant = update.assistant.as_ref().ok_or("no assistant")?;
/// assert_eq!(assistant.first_message(), Some("Good morning."));
/// let metadata: Option<Metadata> = assistant.metadata()?;
/// assert_eq!(metadata.ok_or("no metadata")?.customer_ref, "K-881");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Assistant {
    json: Box<RawValue>,
    members: OnceLock<Map<String, Value>>,
}

const FIRST_MESSAGE: &Spellings = &["first_message", "firstMessage"];
const SILENCE: &Spellings = &["autonomous_silence_handling", "autonomousSilenceHandling"];
const VOICEMAIL: &Spellings = &["voicemail_detection", "voicemailDetection"];

impl Assistant {
    pub(super) fn read(json: &RawValue) -> Option<Self> {
        let is_object = json.get().starts_with('{');
        is_object.then(|| Self { json: json.to_owned(), members: OnceLock::new() })
    }

    /// How the model is set up; an object with a `provider` and a `model` as a rule (P §3.0, P §4.1).
    pub fn llm_config(&self) -> Option<&Value> {
        self.get("llm_config")
    }

    /// How speech is recognised (P §3.0, P §4.2).
    pub fn stt_config(&self) -> Option<&Value> {
        self.get("stt_config")
    }

    /// How speech is made (P §3.0, P §4.3).
    pub fn tts_config(&self) -> Option<&Value> {
        self.get("tts_config")
    }

    /// What the assistant says first (P §3.0).
    pub fn first_message(&self) -> Option<&str> {
        self.find(FIRST_MESSAGE)?.as_str()
    }

    /// Whether the platform deals with silence by itself (P §3.0).
    pub fn autonomous_silence_handling(&self) -> Option<bool> {
        self.find(SILENCE)?.as_bool()
    }

    /// Whether voicemail is detected (P §3.0).
    pub fn voicemail_detection(&self) -> Option<bool> {
        self.find(VOICEMAIL)?.as_bool()
    }

    /// The metadata that the answer to the assistant-request gave the call, as a type of yours (P §3.0, P §4).
    /// `None` where there is none.
    ///
    /// # Errors
    /// When there is metadata that `T` cannot be read from.
    pub fn metadata<T: DeserializeOwned>(&self) -> Result<Option<T>, ParseError> {
        self.read_member("metadata")
    }

    /// Any member as a type of yours; `None` where it is missing or `null`.
    ///
    /// # Errors
    /// When `T` cannot be read from the member.
    pub fn read_member<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, ParseError> {
        let found = self.raw(name)?;
        found.map(|json| read_as(json, &format!("message.assistant.{name}"))).transpose()
    }

    /// Any member; `None` where it is missing or `null`.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.members().get(name).filter(|value| !value.is_null())
    }

    /// All members by name.
    pub fn members(&self) -> &Map<String, Value> {
        self.members.get_or_init(|| match Members::of(&self.json, "") {
            Ok(members) => members.into_extra().into(),
            Err(_) => Map::new(),
        })
    }

    /// The configuration as it was sent.
    pub fn json(&self) -> &str {
        self.json.get()
    }

    fn find(&self, spellings: &Spellings) -> Option<&Value> {
        spellings.iter().find_map(|name| self.get(name))
    }

    fn raw(&self, name: &str) -> Result<Option<&RawValue>, ParseError> {
        Ok(Members::of(&self.json, "message.assistant")?.get(name))
    }
}

impl fmt::Debug for Assistant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Assistant ")?;
        names_only(self.members(), f)
    }
}
