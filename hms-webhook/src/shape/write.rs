//! From a [`Shape`] to the plain JSON Schema that the model is shown.

use serde_json::{Map, Value, json};

use super::{Choice, Kind, ListShape, NumberShape, ObjectShape, Rest, Shape, TextShape, words};

/// The schema of a whole parameters object or of any other place where `null` is not left out.
pub(crate) fn write(shape: &Shape) -> Value {
    schema(shape, shape.nullable)
}

fn schema(shape: &Shape, says_null: bool) -> Value {
    let mut keywords = Map::new();
    match &shape.kind {
        Kind::Anything => {}
        Kind::Null => put(&mut keywords, "type", "null"),
        // All that it takes is `null`.
        Kind::Nothing if says_null => put(&mut keywords, "type", "null"),
        Kind::Nothing => put(&mut keywords, "not", json!({})),
        Kind::Boolean => put(&mut keywords, "type", "boolean"),
        Kind::Number(number) => self::number(&mut keywords, number),
        Kind::Text(text) => self::text(&mut keywords, text),
        Kind::Choice(choice) => self::choice(&mut keywords, choice),
        Kind::List(list) => self::list(&mut keywords, list),
        Kind::Object(object) => self::object(&mut keywords, object),
        Kind::Union(union) => {
            if union.branches.iter().all(|branch| branch.as_object().is_some()) {
                put(&mut keywords, "type", "object");
            }
            put(&mut keywords, "anyOf", union.branches.iter().map(write).collect::<Vec<_>>());
        }
    }
    if says_null && !matches!(shape.kind, Kind::Null | Kind::Nothing) {
        or_null(&mut keywords);
    }
    described(shape, keywords)
}

/// Puts the description second, where a reader looks for it, and the rest last.
fn described(shape: &Shape, keywords: Map<String, Value>) -> Value {
    let mut all = Map::new();
    let mut description = shape.description.clone().unwrap_or_default();
    if let Kind::Choice(choice) = &shape.kind {
        for (value, meaning) in &choice.meanings {
            let line_break = if description.is_empty() { "" } else { "\n" };
            description.push_str(&format!("{line_break}- {value}: {meaning}"));
        }
    }
    if let Some(sentence) = written_as(shape) {
        let line_break = if description.is_empty() { "" } else { "\n" };
        description.push_str(&format!("{line_break}{sentence}"));
    }
    let mut keywords = keywords.into_iter().peekable();
    if let Some((keyword, value)) = keywords.next_if(|(keyword, _)| keyword == "type") {
        all.insert(keyword, value);
    }
    if !description.is_empty() {
        put(&mut all, "description", description);
    }
    all.extend(keywords);
    // Leaving an optional member out is what `"default": null` would say.
    if let Some(default) = shape.default.as_ref().filter(|default| !default.is_null()) {
        put(&mut all, "default", default.clone());
    }
    if let Some(examples) = &shape.examples {
        put(&mut all, "examples", examples.clone());
    }
    let other = shape.other.iter().filter(|(keyword, _)| *keyword != "format");
    all.extend(other.map(|(keyword, value)| (keyword.clone(), value.clone())));
    Value::Object(all)
}

/// The formats that JSON Schema has, all of them of texts
/// (<https://json-schema.org/draft/2020-12/json-schema-validation#section-7.3>).
pub(crate) const FORMATS: [&str; 19] = [
    "date-time",
    "date",
    "time",
    "duration",
    "email",
    "idn-email",
    "hostname",
    "idn-hostname",
    "ipv4",
    "ipv6",
    "uri",
    "uri-reference",
    "iri",
    "iri-reference",
    "uuid",
    "uri-template",
    "json-pointer",
    "relative-json-pointer",
    "regex",
];

/// A format that only Rust or the type's author knows, in words.
fn written_as(shape: &Shape) -> Option<String> {
    match &shape.kind {
        Kind::Text(TextShape { format: Some(format), .. }) => {
            (!FORMATS.contains(&&**format)).then(|| format!("Write {}.", words::format(format)))
        }
        _ => Some(format!("Written as {}.", shape.other.get("format")?.as_str()?)),
    }
}

fn put(keywords: &mut Map<String, Value>, keyword: &str, value: impl Into<Value>) {
    keywords.insert(keyword.to_owned(), value.into());
}

fn put_some(keywords: &mut Map<String, Value>, keyword: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        put(keywords, keyword, value);
    }
}

fn number(keywords: &mut Map<String, Value>, number: &NumberShape) {
    put(keywords, "type", if number.integer { "integer" } else { "number" });
    if let Some(limit) = &number.minimum {
        let keyword = if limit.excluded { "exclusiveMinimum" } else { "minimum" };
        put_some(keywords, keyword, limit.shown.clone());
    }
    if let Some(limit) = &number.maximum {
        let keyword = if limit.excluded { "exclusiveMaximum" } else { "maximum" };
        put_some(keywords, keyword, limit.shown.clone());
    }
}

fn text(keywords: &mut Map<String, Value>, text: &TextShape) {
    put(keywords, "type", "string");
    put_some(keywords, "format", text.format.clone().filter(|format| FORMATS.contains(&&**format)));
    put_some(keywords, "minLength", text.minimum);
    put_some(keywords, "maxLength", text.maximum);
    put_some(keywords, "pattern", text.pattern.as_ref().map(regex_lite::Regex::as_str));
}

fn choice(keywords: &mut Map<String, Value>, choice: &Choice) {
    let types: Vec<&str> = choice.allowed.iter().map(type_of).collect();
    if let Some(first) = types.first().filter(|first| types.iter().all(|name| name == *first)) {
        put(keywords, "type", *first);
    }
    put(keywords, "enum", choice.allowed.clone());
}

/// The type that a schema gives a value.
pub(crate) fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn list(keywords: &mut Map<String, Value>, list: &ListShape) {
    put(keywords, "type", "array");
    if !list.first.is_empty() {
        put(keywords, "prefixItems", list.first.iter().map(write).collect::<Vec<_>>());
    }
    put_some(keywords, "items", list.items.as_deref().map(write));
    put_some(keywords, "minItems", list.minimum);
    put_some(keywords, "maxItems", list.maximum);
    put_some(keywords, "uniqueItems", list.unique.then_some(true));
}

fn object(keywords: &mut Map<String, Value>, object: &ObjectShape) {
    put(keywords, "type", "object");
    let mut properties = Map::new();
    let mut required = Vec::new();
    for property in &object.properties {
        let says_null = property.required && property.shape.nullable;
        properties.insert(property.name.clone(), schema(&property.shape, says_null));
        if property.required {
            required.push(Value::from(property.name.as_str()));
        }
    }
    let takes_others = !object.patterns.is_empty() || !matches!(object.rest, Rest::Refused);
    let is_map = object.properties.is_empty() && takes_others;
    if !is_map {
        put(keywords, "properties", properties);
        put(keywords, "required", required);
    }
    if !object.patterns.is_empty() {
        let patterns = object.patterns.iter().map(|(pattern, shape)| (pattern.as_str().to_owned(), write(shape)));
        put(keywords, "patternProperties", patterns.collect::<Map<_, _>>());
    }
    let rest = match &object.rest {
        Rest::Refused => Value::Bool(false),
        Rest::Like(shape) if matches!(shape.kind, Kind::Anything) => Value::Bool(true),
        Rest::Like(shape) => write(shape),
    };
    put(keywords, "additionalProperties", rest);
    put_some(keywords, "minProperties", object.minimum);
    put_some(keywords, "maxProperties", object.maximum);
}

fn or_null(keywords: &mut Map<String, Value>) {
    if let Some(Value::Array(branches)) = keywords.get_mut("anyOf") {
        branches.push(json!({ "type": "null" }));
        keywords.remove("type");
        return;
    }
    if let Some(Value::Array(allowed)) = keywords.get_mut("enum") {
        allowed.push(Value::Null);
    }
    if let Some(name) = keywords.get("type").cloned() {
        put(keywords, "type", vec![name, "null".into()]);
    }
}
