//! Claude's strict tool use
//! (<https://platform.claude.com/docs/en/build-with-claude/structured-outputs#json-schema-limitations>).
//!
//! - No limits on numbers and on the length of texts, none on lists but `minItems` of 0 or 1, no `uniqueItems`: they
//!   become words of the description.
//! - Every object has `additionalProperties: false`. A map, a tuple and a value of any type cannot be said.
//! - "Or `null`" is a branch of `anyOf`, since lists of types are not taken everywhere.
//! - The root is an object, never one of several.

use serde_json::{Map, Value, json};

use super::rewrite::{Rules, leave_out};

pub(super) const RULES: Rules = Rules {
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
    union_at_root: false,
    finish,
};

fn finish(keywords: &mut Map<String, Value>) {
    if let Some(minimum) = keywords.get("minItems").filter(|minimum| minimum.as_u64() > Some(1)).cloned() {
        leave_out(keywords, "minItems", &minimum);
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
