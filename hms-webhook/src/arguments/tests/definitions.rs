//! What the model is shown.

use std::collections::{BTreeMap, HashMap, HashSet};

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::*;

#[derive(Debug, Deserialize, JsonSchema)]
#[allow(dead_code)]
struct Address {
    /// The town.
    city: String,
    zip: Option<String>,
    #[serde(default)]
    floor: i8,
    kind: Option<Kind>,
}

/// How to pay.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Kind {
    /// At the door.
    Cash,
    /// With a card.
    DebitCard,
    Other,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[allow(dead_code)]
enum Payment {
    Card { number: String },
    Cash,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[allow(dead_code)]
struct Flattened {
    note: String,
    #[serde(flatten)]
    payment: Payment,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[allow(dead_code)]
struct CatchAll {
    note: String,
    #[serde(flatten)]
    rest: HashMap<String, Value>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[allow(dead_code)]
struct Tree {
    children: Vec<Tree>,
}

#[test]
fn a_tool_is_one_flat_object() {
    const ORDER: Argument<String> = Argument::new("order_id", "The order number.");
    const LINES: Argument<Option<u32>> = Argument::new("max_lines", "");
    let tool = tool(&[ORDER.spec(), LINES.spec()]);
    let expected = json!({
        "name": "lookup_order",
        "description": "Looks up an order.",
        "parameters": {
            "type": "object",
            "properties": {
                "order_id": { "type": "string", "description": "The order number." },
                "max_lines": { "type": "integer", "minimum": 0, "maximum": 4294967295u32 },
            },
            "required": ["order_id"],
            "additionalProperties": false,
        },
    });
    let text = serde_json::to_string(&definition(&tool)).unwrap();
    assert_eq!(text, expected.to_string(), "also the order of members is fixed");
    let tool = tool.background().response("It is on its way.").message("One moment.").url("https://example.com/t");
    let written = serde_json::to_value(definition(&tool)).unwrap();
    assert_eq!(written["async"], true);
    assert_eq!(written["async_response"], "It is on its way.");
    assert_eq!(written["message"], "One moment.");
    assert_eq!(written["url"], "https://example.com/t");
}

#[test]
fn nothing_of_rust_is_shown() {
    assert_eq!(shown::<u64>(), json!({ "type": "integer", "minimum": 0 }));
    assert_eq!(shown::<i64>(), json!({ "type": "integer" }));
    assert_eq!(shown::<i8>(), json!({ "type": "integer", "minimum": -128, "maximum": 127 }));
    assert_eq!(shown::<f64>(), json!({ "type": "number" }));
    assert_eq!(shown::<Option<f32>>(), json!({ "type": "number" }));
    assert_eq!(shown::<Value>(), json!({}));
    assert_eq!(shown::<(u8, bool)>()["prefixItems"][1], json!({ "type": "boolean" }));
    assert_eq!(
        shown::<BTreeMap<String, Option<bool>>>(),
        json!({ "type": "object", "additionalProperties": { "type": ["boolean", "null"] } })
    );
    assert_eq!(
        shown::<Option<HashSet<String>>>(),
        json!({ "type": "array", "items": { "type": "string" }, "uniqueItems": true })
    );
}

#[test]
fn nested_types_are_written_in_place_and_optional_ones_left_out_of_required() {
    assert_eq!(
        shown::<Vec<Address>>()["items"],
        json!({
            "type": "object",
            "properties": {
                "city": { "type": "string", "description": "The town." },
                "zip": { "type": "string" },
                "floor": { "type": "integer", "minimum": -128, "maximum": 127, "default": 0 },
                "kind": {
                    "type": "string",
                    "description": "How to pay.\n- \"cash\": At the door.\n- \"debit_card\": With a card.",
                    "enum": ["other", "cash", "debit_card"],
                },
            },
            "required": ["city"],
            "additionalProperties": false,
        })
    );
    let text = shown::<Option<Address>>().to_string();
    for unwanted in ["$ref", "$defs", "title", "null", "int8", "oneOf"] {
        assert!(!text.contains(unwanted), "{unwanted} in {text}");
    }
}

#[test]
fn an_argument_s_own_words_come_first_and_the_meanings_stay() {
    let argument = Argument::<Kind>::new("value", "The way that the caller wants to pay.");
    let shown = parameters(&[argument.spec()])["properties"]["value"]["description"].clone();
    assert_eq!(
        shown,
        "The way that the caller wants to pay.\n- \"cash\": At the door.\n- \"debit_card\": With a card."
    );
}

#[test]
fn constraints_default_and_example_are_merged() {
    const COUNT: Argument<u32> = Argument::<u32>::new("count", "")
        .range(Range { minimum: Some(Bound::Integer(1)), maximum: Some(Bound::Integer(10)), excludes_maximum: true })
        .default(|| 3, Some(|| json!(3)));
    const CODE: Argument<Option<String>> = Argument::<Option<String>>::new("code", "")
        .length(2, Some(9))
        .pattern("^A-[0-9]+$")
        .example(|| json!("A-1042"));
    const NAMES: Argument<Vec<String>> = Argument::<Vec<String>>::new("names", "").length(1, None);
    let shown = parameters(&[COUNT.spec(), CODE.spec(), NAMES.spec()]);
    assert_eq!(shown["required"], json!(["names"]));
    assert_eq!(
        shown["properties"],
        json!({
            "count": { "type": "integer", "minimum": 1, "exclusiveMaximum": 10, "default": 3 },
            "code": {
                "type": "string", "minLength": 2, "maxLength": 9, "pattern": "^A-[0-9]+$", "examples": ["A-1042"],
            },
            "names": { "type": "array", "items": { "type": "string" }, "minItems": 1 },
        })
    );
}

#[test]
fn flattened_fields_become_members_of_each_form() {
    let shown = shown::<Flattened>();
    assert_eq!(shown["anyOf"][0]["required"], json!(["note", "kind", "number"]));
    assert_eq!(shown["anyOf"][1]["properties"]["kind"], json!({ "type": "string", "enum": ["cash"] }));
    assert_eq!(shown["anyOf"][1]["additionalProperties"], json!(false));
    assert_eq!(super::shown::<CatchAll>()["additionalProperties"], json!(true));
}

#[test]
fn the_whole_object_can_be_a_struct() {
    let argument = argument::<Address>();
    let shown = definition(&tool(&[argument.spec()]).whole()).parameters;
    assert_eq!(shown["required"], json!(["city"]));
    assert_eq!(shown["additionalProperties"], json!(false));
}

#[test]
fn what_cannot_work_is_said_at_start_up() {
    let recursive = refused(&tool(&[argument::<Tree>().spec(), argument::<Option<Box<Tree>>>().spec()]));
    assert!(
        recursive.contains("the argument `value` of the tool `lookup_order`, `lookup` (src/tools.rs:7), has a type")
    );
    assert!(recursive.contains("contains itself") && recursive.contains("serde_json::Value"), "{recursive}");
    assert_eq!(recursive.lines().count(), 2, "each argument is named");
    let pattern = refused(&tool(&[argument::<String>().pattern("(").spec()]));
    assert!(pattern.contains("`value` of the tool `lookup_order`") && pattern.contains("pattern `(`"), "{pattern}");
    let example = refused(&tool(&[argument::<u8>().example(|| json!(300)).spec()]));
    assert!(example.ends_with("refuse: it must be an integer from 0 to 255, got the number 300"), "{example}");
    let whole = refused(&tool(&[argument::<u8>().spec()]).whole());
    assert!(whole.contains("its type is no object"), "{whole}");
}

/// A value that can only be `null` is shown as that, once: `["null", "null"]` is no schema.
#[test]
fn what_can_only_be_null_is_shown_so() {
    let shown = parameters(&[argument::<Vec<Option<()>>>().spec()]);
    assert_eq!(shown["properties"]["value"]["items"], json!({ "type": "null" }));
}

#[test]
fn a_pattern_that_json_schema_reads_in_another_way_is_an_error() {
    for (pattern, instead) in [
        (r"\Aab\z", "write `^`"),
        (r"ab\z", "write `$`"),
        (r"(?i)^a+$", "such as `[Aa]`"),
        (r"^(?P<x>a)$", "write `(?<`"),
        (r"^[[:alpha:]]+$", "such as `A-Za-z`"),
        (r"\x{e9}", "the character itself"),
        (r"\b{start}a", r"write `\b`"),
    ] {
        let error = refused(&tool(&[argument::<String>().pattern(pattern).spec()]));
        assert!(error.contains(&format!("the pattern `{pattern}`")) && error.contains(instead), "{error}");
    }
    for pattern in [r"^(?<x>a|(?:b))\b[(?P\[:]$", r"^\\A\u00e9[\]x]{2}$"] {
        assert_eq!(
            parameters(&[argument::<String>().pattern(pattern).spec()])["properties"]["value"]["pattern"],
            pattern
        );
    }
}
