//! What the schema says is what is read: a value that the schema allows is taken, and one that it does not is refused.
//!
//! The schema is held against values by a validator of this file's own, which knows nothing of shapes.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, LazyLock},
};

use proptest::{collection, prelude::*};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::*;
use crate::schema::Profile;

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Sample {
    flag: bool,
    small: i8,
    count: Option<u32>,
    #[schemars(range(min = -3, max = 7))]
    bounded: i32,
    real: f64,
    #[schemars(length(min = 1, max = 3))]
    text: String,
    #[schemars(regex(pattern = "^[a-c]+$"))]
    code: Option<String>,
    list: Vec<Option<u8>>,
    map: BTreeMap<String, bool>,
    by_number: Option<HashMap<u8, bool>>,
    pair: (u8, String),
    form: Form,
    tagged: Tagged,
    loose: Option<Loose>,
    flattened: Option<Flattened>,
    #[schemars(extend("minProperties" = 2))]
    some: Option<BTreeMap<String, u8>>,
    contact: Option<Contact>,
    empty: Option<Empty>,
    nothing: (),
    any: Value,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Empty {}

/// An enum with a tag and one without, flattened into one struct.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Contact {
    #[serde(flatten)]
    payment: Payment,
    #[serde(flatten)]
    way: Way,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind")]
enum Payment {
    Plain { count: u8 },
    Nothing,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Way {
    Named { name: String },
    Noted { note: Option<bool>, extra: u8 },
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
enum Form {
    /// Round.
    Round,
    Flat,
    Square(u8),
    Long {
        width: u8,
        height: Option<u8>,
    },
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", content = "of")]
enum Tagged {
    Nothing,
    Named { name: String },
    Plain(bool),
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Loose {
    Flag(bool),
    Text(String),
    Named { name: String },
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Flattened {
    note: String,
    #[serde(flatten)]
    form: Form,
}

fn starts() -> impl Strategy<Value = Value> {
    let forms = prop_oneof![
        Just(json!("Round")),
        Just(json!("Flat")),
        Just(json!({ "Square": 7 })),
        Just(json!({ "Long": { "width": 1 } })),
        Just(json!({ "Long": { "width": 1, "height": 2 } })),
    ];
    let tagged = prop_oneof![
        Just(json!({ "kind": "Nothing" })),
        Just(json!({ "of": { "name": "x" }, "kind": "Named" })),
        Just(json!({ "kind": "Plain", "of": true })),
    ];
    let loose = prop_oneof![Just(json!(true)), Just(json!("x")), Just(json!({ "name": "x" }))];
    let flattened = prop_oneof![
        Just(json!({ "note": "", "Square": 7 })),
        Just(json!({ "note": "", "Flat": null })),
        Just(json!({ "note": "", "Long": { "width": 1 } })),
    ];
    let contact = prop_oneof![
        Just(json!({ "kind": "Plain", "count": 1, "name": "x" })),
        Just(json!({ "kind": "Nothing", "note": true, "extra": 1 })),
    ];
    (forms, tagged, loose, flattened, contact).prop_map(|(form, tagged, loose, flattened, contact)| {
        json!({
            "flag": true, "small": -1, "count": 5, "bounded": 2, "real": 0.5, "text": "ab", "code": "abc",
            "list": [1, null], "map": { "a": true }, "by_number": { "7": true }, "pair": [1, "x"], "form": form,
            "tagged": tagged, "loose": loose, "flattened": flattened, "some": { "a": 1, "b": 2 },
            "contact": contact, "empty": {}, "nothing": null, "any": [1],
        })
    })
}

fn replacement() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(Value::from),
        (-5i64..10).prop_map(Value::from),
        (-5_000_000_000i64..5_000_000_000).prop_map(Value::from),
        (-9.0f64..9.0).prop_map(Value::from),
        Just(json!(5.0)),
        "[a-d]{0,4}|Round|Square|Named|Plain|5|true".prop_map(Value::from),
        Just(json!([])),
        Just(json!([1])),
        Just(json!([1, "x"])),
        Just(json!([1, "x", 2])),
        Just(json!({})),
        Just(json!({ "name": "x" })),
        Just(json!({ "Square": 1 })),
        Just(json!({ "Square": 1, "Long": { "width": 1 } })),
        Just(json!({ "300": true })),
        Just(json!({ "kind": "Plain", "of": false, "name": "x" })),
    ]
}

/// What is done at one place: another value, no member, or one more.
#[derive(Debug, Clone)]
enum Change {
    Replace(Value),
    Remove,
    Add(String, Value),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        4 => replacement().prop_map(Change::Replace),
        1 => Just(Change::Remove),
        1 => ("name|kind|of|note|Flat|count|extra|7", replacement()).prop_map(|(name, value)| Change::Add(name, value)),
    ]
}

/// Makes the change at the place that `way` leads to.
fn changed(value: &mut Value, way: &[usize], change: &Change) {
    let (Some(step), rest) = (way.first(), way.get(1..).unwrap_or_default()) else {
        if let Change::Replace(other) = change {
            *value = other.clone();
        }
        return;
    };
    match value {
        Value::Array(items) if !items.is_empty() => {
            let index = step % items.len();
            changed(&mut items[index], rest, change);
        }
        Value::Object(members) if !members.is_empty() => {
            let name = members.keys().nth(step % members.len()).unwrap().clone();
            match (rest, change) {
                ([], Change::Remove) => drop(members.shift_remove(&name)),
                ([], Change::Add(name, value)) => drop(members.insert(name.clone(), value.clone())),
                _ => changed(&mut members[&name], rest, change),
            }
        }
        other => {
            if let Change::Replace(value) = change {
                *other = value.clone();
            }
        }
    }
}

fn allows(schema: &Value, value: &Value) -> bool {
    if let Some(branches) = schema.get("anyOf").and_then(Value::as_array) {
        return branches.iter().any(|branch| allows(branch, value));
    }
    let is = |name: &Value| match name.as_str().unwrap() {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("{other}"),
    };
    let of_type = match schema.get("type") {
        None => true,
        Some(Value::Array(names)) => names.iter().any(is),
        Some(name) => is(name),
    };
    let chosen = schema.get("enum").and_then(Value::as_array).is_none_or(|allowed| allowed.contains(value));
    let limit = |keyword: &str, inside: fn(f64, f64) -> bool, size: Option<f64>| {
        let limit = schema.get(keyword).and_then(Value::as_f64);
        limit.zip(size).is_none_or(|(limit, size)| inside(size, limit))
    };
    let number = value.as_f64();
    let length = value.as_str().map(|text| text.chars().count() as f64);
    let count = value.as_array().map(|items| items.len() as f64);
    let members = value.as_object().map(|members| members.len() as f64);
    let least = |size: f64, limit: f64| size >= limit;
    let most = |size: f64, limit: f64| size <= limit;
    let fits = limit("minimum", least, number)
        && limit("maximum", most, number)
        && limit("minLength", least, length)
        && limit("maxLength", most, length)
        && limit("minItems", least, count)
        && limit("maxItems", most, count)
        && limit("minProperties", least, members);
    let matches = schema.get("pattern").and_then(Value::as_str).zip(value.as_str());
    let matches = matches.is_none_or(|(pattern, text)| regex_lite::Regex::new(pattern).unwrap().is_match(text));
    of_type && chosen && fits && matches && parts_are_allowed(schema, value)
}

fn parts_are_allowed(schema: &Value, value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().enumerate().all(|(index, item)| {
            let schema = schema.get("prefixItems").and_then(|first| first.get(index)).or(schema.get("items"));
            schema.is_none_or(|schema| allows(schema, item))
        }),
        Value::Object(members) => {
            let required = schema.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
            let complete = required.iter().all(|name| members.contains_key(name.as_str().unwrap()));
            complete
                && members.iter().all(|(name, member)| {
                    let property = schema.get("properties").and_then(|properties| properties.get(name));
                    let by_pattern = schema.get("patternProperties").and_then(Value::as_object).into_iter().flatten();
                    let mut by_pattern =
                        by_pattern.filter(|(pattern, _)| regex_lite::Regex::new(pattern).unwrap().is_match(name));
                    match property
                        .or(by_pattern.next().map(|(_, schema)| schema))
                        .or(schema.get("additionalProperties"))
                    {
                        // The one liberty that reading takes: `null` for what may be left out.
                        Some(_)
                            if property.is_some()
                                && member.is_null()
                                && !required.contains(&Value::from(name.as_str())) =>
                        {
                            true
                        }
                        None | Some(Value::Bool(true)) => true,
                        Some(Value::Bool(false)) => false,
                        Some(schema) => allows(schema, member),
                    }
                })
        }
        _ => true,
    }
}

const SAMPLE: Argument<Sample> = Argument::<Sample>::new("value", "").strict();

static PREPARED: LazyLock<Arc<PreparedArguments>> =
    LazyLock::new(|| Arc::new(PreparedArguments::prepare(&tool(&[SAMPLE.spec()])).expect("the tool is sound")));
static SCHEMA: LazyLock<Value> = LazyLock::new(|| PREPARED.schema());

/// Without what strict forms cannot say, and with every way to leave something out.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Visit {
    #[serde(default)]
    level: u8,
    note: Option<String>,
    form: Option<Form>,
    #[schemars(range(min = 1, max = 3))]
    bikes: Option<u8>,
    inner: Option<Box<Inner>>,
    list: Option<Vec<Option<u8>>>,
    tagged: Tagged,
}

#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
struct Inner {
    name: String,
    flag: bool,
}

const VISIT: Argument<Visit> = Argument::<Visit>::new("visit", "").strict();

static PREPARED_VISIT: LazyLock<Arc<PreparedArguments>> =
    LazyLock::new(|| Arc::new(PreparedArguments::prepare(&tool(&[VISIT.spec()])).expect("the tool is sound")));

proptest! {
    #[test]
    fn the_schema_allows_what_is_read_and_nothing_else(
        mut value in starts(),
        ways in collection::vec((collection::vec(0usize..40, 0..4), change()), 0..3),
    ) {
        for (way, change) in &ways {
            changed(&mut value, way, change);
        }
        let mut sent = received(PREPARED.clone(), &json!({ "value": value }).to_string());
        let read = sent.take(0, SAMPLE);
        let read = finished(sent, read);
        let schema = &SCHEMA["properties"]["value"];
        // That a key is a number of a certain size is more than a schema says.
        prop_assume!(!value.to_string().contains("\"300\""));
        prop_assert_eq!(read.is_ok(), allows(schema, &value), "{:?}\n{}\n{}", read.err(), value, schema);
    }

    #[test]
    fn what_is_made_from_the_schema_is_read(seed: u64) {
        let schema = &SCHEMA["properties"]["value"];
        let value = crate::schema::sample::sample(schema, seed);
        prop_assert!(allows(schema, &value), "{}", value);
        let mut sent = received(PREPARED.clone(), &json!({ "value": value }).to_string());
        let read = sent.take(0, SAMPLE);
        let read = finished(sent, read);
        prop_assert!(read.is_ok(), "{:?}\n{}", read.err(), value);
    }

    #[test]
    fn nothing_is_read_that_the_schema_does_not_allow(seed: u64) {
        let schema = &SCHEMA["properties"]["value"];
        let value = crate::schema::sample::hostile(schema, seed);
        let mut sent = received(PREPARED.clone(), &json!({ "value": value }).to_string());
        let read = sent.take(0, SAMPLE);
        let read = finished(sent, read);
        // The other way round, a number may be within the limits and have more digits than its type keeps.
        prop_assert!(read.is_err() || allows(schema, &value), "{}", value);
    }

    #[test]
    fn what_is_made_from_any_form_of_the_schema_is_read(seed: u64) {
        for profile in [Profile::Plain, Profile::OpenAiStrict] {
            let schema = profile.apply(PREPARED_VISIT.schema()).expect("it can be said");
            let value = crate::schema::sample::sample(&schema, seed);
            let mut sent = received(PREPARED_VISIT.clone(), &value.to_string());
            let read = sent.take(0, VISIT);
            let read = finished(sent, read);
            prop_assert!(read.is_ok(), "{}: {:?}\n{}", profile, read.err(), value);
        }
    }
}
