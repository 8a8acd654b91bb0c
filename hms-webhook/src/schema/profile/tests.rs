//! Each rule of each profile, by what becomes of a schema.

use serde_json::json;

use super::*;
use crate::schema::sample::sample;

fn form(profile: Profile, property: Value) -> Value {
    let schema =
        json!({ "type": "object", "properties": { "a": property }, "required": ["a"], "additionalProperties": false });
    profile.apply(schema).unwrap()["properties"]["a"].clone()
}

fn text_of_9() -> Value {
    json!({ "type": "string", "description": "A code.", "minLength": 1, "maxLength": 9, "default": "x" })
}

#[test]
fn plain_changes_nothing() {
    assert_eq!(form(Profile::Plain, text_of_9()), text_of_9());
}

#[test]
fn openai_strict_requires_every_property_and_makes_optional_ones_nullable() {
    let schema = json!({
        "type": "object",
        "properties": {
            "must": { "type": "string" },
            "may": { "type": "integer", "minimum": 1 },
            "choice": { "type": "string", "enum": ["a"] },
            "either": { "anyOf": [{ "type": "string" }, { "type": "boolean" }] },
        },
        "required": ["must"],
        "additionalProperties": false,
    });
    assert_eq!(
        Profile::OpenAiStrict.apply(schema).unwrap(),
        json!({
            "type": "object",
            "properties": {
                "must": { "type": "string" },
                "may": { "type": ["integer", "null"], "minimum": 1 },
                "choice": { "type": ["string", "null"], "enum": ["a", null] },
                "either": { "anyOf": [{ "type": "string" }, { "type": "boolean" }, { "type": "null" }] },
            },
            "required": ["must", "may", "choice", "either"],
            "additionalProperties": false,
        })
    );
}

#[test]
fn openai_strict_says_unsupported_keywords_in_words() {
    assert_eq!(
        form(Profile::OpenAiStrict, text_of_9()),
        json!({
            "type": "string",
            "description": "A code.\nAt least 1 character.\nAt most 9 characters.\nIf left out: \"x\".",
        })
    );
    assert_eq!(form(Profile::OpenAiStrict, json!({ "type": "string", "format": "date" }))["format"], "date");
    let uri = form(Profile::OpenAiStrict, json!({ "type": "string", "format": "uri" }));
    assert_eq!(uri, json!({ "type": "string", "description": "Written as uri." }));
    let list = json!({ "type": "array", "items": { "type": "string", "examples": ["b"] }, "uniqueItems": true });
    assert_eq!(
        form(Profile::OpenAiStrict, list),
        json!({
            "type": "array",
            "items": { "type": "string", "description": "For example \"b\"." },
            "description": "No item twice.",
        })
    );
}

#[test]
fn gemini_has_nullable_and_the_order_of_properties() {
    assert_eq!(
        form(Profile::Gemini, json!({ "type": ["string", "null"], "enum": ["a", null] })),
        json!({ "type": "string", "enum": ["a"], "nullable": true })
    );
    let either = json!({ "anyOf": [{ "type": "string" }, { "type": "boolean" }, { "type": "null" }] });
    assert_eq!(
        form(Profile::Gemini, either),
        json!({ "anyOf": [{ "type": "string", "nullable": true }, { "type": "boolean", "nullable": true }] })
    );
    let schema = json!({
        "type": "object", "properties": { "b": { "type": "string" }, "a": { "type": "string" } },
        "required": [], "additionalProperties": false,
    });
    let schema = Profile::Gemini.apply(schema).unwrap();
    assert_eq!(schema["propertyOrdering"], json!(["b", "a"]));
    assert!(schema.get("additionalProperties").is_none());
}

#[test]
fn gemini_has_nothing_beside_the_forms_of_a_union() {
    let of_kind = |kind: &str| json!({ "type": "object", "properties": { "kind": { "type": "string", "enum": [kind] } }, "required": ["kind"], "additionalProperties": false });
    let mut mail = of_kind("mail");
    mail["description"] = "By mail.".into();
    let contact = json!({
        "type": "object",
        "description": "How to answer.",
        "anyOf": [mail, { "description": "Not at once.", "anyOf": [of_kind("phone"), of_kind("visit")] }, { "type": "null" }],
        "default": { "kind": "mail" },
        "examples": [{ "kind": "visit" }],
    });
    let is = |kind: &str, description: &str| {
        json!({
            "type": "object",
            "properties": { "kind": { "type": "string", "enum": [kind] } },
            "required": ["kind"],
            "nullable": true,
            "description": description,
        })
    };
    let of_all = "How to answer.\nFor example {\"kind\":\"visit\"}.\nIf left out: {\"kind\":\"mail\"}.";
    assert_eq!(
        form(Profile::Gemini, contact),
        json!({ "anyOf": [
            is("mail", &format!("{of_all}\nBy mail.")),
            { "anyOf": [is("phone", &format!("{of_all}\nNot at once.")), is("visit", &format!("{of_all}\nNot at once."))] },
        ] })
    );
}

#[test]
fn gemini_form_of_a_union_is_read_back() {
    let either = json!({ "type": "object", "properties": {
        "a": { "description": "Which.", "anyOf": [{ "type": "integer", "exclusiveMinimum": 3 }, { "type": "boolean" }, { "type": "null" }] },
    }, "required": ["a"], "additionalProperties": false });
    let back = Profile::Gemini.read_back(&Profile::Gemini.apply(either).unwrap());
    assert_eq!(
        back["properties"]["a"],
        json!({ "anyOf": [
            { "type": "integer", "description": "Which.", "exclusiveMinimum": 3 },
            { "type": "boolean", "description": "Which." },
            { "type": "null" },
        ] })
    );
}

#[test]
fn gemini_enumerates_texts_only_and_has_no_excluded_limits() {
    assert_eq!(
        form(Profile::Gemini, json!({ "type": "integer", "enum": [1, 2] })),
        json!({ "type": "integer", "description": "One of 1, 2." })
    );
    assert_eq!(
        form(Profile::Gemini, json!({ "description": "How many.", "enum": [1, "all", 2, null] })),
        json!({ "anyOf": [
            { "type": "integer", "description": "How many.\nOne of 1, 2.", "nullable": true },
            { "type": "string", "enum": ["all"], "description": "How many.", "nullable": true },
        ] })
    );
    assert_eq!(
        form(Profile::Gemini, json!({ "type": "number", "exclusiveMinimum": 0, "maximum": 5 })),
        json!({ "type": "number", "maximum": 5, "description": "More than 0." })
    );
    assert_eq!(
        form(Profile::Gemini, json!({ "type": "string", "format": "date", "maxLength": 9 })),
        json!({ "type": "string", "maxLength": 9, "description": "Written as date." })
    );
    assert_eq!(form(Profile::Gemini, json!({ "type": "string", "format": "date-time" }))["format"], "date-time");
}

#[test]
fn anthropic_says_limits_in_words_and_null_as_a_branch() {
    assert_eq!(
        form(Profile::Anthropic, json!({ "type": "integer", "minimum": 1, "maximum": 8, "default": 2 })),
        json!({ "type": "integer", "default": 2, "description": "At least 1.\nAt most 8." })
    );
    assert_eq!(
        form(
            Profile::Anthropic,
            json!({ "type": "array", "items": { "type": "string" }, "minItems": 2, "maxItems": 3 })
        ),
        json!({ "type": "array", "items": { "type": "string" }, "description": "At most 3 items.\nAt least 2 items." })
    );
    let list = json!({ "type": "array", "items": { "type": "string" }, "minItems": 1 });
    assert_eq!(form(Profile::Anthropic, list.clone()), list);
    assert_eq!(
        form(
            Profile::Anthropic,
            json!({ "type": ["string", "null"], "description": "A colour.", "enum": ["red", null] })
        ),
        json!({ "description": "A colour.", "anyOf": [{ "type": "string", "enum": ["red"] }, { "type": "null" }] })
    );
}

#[test]
fn anthropic_says_patterns_in_words_that_it_does_not_take() {
    let of = |pattern: &str| json!({ "type": "string", "pattern": pattern });
    for taken in [r"^[A-Z]{2}-\d{1,9}$", "^(?:a|b)+?$", r"^[({]\\b$", "a{2,}", "^x{100}$"] {
        assert_eq!(form(Profile::Anthropic, of(taken)), of(taken));
    }
    for not in [r"\bcat", r"cat\B", "a{1,1000}", "^(?i)a$", "(?P<year>[0-9]+)", r"\Aa\z", "a{101,}"] {
        let said = form(Profile::Anthropic, of(not));
        let sentence = format!("Matches the regular expression {}.", json!(not));
        assert_eq!(said, json!({ "type": "string", "description": sentence }));
        assert_eq!(Profile::Anthropic.read_back(&said), of(not));
    }
}

#[test]
fn what_a_form_cannot_say_is_an_error_with_a_way_out() {
    let schema = json!({
        "type": "object",
        "properties": {
            "map": { "type": "object", "additionalProperties": { "type": "string" } },
            "inner": {
                "type": "object", "required": [], "additionalProperties": false,
                "properties": { "pair": { "type": "array", "prefixItems": [{ "type": "string" }] } },
            },
            "any": { "description": "Whatever." },
        },
        "required": [],
        "additionalProperties": false,
    });
    for profile in [Profile::OpenAiStrict, Profile::Gemini, Profile::Anthropic] {
        assert_eq!(
            profile.apply(schema.clone()).unwrap_err(),
            [
                "`map` is a map: use a list of structs that have a key and a value",
                "`inner.pair` is a tuple: use a struct with named fields",
                "`any` may be anything: use a type that says what it is",
            ]
        );
    }
    let either =
        json!({ "type": "object", "anyOf": [{ "type": "object", "properties": {}, "additionalProperties": false }] });
    for profile in [Profile::OpenAiStrict, Profile::Gemini, Profile::Anthropic] {
        assert!(profile.apply(either.clone()).unwrap_err()[0].contains("one of several forms"));
    }
}

#[test]
fn an_object_without_fields_is_for_gemini_the_whole_only() {
    let nothing = json!({ "type": "object", "properties": {}, "required": [], "additionalProperties": false });
    assert!(Profile::Gemini.apply(nothing.clone()).is_ok());
    let inside =
        json!({ "type": "object", "properties": { "a": nothing }, "required": [], "additionalProperties": false });
    assert_eq!(
        Profile::Gemini.apply(inside.clone()).unwrap_err(),
        ["`a` is an object without fields: use a `bool` or an enum"]
    );
    assert!(Profile::OpenAiStrict.apply(inside.clone()).is_ok());
    assert!(Profile::Anthropic.apply(inside).is_ok());
}

#[test]
fn names_are_read_and_written() {
    for (name, profile) in Profile::NAMES {
        assert_eq!((name.parse(), profile.to_string().as_str()), (Ok(profile), name));
    }
    assert!("openai".parse::<Profile>().unwrap_err().to_string().contains("openai-strict"));
}

#[test]
fn a_value_made_from_a_form_keeps_its_limits() {
    let schema = form(Profile::OpenAiStrict, json!({ "type": "integer", "minimum": 3, "maximum": 4 }));
    assert!((0..50).all(|seed| matches!(sample(&schema, seed).as_i64(), Some(3 | 4))));
}

#[test]
fn a_value_that_is_excluded_is_said_in_words() {
    let number = json!({ "type": "integer", "description": "How many.", "not": { "const": 0 } });
    for profile in [Profile::OpenAiStrict, Profile::Gemini, Profile::Anthropic] {
        assert_eq!(form(profile, number.clone())["description"], "How many.\nAnything but 0.", "{profile}");
    }
}
