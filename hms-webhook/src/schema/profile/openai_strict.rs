//! OpenAI's strict mode (<https://platform.openai.com/docs/guides/structured-outputs#supported-schemas>).
//!
//! - Every property is required. One that may be left out is nullable instead; the server takes `null` for it as if it
//!   had been left out.
//! - Every object has `additionalProperties: false`. A map, a tuple and a value of any type cannot be said.
//! - The root is an object, never one of several.
//! - Keywords outside the list below are refused by the API: `minLength`, `maxLength`, `uniqueItems`, `default`,
//!   `examples` and formats other than those listed become words of the description.

use serde_json::{Map, Value, json};

use super::rewrite::Rules;

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
        "multipleOf",
        "minimum",
        "exclusiveMinimum",
        "maximum",
        "exclusiveMaximum",
        "minItems",
        "maxItems",
    ],
    formats: &["date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"],
    union_at_root: false,
    finish,
};

fn finish(keywords: &mut Map<String, Value>) {
    if keywords.contains_key("anyOf") {
        keywords.shift_remove("type");
    }
    let required: Vec<Value> = keywords.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
    let Some(Value::Object(properties)) = keywords.get_mut("properties") else { return };
    for (name, property) in properties.iter_mut() {
        if !required.iter().any(|one| one == name) {
            or_null(property);
        }
    }
    let names: Vec<_> = properties.keys().cloned().map(Value::String).collect();
    keywords.insert("required".to_owned(), names.into());
}

fn or_null(property: &mut Value) {
    let Value::Object(keywords) = property else { return };
    if let Some(Value::Array(branches)) = keywords.get_mut("anyOf") {
        branches.push(json!({ "type": "null" }));
        return;
    }
    if let Some(Value::Array(allowed)) = keywords.get_mut("enum") {
        allowed.push(Value::Null);
    }
    if let Some(Value::String(name)) = keywords.get("type").cloned() {
        keywords.insert("type".to_owned(), json!([name, "null"]));
    }
}
