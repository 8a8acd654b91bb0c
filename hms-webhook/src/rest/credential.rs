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
        if self.0.is_empty() { text.to_owned() } else { text.replace(&self.0, "(hidden)") }
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
    }
}
