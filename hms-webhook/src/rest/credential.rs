//! Texts that must not be shown: the API key and webhook secrets.

use std::fmt;

/// A secret text that no `Debug` shows.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Credential(String);

impl Credential {
    pub(crate) fn new(text: String) -> Self {
        Self(text)
    }

    /// The text itself, for the one place that sends it.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }

    /// `text` without this secret, should a foreign text repeat it.
    pub(crate) fn redact(&self, text: &str) -> String {
        const HIDDEN: &str = "(hidden)";
        if self.0.is_empty() {
            return text.to_owned();
        }
        // Inside a piece of JSON it is written with escapes.
        let escaped = serde_json::Value::from(self.0.as_str()).to_string();
        text.replace(&self.0, HIDDEN).replace(&escaped[1..escaped.len() - 1], HIDDEN)
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credential(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_is_not_shown() {
        let credential = Credential::new("hush".into());
        assert_eq!(format!("{credential:?}"), "Credential(..)");
        assert_eq!(credential.redact("the key hush is wrong"), "the key (hidden) is wrong");
        let escaped = Credential::new("hu\"sh".into());
        assert_eq!(escaped.redact(r#"{"key":"hu\"sh"}"#), r#"{"key":"(hidden)"}"#);
    }
}
