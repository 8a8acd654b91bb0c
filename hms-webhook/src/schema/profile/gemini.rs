//! The `Schema` object of the Gemini API (<https://ai.google.dev/api/caching#Schema>), a part of OpenAPI 3.0's.
//! <https://docs.cloud.google.com/gemini-enterprise-agent-platform/reference/rest/v1/Schema> explains its fields.
//!
//! - "Or `null`" is `nullable: true`, since there are no lists of types.
//! - Beside `anyOf` stands nothing: Vertex AI refuses a schema with "other fields alongside any_of"
//!   (<https://github.com/googleapis/python-genai/issues/625>). What is said of all forms is said in each of them.
//! - The arguments as a whole have the type object ("functionDeclaration parameters schema should be of type OBJECT",
//!   <https://github.com/spring-projects/spring-ai/issues/1373>), so that they cannot be one of several forms.
//! - `enum` is for texts; other lists of values become words of the description.
//! - `propertyOrdering` keeps the order of declaration, which would be the alphabet's otherwise.
//! - Of the formats of texts, only `date-time` is taken everywhere: the developer API refuses all others but `enum`
//!   (<https://firebase.google.com/docs/reference/js/ai.schemashared>).
//! - An object has fields; only the arguments as a whole may have none.
//! - There is no `additionalProperties`, `const`, `exclusiveMinimum`, `exclusiveMaximum`, `uniqueItems`, `multipleOf`
//!   and `examples`: what limits a value becomes words of the description.

use serde_json::{Map, Value, json};

use super::{null, rewrite::Rules, words::say};
use crate::shape::type_of;

pub(super) static RULES: Rules = Rules {
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
    empty_objects: false,
    finish,
    undo,
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
            let allowed = std::mem::take(allowed);
            if keywords.contains_key("type") {
                say(keywords, "enum", &Value::Array(allowed));
            } else {
                keywords.shift_remove("enum");
                keywords.insert("anyOf".to_owned(), by_type(allowed));
            }
        }
    }
    if nullable {
        keywords.insert("nullable".to_owned(), true.into());
    }
    if keywords.contains_key("anyOf") {
        into_forms(keywords);
    }
    if let Some(Value::Object(properties)) = keywords.get("properties") {
        let names: Vec<_> = properties.keys().cloned().collect();
        if names.len() > 1 {
            keywords.insert("propertyOrdering".to_owned(), json!(names));
        }
    }
}

/// Values of several types as one form for each type, as every schema has one.
fn by_type(allowed: Vec<Value>) -> Value {
    let mut groups: Vec<(&str, Vec<Value>)> = Vec::new();
    for value in allowed {
        let name = type_of(&value);
        match groups.iter_mut().find(|(known, _)| *known == name) {
            Some((_, values)) => values.push(value),
            None => groups.push((name, vec![value])),
        }
    }
    let form = |(name, values): (&str, Vec<Value>)| {
        let mut form = Map::new();
        form.insert("type".to_owned(), name.into());
        match name {
            "string" => drop(form.insert("enum".to_owned(), values.into())),
            _ => say(&mut form, "enum", &values.into()),
        }
        form
    };
    groups.into_iter().map(form).collect()
}

/// Moves what stands beside `anyOf` into each of the forms.
fn into_forms(keywords: &mut Map<String, Value>) {
    // The forms say their types themselves; of a default, words are left.
    let beside: Vec<_> = keywords
        .keys()
        .filter(|keyword| !matches!(keyword.as_str(), "anyOf" | "description" | "nullable"))
        .cloned()
        .collect();
    for keyword in beside {
        let value = keywords.get(&keyword).cloned().unwrap_or_default();
        say(keywords, &keyword, &value);
    }
    let description = keywords.shift_remove("description");
    let nullable = keywords.shift_remove("nullable");
    let Some(Value::Array(forms)) = keywords.get_mut("anyOf") else { return };
    for form in forms.iter_mut().filter_map(Value::as_object_mut) {
        if let Some(nullable) = &nullable {
            form.insert("nullable".to_owned(), nullable.clone());
        }
        if let Some(Value::String(of_all)) = &description {
            let described = match form.get("description").and_then(Value::as_str) {
                Some(of_form) => format!("{of_all}\n{of_form}"),
                None => of_all.clone(),
            };
            form.insert("description".to_owned(), described.into());
        }
        if form.contains_key("anyOf") {
            into_forms(form);
        }
    }
}

fn undo(keywords: &mut Map<String, Value>) {
    keywords.shift_remove("propertyOrdering");
    let mut nullable = take_nullable(keywords);
    if let Some(Value::Array(forms)) = keywords.get_mut("anyOf") {
        for form in forms.iter_mut().filter_map(Value::as_object_mut) {
            nullable |= take_nullable(form);
        }
    }
    if nullable {
        null::add(keywords);
    }
    if keywords.contains_key("properties") {
        keywords.insert("additionalProperties".to_owned(), false.into());
    }
}

fn take_nullable(keywords: &mut Map<String, Value>) -> bool {
    keywords.shift_remove("nullable") == Some(Value::Bool(true))
}
