//! Claude's strict tool use
//! (<https://platform.claude.com/docs/en/build-with-claude/structured-outputs#json-schema-limitations>).
//!
//! - No limits on numbers and on the length of texts, none on lists but `minItems` of 0 or 1, no `uniqueItems`: they
//!   become words of the description.
//! - A `pattern` has no word boundaries and no large numbers of repetitions, and here no flags, names of groups, `\A` and
//!   `\z` either, of which the list says nothing: one that has them becomes words.
//! - Every object has `additionalProperties: false`. A map, a tuple and a value of any type cannot be said.
//! - "Or `null`" is a branch of `anyOf`, which is taken wherever a list of types is.
//! - The root is an object, never one of several.

use serde_json::{Map, Value, json};

use super::{null, rewrite::Rules, words::say};

pub(super) static RULES: Rules = Rules {
    keywords: &[
        "type",
        "description",
        "enum",
        "const",
        "anyOf",
        "properties",
        "required",
        "additionalProperties",
        "items",
        "pattern",
        "format",
        "default",
        "minItems",
    ],
    formats: &["date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"],
    empty_objects: true,
    finish,
    undo,
};

fn finish(keywords: &mut Map<String, Value>) {
    if let Some(minimum) = keywords.get("minItems").filter(|minimum| minimum.as_u64() > Some(1)).cloned() {
        say(keywords, "minItems", &minimum);
    }
    if let Some(pattern) = keywords.get("pattern").filter(|pattern| !pattern.as_str().is_some_and(is_simple)).cloned() {
        say(keywords, "pattern", &pattern);
    }
    if keywords.contains_key("anyOf") {
        keywords.shift_remove("type");
    }
    let Some(Value::Array(names)) = keywords.get("type").cloned() else { return };
    let mut outside = Map::new();
    if let Some(description) = keywords.shift_remove("description") {
        outside.insert("description".to_owned(), description);
    }
    let branch = |name: Value| {
        let mut branch = keywords.clone();
        if let Some(Value::Array(allowed)) = branch.get_mut("enum") {
            allowed.retain(|value| value.is_null() == (name == "null"));
        }
        branch.insert("type".to_owned(), name.clone());
        if name == "null" { json!({ "type": "null" }) } else { branch.into() }
    };
    outside.insert("anyOf".to_owned(), names.into_iter().map(branch).collect::<Vec<_>>().into());
    *keywords = outside;
}

fn undo(keywords: &mut Map<String, Value>) {
    let Some(Value::Array(branches)) = keywords.get("anyOf") else { return };
    let [Value::Object(branch), null] = branches.as_slice() else { return };
    if *null != json!({ "type": "null" }) || branch.contains_key("anyOf") {
        return;
    }
    let mut branch = branch.clone();
    null::add(&mut branch);
    keywords.shift_remove("anyOf");
    keywords.extend(branch);
}

/// Whether a regular expression has only what is taken in a `pattern`.
fn is_simple(pattern: &str) -> bool {
    /// How often is often: the documents speak of "large ranges" and name no number.
    const LARGE: u64 = 100;
    let mut in_class = false;
    let mut rest = pattern.chars();
    while let Some(character) = rest.next() {
        match character {
            '\\' if rest.next().is_some_and(|escaped| "bBAz<>".contains(escaped)) => return false,
            '[' => in_class = true,
            ']' => in_class = false,
            '(' if !in_class && rest.as_str().starts_with('?') && !rest.as_str().starts_with("?:") => return false,
            '{' if !in_class => {
                let counts = rest.as_str().split('}').next().unwrap_or_default().split(',');
                let is_large = |count: &str| count.trim().parse().is_ok_and(|count: u64| count > LARGE);
                if counts.into_iter().any(is_large) {
                    return false;
                }
            }
            _ => {}
        }
    }
    true
}
