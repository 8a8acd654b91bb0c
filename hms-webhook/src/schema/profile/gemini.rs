//! The `Schema` object of the Gemini API (<https://ai.google.dev/api/caching#Schema>), a part of OpenAPI 3.0's.
//!
//! - "Or `null`" is `nullable: true`, since there are no lists of types.
//! - `enum` is for texts; other lists of values become words of the description.
//! - `propertyOrdering` keeps the order of declaration, which would be the alphabet's otherwise.
//! - Of the formats of texts, only `date-time` is taken everywhere.
//! - There is no `additionalProperties`, `const`, `exclusiveMinimum`, `exclusiveMaximum`, `uniqueItems`, `multipleOf`
//!   and `examples`: what limits a value becomes words of the description.

use serde_json::{Map, Value, json};

use super::rewrite::{Rules, leave_out};

pub(super) const RULES: Rules = Rules {
    keywords: &[
        "type",
        "description",
        "enum",
        "anyOf",
        "properties",
        "required",
        "items",
        "pattern",
        "format",
        "minimum",
        "maximum",
        "minLength",
        "maxLength",
        "minItems",
        "maxItems",
        "default",
    ],
    formats: &["date-time"],
    union_at_root: true,
    finish,
};

fn finish(keywords: &mut Map<String, Value>) {
    let mut nullable = false;
    if let Some(Value::Array(names)) = keywords.get("type").cloned() {
        nullable |= names.iter().any(|name| name == "null");
        if let Some(name) = names.into_iter().find(|name| name != "null") {
            keywords.insert("type".to_owned(), name);
        }
    }
    if let Some(Value::Array(branches)) = keywords.get_mut("anyOf") {
        let before = branches.len();
        branches.retain(|branch| branch.get("type").is_none_or(|name| name != "null"));
        nullable |= branches.len() < before;
    }
    if let Some(Value::Array(allowed)) = keywords.get_mut("enum") {
        let before = allowed.len();
        allowed.retain(|value| !value.is_null());
        nullable |= allowed.len() < before;
        if !allowed.iter().all(Value::is_string) {
            let allowed = Value::Array(std::mem::take(allowed));
            leave_out(keywords, "enum", &allowed);
        }
    }
    if nullable {
        keywords.insert("nullable".to_owned(), true.into());
    }
    if let Some(Value::Object(properties)) = keywords.get("properties") {
        let names: Vec<_> = properties.keys().cloned().collect();
        if names.len() > 1 {
            keywords.insert("propertyOrdering".to_owned(), json!(names));
        }
    }
}
