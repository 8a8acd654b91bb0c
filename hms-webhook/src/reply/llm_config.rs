//! The model and its prompt.

use serde_json::{Value, json};

use super::block::{block, push, setters, texts};
use crate::event::MessageRole;

block! {
    /// The model and its prompt: `llm_config` (P §4.1).
    ///
    /// Which member goes with which provider is the platform's business and changes often, so nothing is checked here.
    ///
    /// ```
    /// use hms_webhook::reply::LlmConfig;
    /// use serde_json::json;
    ///
    /// let config = LlmConfig::new("xai_realtime", "grok-voice")
    ///     .system("You answer for a garage.")
    ///     .temperature(0.4)
    ///     .voice("ara")
    ///     .tool(json!({ "type": "end_call" }))
    ///     .set("something_new", true);
    ///
    /// assert_eq!(config.get("voice"), Some(&json!("ara")));
    /// assert_eq!(config.get("tools"), Some(&json!([{ "type": "end_call" }])));
    /// ```
    LlmConfig
}

impl LlmConfig {
    /// A model of a provider, like `("openai", "gpt-5.4-mini")`.
    pub fn new(provider: impl Into<String>, model: impl Into<String>) -> Self {
        Self::default().set("provider", provider.into()).set("model", model.into())
    }

    /// Adds instructions to the prompt: a message of the role `system`.
    #[must_use]
    pub fn system(self, content: impl Into<String>) -> Self {
        self.message(MessageRole::SYSTEM, content)
    }

    /// Adds a message to the prompt; one of `messages` on the wire.
    #[must_use]
    pub fn message(mut self, role: MessageRole, content: impl Into<String>) -> Self {
        push(&mut self.0, "messages", message(&role, content.into()));
        self
    }

    /// Adds a tool; one of `tools` on the wire (P §5).
    #[must_use]
    pub fn tool(mut self, tool: impl Into<Value>) -> Self {
        push(&mut self.0, "tools", tool.into());
        self
    }

    /// Adds tools; see [`tool`](Self::tool).
    #[must_use]
    pub fn tools<T: Into<Value>>(self, tools: impl IntoIterator<Item = T>) -> Self {
        tools.into_iter().fold(self, Self::tool)
    }

    /// Adds a tool that the provider runs, like `{"type": "web_search"}`; one of `provider_tools` on the wire. For `xai_realtime`.
    #[must_use]
    pub fn provider_tool(mut self, tool: impl Into<Value>) -> Self {
        push(&mut self.0, "provider_tools", tool.into());
        self
    }

    texts! {
        /// The voice of a realtime model.
        voice;
        /// Where the model runs. For `google_realtime`.
        location;
        /// The model that analyses the call; deprecated by the platform. For `google_realtime`.
        analysis_model;
        /// `none` or `high`. For `xai_realtime`.
        reasoning_effort;
    }

    setters! {
        /// How freely the model words its answers: 0 to 2.
        temperature: f64;
        /// The longest answer in tokens: 1 to 32768. For `openai` and `google`.
        max_completion_tokens: u32;
        /// The longest answer in tokens: 1 to 32768. For `google_realtime`.
        max_output_tokens: u32;
        /// Whether the model is reached through Vertex AI. For `google_realtime`.
        vertexai: bool;
        /// When the caller's turn is over: an object with `threshold`, `prefix_padding_ms`, `silence_duration_ms`,
        /// `idle_timeout_ms`. For `xai_realtime`.
        turn_detection: impl Into<Value>;
        /// How fast the model speaks: 0.7 to 1.5. For `xai_realtime`.
        speed: f64;
        /// How the caller's speech is written down: an object with `language_hint` and `keyterms`. For `xai_realtime`.
        transcription: impl Into<Value>;
        /// What is handed to another model: an object with `model` and `instructions`. For `openai_live`.
        delegation: impl Into<Value>;
    }
}

/// One message of a prompt.
pub(super) fn message(role: &MessageRole, content: String) -> Value {
    json!({ "role": role.as_str(), "content": content })
}
