//! Faults, word by word.

use std::collections::{BTreeMap, HashMap};

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::{
    super::{
        faults::{Faults, nearest},
        prepare::conform_to,
    },
    *,
};
use crate::shape;

#[derive(Debug, Deserialize, JsonSchema)]
#[allow(dead_code)]
struct Order {
    address: Address,
    #[serde(default)]
    items: Vec<Item>,
    payment: Option<Payment>,
    size: Option<Size>,
    shape: Option<Shape>,
    #[schemars(range(min = 1, max = 5))]
    priority: Option<u8>,
    #[schemars(length(min = 2, max = 4), regex(pattern = "^[A-Z]+$"))]
    code: Option<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[allow(dead_code)]
struct Address {
    city: String,
    zip: Option<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[allow(dead_code)]
struct Item {
    count: u32,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[allow(dead_code)]
enum Payment {
    Card { number: String },
    Cash,
}

/// Told apart by what fits.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
#[allow(dead_code)]
enum Place {
    Whole { street: String, zip: String, city: String },
    Known { id: u32 },
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
#[allow(dead_code)]
enum Counted {
    Number(u8),
    Names(Vec<String>),
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Size {
    Small,
    Large,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(dead_code)]
enum Shape {
    Circle { radius: f64 },
    Square(u8),
    Nothing,
}

/// `{"address":{"city":"Breda"}, …}` with more members.
fn order(more: &str) -> String {
    read_whole::<Order>(&format!("{{\"address\":{{\"city\":\"Breda\"}}{more}}}")).expect_err("a fault")
}

#[test]
fn every_sentence() {
    let many = "x".repeat(100);
    let cases: &[(String, &str)] = &[
        // Kinds.
        (read::<u32>("\"many\"").unwrap_err(), "`value` must be an integer, got the string \"many\""),
        (read::<u32>("5.5").unwrap_err(), "`value` must be an integer, got the number 5.5"),
        (read::<u32>("true").unwrap_err(), "`value` must be an integer, got true"),
        (read::<u32>("null").unwrap_err(), "`value` must be an integer, got null"),
        (read::<Option<u32>>("\"\"").unwrap_err(), "`value` must be an integer, got the string \"\""),
        (read::<f64>("[1]").unwrap_err(), "`value` must be a number, got an array"),
        (read::<bool>("\"yes\"").unwrap_err(), "`value` must be true or false, got the string \"yes\""),
        (read::<bool>("1").unwrap_err(), "`value` must be true or false, got the number 1"),
        (read::<String>("false").unwrap_err(), "`value` must be a string, got false"),
        (read::<String>("{}").unwrap_err(), "`value` must be a string, got an object"),
        (read::<Vec<u8>>("5").unwrap_err(), "`value` must be an array, got the number 5"),
        (read::<()>("5").unwrap_err(), "`value` must be null, got the number 5"),
        (read_from(argument::<u32>(), "{}").unwrap_err(), "`value` is missing; it must be an integer"),
        (read_from(argument::<Value>(), "{}").unwrap_err(), "`value` is missing"),
        // Limits.
        (read::<u8>("300").unwrap_err(), "`value` must be an integer from 0 to 255, got the number 300"),
        (read::<u32>("-1").unwrap_err(), "`value` must be an integer from 0 to 4294967295, got the number -1"),
        (
            read::<u64>("1e400").unwrap_err(),
            "`value` must be an integer from 0 to 18446744073709551615, got the number 1e400",
        ),
        (
            read::<f64>("1e400").unwrap_err(),
            "`value` must be a number that can be kept with all its digits, got the number 1e400",
        ),
        (order(",\"priority\":9"), "`priority` must be an integer from 1 to 5, got the number 9"),
        (
            order(",\"code\":\"A\""),
            "`code` must be a string of 2 to 4 characters that matches the pattern ^[A-Z]+$, got the string \"A\" of 1",
        ),
        (
            order(",\"code\":\"ab\""),
            "`code` must be a string of 2 to 4 characters that matches the pattern ^[A-Z]+$, got the string \"ab\"",
        ),
        (read::<[u8; 3]>("[1]").unwrap_err(), "`value` must be an array of exactly 3 items, got an array of 1"),
        // Paths.
        (read_whole::<Order>("{\"address\":{}}").unwrap_err(), "`address.city` is missing; it must be a string"),
        (
            order(",\"items\":[{\"count\":1},{\"count\":2},{\"count\":\"x\"}]"),
            "`items[2].count` must be an integer, got the string \"x\"",
        ),
        (order(",\"items\":[{\"count\":1},7]"), "`items[1]` must be an object, got the number 7"),
        (
            read::<HashMap<String, u8>>("{\"a b\":-1}").unwrap_err(),
            "`value.a b` must be an integer from 0 to 255, got the number -1",
        ),
        // Names.
        (order(",\"adress\":1"), "`adress` is not an argument; did you mean `address`?"),
        (
            order(",\"weather\":1"),
            "`weather` is not an argument; the arguments are `address`, `items`, `payment`, `size`, `shape`, `priority`, `code`",
        ),
        (
            read_whole::<Order>("{\"address\":{\"city\":\"B\",\"zipp\":\"1\"}}").unwrap_err(),
            "`address.zipp` is not known; did you mean `address.zip`?",
        ),
        (
            read_whole::<Order>("{\"address\":{\"city\":\"B\",\"country\":\"1\"}}").unwrap_err(),
            "`address.country` is not known; `address` has `city`, `zip`",
        ),
        (order(",\"size\":\"small\",\"size\":\"large\""), "`size` is there more than once"),
        (
            read::<Value>("{\"a\":{\"b\":1,\"b\":2}}").unwrap_err(),
            "`value` has the name \"b\" more than once in one object",
        ),
        (read::<BTreeMap<String, u8>>("{\"b\":1,\"b\":2}").unwrap_err(), "`value.b` is there more than once"),
        (
            finished(arguments(&tool(&[]), "{\"a\":1}"), Some(())).unwrap_err(),
            "`a` is not an argument; there are no arguments",
        ),
        (
            read_from(argument::<u8>(), "{\"value\":1,\"weather\":1}").unwrap_err(),
            "`weather` is not an argument; the only one is `value`",
        ),
        // Choices.
        (
            order(",\"size\":\"Small\""),
            "`size` must be one of \"small\", \"large\", got the string \"Small\"; did you mean \"small\"?",
        ),
        (
            order(",\"size\":\"huge thing\""),
            "`size` must be one of \"small\", \"large\", got the string \"huge thing\"",
        ),
        (
            order(",\"payment\":{\"kind\":\"car\"}"),
            "`payment.kind` must be one of \"card\", \"cash\", got the string \"car\"; did you mean \"card\"?",
        ),
        (order(",\"payment\":{}"), "`payment.kind` is missing; it must be one of \"card\", \"cash\""),
        (order(",\"payment\":{\"kind\":\"card\"}"), "`payment.number` is missing; it must be a string"),
        (order(",\"shape\":{\"circle\":{}}"), "`shape.circle.radius` is missing; it must be a number"),
        (order(",\"shape\":{\"sqare\":1}"), "`shape.sqare` is not known; did you mean `shape.square`?"),
        (
            order(",\"shape\":{}"),
            "`shape` must be \"nothing\" or an object with the one member `circle` or an object with the one member `square`, got an object with 0 members",
        ),
        // Of several shapes, the one that comes nearest is spoken of.
        (read::<Place>("{\"id\":\"x\"}").unwrap_err(), "`value.id` must be an integer, got the string \"x\""),
        (
            read::<Place>("{\"street\":[],\"zip\":\"1012\",\"city\":\"Ede\"}").unwrap_err(),
            "`value.street` must be a string, got an array",
        ),
        (read::<Counted>("true").unwrap_err(), "`value` must be an integer or an array, got true"),
        // The object itself.
        (
            read::<u8>("1").and(read_from(argument::<u8>(), "[1]")).unwrap_err(),
            "the arguments must be a JSON object, got an array",
        ),
        // JSON in a text that is no object either.
        (read_from(argument::<u8>(), "\"[1]\"").unwrap_err(), "the arguments must be a JSON object, got an array"),
        (
            read_from(argument::<Option<u8>>(), "\" 5 \"").unwrap_err(),
            "the arguments must be a JSON object, got the number 5",
        ),
        (
            read_from(argument::<u8>(), "\"{\\\"value\\\":\"").unwrap_err(),
            "the arguments must be a JSON object, got the string \"{\\\"value\\\":\", which is not JSON",
        ),
        // Several at once, on one line.
        (
            read_whole::<Order>("{\"adress\":{},\"priority\":\"x\"}").unwrap_err(),
            "`adress` is not an argument; did you mean `address`? `priority` must be an integer from 1 to 5, got the string \"x\". `address` is missing; it must be an object",
        ),
        (read::<u8>("\"a\\nb\\u2028\"").unwrap_err(), "`value` must be an integer, got the string \"a\\nb\\u{2028}\""),
        (
            read::<u8>(&format!("\"{many}\"")).unwrap_err(),
            "`value` must be an integer, got the string \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…\"",
        ),
    ];
    let mut wrong = Vec::new();
    for (given, expected) in cases {
        if given != expected {
            wrong.push(format!("expected {expected}\n   given {given}"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Another shape is not worth a word to who sent a value of the right kind.
#[test]
fn of_several_shapes_that_of_the_sent_kind_is_spoken_of_and_otherwise_all() {
    let texts = json!({ "type": "string", "maxLength": 3 });
    for (shape, at_fault, told) in [
        (json!({ "type": "integer", "maximum": 9 }), "10", "an integer of at most 9, got the number 10"),
        (json!({ "type": "array", "maxItems": 1 }), "[1,2]", "an array of at most 1 item, got an array of 2"),
        (
            json!({ "type": "object", "maxProperties": 0, "additionalProperties": true }),
            r#"{"a":1}"#,
            "an object of at most 0 members, got an object of 1",
        ),
        (json!({ "enum": [1, 2] }), "3", "one of 1, 2, got the number 3"),
    ] {
        let conform = |json| conform_to(&shape::read(json!({ "anyOf": [shape, texts] })).unwrap(), json, false);
        assert_eq!(conform(at_fault).unwrap_err(), format!("the arguments must be {told}"));
        let text = "the arguments must be a string of at most 3 characters, got the string \"long\" of 4";
        assert_eq!(conform(r#""long""#).unwrap_err(), text);
        let neither = told.split(", got").next().unwrap();
        assert_eq!(
            conform("true").unwrap_err(),
            format!("the arguments must be {neither} or a string of at most 3 characters, got true")
        );
    }
    for (shape, words) in [(json!({ "type": "boolean" }), "true or false"), (json!({ "const": null }), "null")] {
        let either = shape::read(json!({ "anyOf": [shape, texts] })).unwrap();
        assert_eq!(
            conform_to(&either, "[]", false).unwrap_err(),
            format!("the arguments must be {words} or a string of at most 3 characters, got an array")
        );
    }
}

#[derive(Debug)]
struct Even;

impl<'de> Deserialize<'de> for Even {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u8::deserialize(deserializer)? % 2 {
            0 => Ok(Even),
            _ => Err(serde::de::Error::custom("an odd\nnumber, my_crate::types::Even<u8> wants others")),
        }
    }
}

impl JsonSchema for Even {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Even".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "integer" })
    }
}

#[derive(Debug, Deserialize, JsonSchema)]
#[allow(dead_code)]
struct Numbers {
    list: Vec<Even>,
    #[schemars(extend("format" = "date"))]
    day: Option<Day>,
}

#[derive(Debug, JsonSchema)]
#[allow(dead_code)]
struct Day(String);

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.len() == 10 { Ok(Day(text)) } else { Err(serde::de::Error::custom("too short")) }
    }
}

#[test]
fn what_a_type_itself_refuses_is_said_at_its_place() {
    assert_eq!(
        read::<Numbers>("{\"list\":[2,3]}").unwrap_err(),
        "`value.list[1]` must be an integer, got the number 3 (an odd number, value wants others)"
    );
    assert_eq!(
        read::<Numbers>("{\"list\":[],\"day\":\"soon\"}").unwrap_err(),
        "`value.day` must be a date such as \"2026-02-05\", got the string \"soon\" (too short)"
    );
    assert_eq!(
        read::<std::num::NonZeroI32>("0").unwrap_err(),
        "`value` must be an integer from -2147483648 to 2147483647, got the number 0 (invalid value: integer `0`, expected an integer in range)"
    );
}

/// A list that only goes up, which no schema says.
#[derive(Debug, JsonSchema)]
#[schemars(transparent)]
#[allow(dead_code)]
struct Rising(Vec<u8>);

impl<'de> Deserialize<'de> for Rising {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let list = Vec::<u8>::deserialize(deserializer)?;
        match list.is_sorted() {
            true => Ok(Rising(list)),
            // As long as a careless error text, and each letter two bytes long.
            false => Err(serde::de::Error::custom("é".repeat(list.len() * 100))),
        }
    }
}

#[test]
fn a_whole_that_a_type_refuses_is_not_said_to_be_of_a_wrong_kind() {
    let reason = "é".repeat(200);
    assert_eq!(read::<Rising>("[2,1]").unwrap_err(), format!("`value` cannot be taken, got an array ({reason})"));
}

#[test]
fn what_a_type_says_is_cut_to_a_sentence() {
    let reason = "é".repeat(200);
    assert_eq!(read::<Rising>("[3,2,1]").unwrap_err(), format!("`value` cannot be taken, got an array ({reason}…)"));
}

#[test]
fn a_slip_of_spelling_grows_with_the_name() {
    let known = ["forwarding", &"long_".repeat(13)[..64], &"other".repeat(13)];
    assert_eq!(nearest("farworting", known), Some("forwarding"), "three of ten letters");
    assert_eq!(nearest("farwortimg", known), None, "four of ten letters");
    assert_eq!(nearest(&"long_".repeat(13).replacen('o', "u", 1)[..64], known), Some(known[1]));
    assert_eq!(nearest(&"other".repeat(13).replacen('o', "u", 1), known), None, "too long to be a slip");
}

#[test]
fn of_the_faults_of_a_branch_no_more_are_said_than_of_the_whole() {
    let [mut first, mut second] = [Faults::default(), Faults::default()];
    for index in 0..15 {
        first.note(|| format!("first {index}"));
        second.note(|| format!("second {index}"));
    }
    first.append(second);
    let line = first.to_string();
    assert!(line.ends_with("second 3. second 4. There are 10 more faults"), "{line}");
}

#[test]
fn faults_are_counted_and_not_all_said() {
    let members: Vec<String> = (0..100_000).map(|index| format!("\"unknown_{index}\":{index}")).collect();
    let started = std::time::Instant::now();
    let line = read_from(argument::<Option<u8>>(), &format!("{{{}}}", members.join(","))).unwrap_err();
    assert!(line.ends_with("There are 99980 more faults"), "{line}");
    assert!(line.len() < 4_000, "{}", line.len());
    assert!(started.elapsed().as_secs() < 5);
}

#[test]
fn depth_is_a_fault_and_no_crash() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(read::<Value>(&deep).unwrap_err().contains("recursion limit"));
    assert!(read::<u8>(&deep).is_err());
    assert!(read::<Vec<Vec<u8>>>(&deep).is_err());
}
