//! Random schemas and values for them, for the fuzz target `arguments` and for the test of the same.

use arbitrary::Unstructured;
use serde_json::{Map, Value, json};

const NAMES: [&str; 5] = ["a", "b", "kind", "of", "x y"];
const TEXTS: [&str; 6] = ["", "a", "abc", "7", "true", "ä€𝄞"];
const PATTERNS: [&str; 3] = ["^[a-c]*$", "b", "^.$"];

/// A schema of a tool's argument, of the kinds that types have.
pub(crate) fn schema(bytes: &mut Unstructured<'_>, depth: u8) -> arbitrary::Result<Value> {
    let kinds = if depth == 0 { 5 } else { 9 };
    let mut schema = match bytes.int_in_range(0..=kinds)? {
        0 => json!({ "type": "boolean" }),
        1 | 2 => {
            let mut number = json!({ "type": bytes.choose(&["integer", "number"])? });
            if bytes.arbitrary()? {
                number["minimum"] = json!(bytes.int_in_range(-3..=3)?);
            }
            if bytes.arbitrary()? {
                number[bytes.choose(&["maximum", "exclusiveMaximum"])?] = json!(bytes.int_in_range(-2..=5)?);
            }
            number
        }
        3 => {
            let mut text = json!({ "type": "string" });
            if bytes.arbitrary()? {
                text["minLength"] = json!(bytes.int_in_range(0..=2)?);
            }
            if bytes.arbitrary()? {
                text["maxLength"] = json!(bytes.int_in_range(0..=3)?);
            }
            if bytes.arbitrary()? {
                text["pattern"] = json!(bytes.choose(&PATTERNS)?);
            }
            text
        }
        4 => json!({ "enum": some(bytes, |bytes| Ok(json!(bytes.choose(&TEXTS)?)))? }),
        5 => json!({ "type": "null" }),
        6 => {
            let mut list = json!({ "type": "array", "items": schema(bytes, depth - 1)? });
            if bytes.arbitrary()? {
                list["minItems"] = json!(bytes.int_in_range(0..=2)?);
            }
            if bytes.arbitrary()? {
                list["maxItems"] = json!(bytes.int_in_range(0..=3)?);
            }
            list
        }
        7 => json!({ "anyOf": some(bytes, |bytes| schema(bytes, depth - 1))? }),
        _ => {
            let mut properties = Map::new();
            let mut required = Vec::new();
            for _ in 0..bytes.int_in_range(0..=3)? {
                let name = *bytes.choose(&NAMES)?;
                properties.insert(name.into(), schema(bytes, depth - 1)?);
                if bytes.arbitrary()? && !required.contains(&name) {
                    required.push(name);
                }
            }
            let mut object = json!({ "type": "object", "properties": properties, "required": required });
            match bytes.int_in_range(0..=2)? {
                0 => object["additionalProperties"] = json!(false),
                1 => object["additionalProperties"] = schema(bytes, depth - 1)?,
                _ => {}
            }
            object
        }
    };
    if bytes.ratio(1, 6)? && schema.get("type").is_some_and(|kind| kind != "null") {
        schema = json!({ "anyOf": [schema, { "type": "null" }] });
    }
    Ok(schema)
}

/// A value, made of the same few texts and names as the schemas.
pub(crate) fn value(bytes: &mut Unstructured<'_>, depth: u8) -> arbitrary::Result<Value> {
    let kinds = if depth == 0 { 4 } else { 6 };
    Ok(match bytes.int_in_range(0..=kinds)? {
        0 => Value::Null,
        1 => json!(bytes.arbitrary::<bool>()?),
        2 => json!(bytes.int_in_range(-4..=6)?),
        3 => json!(f64::from(bytes.int_in_range(-8..=12)?) / 2.0),
        4 => json!(bytes.choose(&TEXTS)?),
        5 => Value::Array((0..bytes.int_in_range(0..=3)?).map(|_| value(bytes, depth - 1)).collect::<Result<_, _>>()?),
        _ => {
            let mut members = Map::new();
            for _ in 0..bytes.int_in_range(0..=3)? {
                members.insert((*bytes.choose(&NAMES)?).into(), value(bytes, depth - 1)?);
            }
            Value::Object(members)
        }
    })
}

fn some(
    bytes: &mut Unstructured<'_>,
    mut one: impl FnMut(&mut Unstructured<'_>) -> arbitrary::Result<Value>,
) -> arbitrary::Result<Vec<Value>> {
    (0..bytes.int_in_range(1..=3)?).map(|_| one(bytes)).collect()
}

/// The schema with `null` for every member that may be left out: to the tools that is the same.
pub(crate) fn with_nulls_for_missing(schema: &Value) -> Value {
    let Value::Object(keywords) = schema else { return schema.clone() };
    let is_required = |name: &str| schema["required"].as_array().is_some_and(|names| names.iter().any(|it| it == name));
    let relaxed = keywords.iter().map(|(keyword, value)| {
        let value = match (keyword.as_str(), value) {
            ("properties", Value::Object(properties)) => properties
                .iter()
                .map(|(name, property)| {
                    let property = with_nulls_for_missing(property);
                    let or_null = json!({ "anyOf": [property, { "type": "null" }] });
                    (name.clone(), if is_required(name) { property } else { or_null })
                })
                .collect(),
            ("anyOf", Value::Array(branches)) => branches.iter().map(with_nulls_for_missing).collect(),
            ("items" | "additionalProperties", schema) => with_nulls_for_missing(schema),
            _ => value.clone(),
        };
        (keyword.clone(), value)
    });
    Value::Object(relaxed.collect())
}

/// JSON knows one kind of number: `3.0` may become `3`.
pub(crate) fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one.as_f64() == other.as_f64(),
        (Value::Array(ones), Value::Array(others)) => {
            ones.len() == others.len() && ones.iter().zip(others).all(|(one, other)| same(one, other))
        }
        (Value::Object(ones), Value::Object(others)) => {
            ones.len() == others.len()
                && ones.iter().all(|(name, one)| others.get(name).is_some_and(|other| same(one, other)))
        }
        _ => one == other,
    }
}
