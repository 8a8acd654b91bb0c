//! OpenAI's strict mode (<https://platform.openai.com/docs/guides/structured-outputs#supported-schemas>).
//!
//! - Every property is required. One that may be left out is nullable instead; the server takes `null` for it as if it
//!   had been left out.
//! - Every object has `additionalProperties: false`. A map, a tuple and a value of any type cannot be said.
//! - The root is an object, never one of several.
//! - Keywords outside the list below are refused by the API: `minLength`, `maxLength`, `uniqueItems`, `default`,
//!   `examples` and formats other than those listed become words of the description.

use serde_json::{Map, Value};

use super::{null, rewrite::Rules};

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
        "multipleOf",
        "minimum",
        "exclusiveMinimum",
        "maximum",
        "exclusiveMaximum",
        "minItems",
        "maxItems",
    ],
    formats: &["date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"],
    empty_objects: true,
    finish,
    undo,
};

fn finish(keywords: &mut Map<String, Value>) {
    if keywords.contains_key("anyOf") {
        keywords.shift_remove("type");
    }
    let required: Vec<Value> = keywords.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
    let Some(Value::Object(properties)) = keywords.get_mut("properties") else { return };
    for (name, property) in properties.iter_mut() {
        if !required.iter().any(|one| one == name) {
            property.as_object_mut().into_iter().for_each(null::add);
        }
    }
    let names: Vec<_> = properties.keys().cloned().map(Value::String).collect();
    keywords.insert("required".to_owned(), names.into());
}

fn undo(keywords: &mut Map<String, Value>) {
    let Some(Value::Object(properties)) = keywords.get_mut("properties") else { return };
    let mut optional = Vec::new();
    for (name, property) in properties {
        if property.as_object_mut().is_some_and(null::take) {
            optional.push(name.clone());
        }
    }
    if let Some(Value::Array(required)) = keywords.get_mut("required") {
        required.retain(|name| !optional.iter().any(|optional| name == optional));
    }
}
