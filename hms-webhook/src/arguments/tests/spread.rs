//! Schemas that say one thing in several places: flattened enums, `allOf`, references.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::*;

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind")]
enum Payment {
    /// By card.
    Card {
        number: String,
    },
    Cash,
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Contact {
    /// By mail.
    Mail {
        mail: String,
    },
    Phone {
        phone: String,
    },
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
enum Speed {
    Slow,
    Within { days: u8 },
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct TaggedFirst {
    note: String,
    #[serde(flatten)]
    payment: Payment,
    #[serde(flatten)]
    contact: Contact,
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct UntaggedFirst {
    #[serde(flatten)]
    contact: Contact,
    #[serde(flatten)]
    payment: Payment,
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Three {
    #[serde(flatten)]
    contact: Contact,
    #[serde(flatten)]
    speed: Speed,
    #[serde(flatten)]
    payment: Option<Payment>,
}

/// What serde writes is allowed by the schema and read as the same, both inside an argument and as all of them.
#[track_caller]
fn goes_both_ways<T>(values: &[T])
where
    T: ArgumentValue + Serialize + PartialEq + std::fmt::Debug + 'static,
{
    let schema = shown::<T>();
    for value in values {
        let json = serde_json::to_value(value).unwrap();
        let read = read_from(argument::<T>(), &json!({ "value": json }).to_string());
        assert_eq!(read.as_ref(), Ok(value), "{json} by {schema}");
        let mut sent = received(
            Arc::new(PreparedArguments::prepare(&tool(&[argument::<T>().spec()]).whole()).unwrap()),
            &json.to_string(),
        );
        let read = sent.take(0, argument::<T>());
        assert_eq!(finished(sent, read).as_ref(), Ok(value), "{json}");
    }
    for seed in 0..200 {
        let json = crate::schema::sample::sample(&schema, seed);
        let read = read_from(argument::<T>(), &json!({ "value": json }).to_string());
        assert!(read.is_ok(), "{json} by {schema}: {read:?}");
    }
    for wrong in [json!({}), json!({ "note": "x" }), json!({ "note": "x", "kind": "Cash", "mail": "x", "more": 1 })] {
        assert!(read_from(argument::<T>(), &json!({ "value": wrong }).to_string()).is_err(), "{wrong}");
    }
}

#[test]
fn enums_with_and_without_a_tag_can_be_flattened_into_one_struct() {
    let contacts = || [Contact::Mail { mail: "a@b".into() }, Contact::Phone { phone: "1".into() }];
    let payments = || [Payment::Card { number: "7".into() }, Payment::Cash];
    let pairs = || {
        contacts().into_iter().flat_map(|_| payments()).zip(contacts().into_iter().flat_map(|one| {
            let json = serde_json::to_value(one).unwrap();
            (0..2).map(move |_| serde_json::from_value::<Contact>(json.clone()).unwrap())
        }))
    };
    assert_eq!(shown::<TaggedFirst>()["anyOf"][0]["description"], "By card.\nBy mail.");
    let tagged_first = pairs().map(|(payment, contact)| TaggedFirst { note: "x".into(), payment, contact });
    goes_both_ways(&tagged_first.collect::<Vec<_>>());
    goes_both_ways(&pairs().map(|(payment, contact)| UntaggedFirst { contact, payment }).collect::<Vec<_>>());
    let mut three: Vec<_> = pairs()
        .map(|(payment, contact)| Three { contact, speed: Speed::Within { days: 2 }, payment: Some(payment) })
        .collect();
    three.extend(contacts().map(|contact| Three { contact, speed: Speed::Slow, payment: None }));
    goes_both_ways(&three);
}

/// A struct without fields is none of the maps, which say what else they take.
#[test]
fn a_struct_without_fields_is_no_map() {
    #[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
    struct Nothing {}

    #[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
    enum Order {
        Cancel {},
    }

    let empty = json!({ "type": "object", "properties": {}, "required": [], "additionalProperties": false });
    assert_eq!(shown::<Nothing>(), empty);
    assert_eq!(read_from(argument::<Nothing>(), r#"{"value":{}}"#), Ok(Nothing {}));
    let told = read_from(argument::<Nothing>(), r#"{"value":{"a":1}}"#).unwrap_err();
    assert!(told.contains("`value.a` is not known"), "{told}");
    assert_eq!(shown::<Order>()["properties"]["Cancel"], empty);
    assert_eq!(definition(&tool(&[argument::<Nothing>().spec()]).whole()).parameters, empty);
    for map in [shown::<BTreeMap<String, Value>>(), shown::<serde_json::Map<String, Value>>()] {
        assert_eq!(map, json!({ "type": "object", "additionalProperties": true }));
    }
    let by_number = shown::<BTreeMap<u8, bool>>();
    assert_eq!(
        by_number.as_object().unwrap().keys().collect::<Vec<_>>(),
        ["type", "patternProperties", "additionalProperties"]
    );
}

/// A type with a schema of its own.
macro_rules! described {
    ($name:ident, $schema:tt) => {
        #[derive(Debug, Deserialize)]
        struct $name(#[allow(dead_code)] Value);

        impl JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    };
}

described!(Limited, {
    "allOf": [
        { "type": "number", "minimum": 1, "maximum": 9 },
        { "type": "integer", "minimum": 3, "maximum": 20, "description": "How many." },
        { "maximum": 8 },
    ],
});
described!(Chosen, { "allOf": [{ "enum": ["a", "b", "c"] }, { "enum": ["b", "c", "d"] }] });
described!(Merged, {
    "type": "object",
    "properties": { "name": { "type": "string", "minLength": 1 } },
    "allOf": [
        { "$ref": "#/$defs/Named" },
        { "$ref": "#/$defs/Sized" },
    ],
    "$defs": {
        "Named": { "type": "object", "properties": { "name": { "type": "string", "maxLength": 3 } }, "required": ["name"] },
        "Sized": { "type": "object", "properties": { "size": { "type": "integer" } }, "required": ["size"] },
    },
});
described!(Lost, { "type": "array", "items": { "$ref": "#/definitions/Part" } });
described!(Torn, { "allOf": [{ "type": "string", "pattern": "^a" }, { "pattern": "b$" }] });
described!(Never, { "allOf": [{ "type": "string" }, { "type": "integer" }] });

#[test]
fn what_is_said_in_several_places_holds_all_together() {
    assert_eq!(
        shown::<Limited>(),
        json!({ "type": "integer", "description": "How many.", "minimum": 3, "maximum": 8 })
    );
    assert_eq!(shown::<Chosen>(), json!({ "type": "string", "enum": ["b", "c"] }));
    assert_eq!(
        shown::<Merged>(),
        json!({
            "type": "object",
            "properties": {
                "name": { "type": "string", "minLength": 1, "maxLength": 3 },
                "size": { "type": "integer" },
            },
            "required": ["name", "size"],
            "additionalProperties": false,
        })
    );
}

#[test]
fn what_cannot_be_put_together_is_said_at_start_up() {
    let lost = refused(&tool(&[argument::<Lost>().spec()]));
    assert!(lost.contains("refers to `#/definitions/Part`") && !lost.contains("itself"), "{lost}");
    let torn = refused(&tool(&[argument::<Torn>().spec()]));
    assert!(torn.contains("says `pattern` in two places"), "{torn}");
    let never = refused(&tool(&[argument::<Never>().spec()]));
    assert!(never.contains("no value can satisfy"), "{never}");
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Sized {
    #[schemars(extend("minProperties" = 1, "maxProperties" = 2))]
    sizes: BTreeMap<String, u8>,
}

#[test]
fn the_number_of_members_is_checked() {
    assert_eq!(shown::<Sized>()["properties"]["sizes"]["maxProperties"], json!(2));
    let read = |sizes: Value| read_from(argument::<Sized>(), &json!({ "value": { "sizes": sizes } }).to_string());
    assert!(read(json!({ "a": 1 })).is_ok() && read(json!({ "a": 1, "b": 2 })).is_ok());
    let none = read(json!({})).unwrap_err();
    assert!(none.contains("`value.sizes` must be an object of 1 to 2 members, got an object of 0"), "{none}");
    assert!(read(json!({ "a": 1, "b": 2, "c": 3 })).is_err());
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Formats {
    /// Where it is.
    address: std::net::IpAddr,
    #[schemars(extend("format" = "partial-date-time"))]
    time: String,
    #[schemars(extend("format" = "money"))]
    price: Option<u8>,
    #[schemars(extend("format" = "date"))]
    day: String,
}

#[test]
fn formats_that_json_schema_does_not_have_become_words() {
    assert_eq!(
        shown::<Formats>()["properties"],
        json!({
            "address": { "type": "string", "description": "Where it is.\nWrite an IP address." },
            "time": { "type": "string", "description": "Write a date and time such as \"2026-02-05T14:30:00\"." },
            "price": { "type": "integer", "description": "Written as money.", "minimum": 0, "maximum": 255 },
            "day": { "type": "string", "format": "date" },
        })
    );
}
