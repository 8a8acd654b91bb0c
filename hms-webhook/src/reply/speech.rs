//! How speech is recognised and made.

use super::block::{block, setters, text_lists, texts};

block! {
    /// How speech is recognised: `stt_config` (P §4.2).
    ///
    /// ```
    /// use hms_webhook::reply::SttConfig;
    ///
    /// let config = SttConfig::new("deepgram", "nova-3", "nl").keyterms(["APK", "distributieriem"]).endpointing(300);
    /// assert_eq!(
    ///     serde_json::to_string(&config)?,
    ///     r#"{"provider":"deepgram","model":"nova-3","language":"nl","keyterms":["APK","distributieriem"],"endpointing":300}"#,
    /// );
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    SttConfig
}

impl SttConfig {
    /// A model of a provider, and the language that is spoken: like `("deepgram", "nova-3", "nl")`, or `multi` for many.
    pub fn new(provider: impl Into<String>, model: impl Into<String>, language: impl Into<String>) -> Self {
        Self::default().set("provider", provider.into()).set("model", model.into()).set("language", language.into())
    }

    text_lists! {
        /// Words to listen for. For `deepgram`.
        keyterms;
        /// The languages that may be spoken. For `gladia`.
        languages;
        /// Words to listen for. For `gladia`.
        custom_vocabulary;
        /// The languages to translate into. For `gladia`.
        translation_target_languages;
    }

    texts! {
        /// `eu-west` or `us-west`. For `gladia`.
        region;
    }

    setters! {
        /// Whether numbers, dates and the like are formatted. For `deepgram`.
        smart_format: bool;
        /// The silence that ends an utterance: milliseconds, 0 to 5000, for `deepgram`; seconds, 0.01 to 1, for `gladia`.
        endpointing: impl Into<serde_json::Value>;
        /// Whether numbers are written as digits. For `deepgram`.
        numerals: bool;
        /// Whether filler words are kept. For `deepgram`.
        filler_words: bool;
        /// The pause that ends an utterance, in milliseconds: 1000 to 5000. For `deepgram`.
        utterance_end_ms: u32;
        /// Whether the result is sent before it could be formatted. For `deepgram`.
        no_delay: bool;
        /// Whether sounds other than speech are noted. For `elevenlabs`.
        tag_audio_events: bool;
        /// Whether words carry their time. For `elevenlabs`.
        include_timestamps: bool;
        /// Samples per second: 16000 or 8000. For `elevenlabs`.
        sample_rate: u32;
        /// Whether the language may change within the call. For `gladia`.
        code_switching: bool;
        /// Whether what was said is translated. For `gladia`.
        translation_enabled: bool;
    }
}

block! {
    /// How speech is made: `tts_config` (P §4.3).
    ///
    /// ```
    /// use hms_webhook::reply::TtsConfig;
    ///
    /// let config = TtsConfig::new("elevenlabs", "voice-7").model("eleven_flash_v2_5").stability(0.5);
    /// assert_eq!(
    ///     serde_json::to_string(&config)?,
    ///     r#"{"provider":"elevenlabs","voice_id":"voice-7","model":"eleven_flash_v2_5","stability":0.5}"#,
    /// );
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    TtsConfig
}

impl TtsConfig {
    /// A voice of a provider, like `("elevenlabs", "voice-7")`.
    pub fn new(provider: impl Into<String>, voice_id: impl Into<String>) -> Self {
        Self::default().set("provider", provider.into()).set("voice_id", voice_id.into())
    }

    texts! {
        /// The model that speaks.
        model;
        /// The language that is spoken. For `elevenlabs`, `inworld`, `google` and `xai`.
        language;
        /// How numbers and abbreviations are spelled out: `auto`, `on` or `off`. For `elevenlabs`.
        apply_text_normalization;
        /// How to speak, in words. For `google`.
        instructions;
    }

    setters! {
        /// How fast it speaks: 0.5 to 2. For `elevenlabs` and `inworld`.
        speed: f64;
        /// How even the voice is: 0 to 1. For `elevenlabs`.
        stability: f64;
        /// How near it stays to the original voice: 0 to 1. For `elevenlabs`.
        similarity_boost: f64;
        /// How much of the original's style it has: 0 to 1. For `elevenlabs`.
        style: f64;
        /// Whether the likeness to the original speaker is raised. For `elevenlabs`.
        use_speaker_boost: bool;
        /// Whether that is done by the rules of the language. For `elevenlabs`.
        apply_language_text_normalization: bool;
        /// How fast it speaks: 0.25 to 2. For `google`.
        speaking_rate: f64;
    }
}
