//! The configuration of an assistant.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::{
    AnalysisPlan, LlmConfig, SttConfig, TtsConfig,
    block::{block, insert, setters, texts},
};
use crate::event::EventType;

block! {
    /// The configuration of an assistant, or the part of one that an answer changes (P §4).
    ///
    /// Each block that is given replaces the saved one as a whole (P §3.1, §7.7): send complete blocks.
    /// How long the call may take is not said here but on the reply: [`AssistantReply::max_duration`](super::AssistantReply::max_duration).
    ///
    /// ```
    /// use hms_webhook::reply::{AssistantConfig, LlmConfig, TtsConfig};
    ///
    /// let config = AssistantConfig::new()
    ///     .first_message("Hello Mrs Vos.")
    ///     .llm_config(LlmConfig::new("openai", "gpt-5.4-mini").system("You answer for a garage."))
    ///     .tts_config(TtsConfig::new("elevenlabs", "voice-7"))
    ///     .metadata_entry("customer_ref", "K-881");
    ///
    /// assert_eq!(
    ///     serde_json::to_value(&config)?,
    ///     serde_json::json!({
    ///         "first_message": "Hello Mrs Vos.",
    ///         "llm_config": {
    ///             "provider": "openai",
    ///             "model": "gpt-5.4-mini",
    ///             "messages": [{ "role": "system", "content": "You answer for a garage." }]
    ///         },
    ///         "tts_config": { "provider": "elevenlabs", "voice_id": "voice-7" },
    ///         "metadata": { "customer_ref": "K-881" }
    ///     })
    /// );
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    AssistantConfig
}

impl AssistantConfig {
    /// A configuration that changes nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    texts! {
        /// What the assistant says first (P §4).
        first_message;
        /// What is left on a voicemail (P §4). Acts on outbound calls only.
        voicemail_message;
        /// Where the events of the call go (P §1.2, P §4). Documented for assistants, not for this answer.
        webhook_url;
        /// What signs those events (P §2, P §4). Documented for assistants, not for this answer.
        webhook_secret;
    }

    setters! {
        /// The model and its prompt (P §4.1).
        llm_config: LlmConfig;
        /// How speech is recognised (P §4.2). Leave it out with a realtime model.
        stt_config: SttConfig;
        /// How speech is made (P §4.3). Leave it out with a realtime model.
        tts_config: TtsConfig;
        /// What is drawn from the conversation after the call (P §4.4).
        analysis_plan: AnalysisPlan;
        /// What comes back as `metadata` in every later event of the call (P §4): an object.
        ///
        /// For a type of yours there is [`metadata_from`](Self::metadata_from), for single entries
        /// [`metadata_entry`](Self::metadata_entry). Read it with [`Call::metadata`](crate::Call::metadata).
        metadata: impl Into<Value>;
        /// Whether the platform deals with silence by itself (P §4). Documented for assistants, not for this answer.
        autonomous_silence_handling: bool;
        /// Whether voicemail is detected (P §4). Acts on outbound calls only.
        voicemail_detection: bool;
        /// How turns are taken, words pronounced and silences filled (P §4.5): an object.
        /// Documented for saved assistants, not for this answer.
        speech_config: impl Into<Value>;
    }

    /// The metadata from a type of yours; see [`metadata`](Self::metadata).
    ///
    /// # Errors
    /// When the value cannot be written as JSON, like a map whose keys are no strings.
    pub fn metadata_from(self, metadata: &impl Serialize) -> Result<Self, serde_json::Error> {
        Ok(self.metadata(serde_json::to_value(metadata)?))
    }

    /// Adds one entry to the metadata; see [`metadata`](Self::metadata).
    #[must_use]
    pub fn metadata_entry(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        insert(&mut self.0, "metadata", name, value.into());
        self
    }

    /// How long the caller may be silent; `silence_timeout_seconds` on the wire, in whole seconds, rounded up (P §4).
    /// Documented for assistants, not for this answer.
    #[must_use]
    pub fn silence_timeout(self, timeout: Duration) -> Self {
        self.set("silence_timeout_seconds", super::whole_seconds(timeout))
    }

    /// Which events of the call are sent (P §1.2, P §4). Documented for assistants, not for this answer.
    #[must_use]
    pub fn webhook_events(self, events: impl IntoIterator<Item = EventType>) -> Self {
        let events: Value = events.into_iter().map(|event| event.as_str().to_owned()).collect();
        self.set("webhook_events", events)
    }

    /// Takes the limit out that assistants elsewhere have among their members (P §7.9).
    pub(super) fn take_limit(&mut self) -> Option<u64> {
        let mut limit = None;
        for name in super::LIMIT {
            if self.0.get(*name).is_some_and(Value::is_u64) {
                limit = limit.or(self.0.shift_remove(*name));
            }
        }
        limit?.as_u64()
    }
}
