//! Arguments against random schemas, beside the crate `jsonschema`: what it rejects we reject, and the other way round.

#![no_main]

use arbitrary::{Arbitrary, Unstructured};
use hms_webhook::__fuzzing::{conform, rewrite};
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value, json};

#[derive(Debug)]
struct Input {
    schema: Value,
    value: Value,
}

impl<'a> Arbitrary<'a> for Input {
    fn arbitrary(bytes: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        Ok(Self { schema: schema(bytes, 3)?, value: value(bytes, 3)? })
    }
}

const NAMES: [&str; 5] = ["a", "b", "kind", "of", "x y"];
const TEXTS: [&str; 6] = ["", "a", "abc", "7", "true", "ä€𝄞"];
const PATTERNS: [&str; 3] = ["^[a-c]*$", "b", "^.$"];

fn schema(bytes: &mut Unstructured, depth: u8) -> arbitrary::Result<Value> {
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

fn value(bytes: &mut Unstructured, depth: u8) -> arbitrary::Result<Value> {
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
    bytes: &mut Unstructured,
    mut one: impl FnMut(&mut Unstructured) -> arbitrary::Result<Value>,
) -> arbitrary::Result<Vec<Value>> {
    (0..bytes.int_in_range(1..=3)?).map(|_| one(bytes)).collect()
}

fuzz_target!(|input: Input| {
    // What the model is shown is what has to hold, so the schema is held against the value in its written form.
    let Ok(shown) = rewrite(input.schema.clone()) else { return };
    let validator = jsonschema::draft202012::new(&shown).expect("what is shown is a schema");
    let text = input.value.to_string();
    let allowed = validator.is_valid(&input.value);
    let strict = conform(input.schema.clone(), &text, false);
    if allowed {
        assert!(strict.is_ok(), "{shown} allows {text}, but {strict:?}");
        let lenient = conform(input.schema.clone(), &text, true).expect("leniency takes nothing away");
        assert_eq!(
            serde_json::from_str::<Value>(&lenient).ok().as_ref(),
            Some(&input.value),
            "what fits is not changed"
        );
    } else if let Ok(taken) = &strict {
        // One thing is taken and not shown: `null` for an optional member that may be null, which is leaving it out.
        let without = without_nulls(&input.value);
        assert!(validator.is_valid(&without), "{shown} forbids {text}, which was taken as {taken}");
    }
    if let Ok(converted) = conform(input.schema, &text, true) {
        let converted: Value = serde_json::from_str(&converted).expect("a conversion is JSON");
        assert!(
            validator.is_valid(&converted) || validator.is_valid(&without_nulls(&converted)),
            "{text} became {converted}, which {shown} forbids"
        );
    }
});

fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(members) => members
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name.clone(), without_nulls(value)))
            .collect(),
        Value::Array(items) => items.iter().map(without_nulls).collect(),
        other => other.clone(),
    }
}
