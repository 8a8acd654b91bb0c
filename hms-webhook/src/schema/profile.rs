//! Forms of a schema that a certain provider's models are known to take: each a function from the plain form.
//!
//! What a form has no keyword for is said in the description instead, so that the model still hears of it, and the
//! server checks it as before. What it cannot say at all is an error that names the place and a way out.

mod anthropic;
mod gemini;
pub(crate) mod null;
mod openai_strict;
mod rewrite;
mod words;

use std::{fmt, str::FromStr};

use serde_json::Value;

/// A form of the definitions, for [`App::definitions_for`](crate::App::definitions_for).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Profile {
    /// JSON Schema without what models stumble over: no references, no titles, no `null` where leaving out says the
    /// same.
    #[default]
    Plain,
    /// What OpenAI's strict mode takes: every property required, those that may be left out nullable; no keywords
    /// outside its list. See <https://platform.openai.com/docs/guides/structured-outputs#supported-schemas>.
    OpenAiStrict,
    /// What the `Schema` object of the Gemini API has: OpenAPI's `nullable`, enumerations of texts, the order of
    /// properties. See <https://ai.google.dev/api/caching#Schema>.
    Gemini,
    /// What Claude's strict tool use takes: no limits on numbers, texts and lists, no type lists. See
    /// <https://platform.claude.com/docs/en/build-with-claude/structured-outputs#json-schema-limitations>.
    Anthropic,
}

impl Profile {
    /// Every profile, with its name on the command line.
    pub(crate) const NAMES: [(&'static str, Self); 4] = [
        ("plain", Self::Plain),
        ("openai-strict", Self::OpenAiStrict),
        ("gemini", Self::Gemini),
        ("anthropic", Self::Anthropic),
    ];

    /// `schema` in this form. The error has a sentence for each place that cannot be said in it.
    pub(crate) fn apply(self, schema: Value) -> Result<Value, Vec<String>> {
        match self.rules() {
            Some(rules) => rewrite::rewrite(schema, rules),
            None => Ok(schema),
        }
    }

    /// The plain form of a schema that is in this form: what its sentences say is said by keywords again.
    pub(crate) fn read_back(self, schema: &Value) -> Value {
        match self.rules() {
            Some(rules) => rewrite::read_back(schema.clone(), rules),
            None => schema.clone(),
        }
    }

    fn rules(self) -> Option<&'static rewrite::Rules> {
        match self {
            Self::Plain => None,
            Self::OpenAiStrict => Some(&openai_strict::RULES),
            Self::Gemini => Some(&gemini::RULES),
            Self::Anthropic => Some(&anthropic::RULES),
        }
    }
}

/// The name on the command line.
impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::NAMES.iter().find(|(_, profile)| profile == self).map_or("", |(name, _)| name);
        f.pad(name)
    }
}

impl FromStr for Profile {
    type Err = UnknownProfile;

    fn from_str(name: &str) -> Result<Self, UnknownProfile> {
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, profile)| *profile).ok_or(UnknownProfile(()))
    }
}

/// A text that names no [`Profile`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownProfile(());

impl fmt::Display for UnknownProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = Profile::NAMES.map(|(name, _)| name).join(", ");
        write!(f, "this is no profile: the profiles are {names}")
    }
}

impl std::error::Error for UnknownProfile {}

#[cfg(all(test, feature = "testing"))]
#[allow(clippy::unwrap_used)]
mod tests;
