//! The definitions in the form of each provider.

use serde_json::{Map, Value, json};

use crate::{App, Profile};

/// The profiles, as a page lists them.
pub(super) fn list() -> Value {
    Profile::NAMES
        .iter()
        .map(|(name, profile)| {
            let (title, about) = match profile {
                Profile::Plain => ("Plain", "JSON Schema without what models stumble over, as the platform takes it."),
                Profile::OpenAiStrict => ("OpenAI strict", "What the strict mode of OpenAI's models takes."),
                Profile::Gemini => ("Gemini", "What the Gemini API calls a schema."),
                Profile::Anthropic => ("Anthropic", "What the strict tool use of Claude takes."),
            };
            json!({ "name": name, "title": title, "about": about })
        })
        .collect()
}

/// The definitions by the name of the profile, or what cannot be said in it.
pub(super) fn all(app: &App) -> Value {
    let define = |&(name, profile): &(&str, Profile)| {
        let shown = match app.definitions_for(profile) {
            Ok(definitions) => json!({ "definitions": definitions, "warnings": [] }),
            Err(error) => json!({ "definitions": [], "warnings": [error.to_string()] }),
        };
        (name.to_owned(), shown)
    };
    Value::Object(Profile::NAMES.iter().map(define).collect::<Map<_, _>>())
}
