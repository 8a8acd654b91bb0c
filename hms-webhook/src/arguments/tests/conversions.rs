//! What is taken for what, and what stands for nothing.

use std::collections::{BTreeMap, HashMap, HashSet};

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::*;

#[derive(Debug, PartialEq, Deserialize, JsonSchema)]
struct Point {
    x: i64,
    #[serde(default)]
    label: String,
    next: Option<Vec<u8>>,
}

#[derive(Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Loose {
    Number(i64),
    Text(String),
    Point(Point),
}

#[derive(Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Tagged {
    Plain,
    One(u8),
    Pair(u8, bool),
    Named { x: u8 },
}

#[derive(Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(tag = "t", content = "c")]
enum Adjacent {
    A,
    B(u8),
}

#[derive(Debug, PartialEq, Deserialize, JsonSchema)]
struct Flattened {
    a: u8,
    #[serde(flatten)]
    tagged: Tagged,
}

#[derive(Debug, PartialEq, Deserialize, JsonSchema)]
struct CatchAll {
    a: u8,
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

#[derive(Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(transparent)]
struct Transparent(Option<u8>);

#[test]
fn strings_hold_what_they_are_json_for() {
    assert_eq!(read("\"5\""), Ok(5u32));
    assert_eq!(read("\" 5 \""), Ok(5u32));
    assert_eq!(read("\"true\""), Ok(true));
    assert_eq!(read("\"4.5\""), Ok(4.5f64));
    assert_eq!(read("\"[1,\\\"2\\\"]\""), Ok(vec![1u8, 2]));
    assert_eq!(read("\"{\\\"x\\\":\\\"1\\\"}\""), Ok(Point { x: 1, label: String::new(), next: None }));
    assert_eq!(read("{\"x\":\"-7\",\"next\":\"[1]\"}"), Ok(Point { x: -7, label: String::new(), next: Some(vec![1]) }));
    for text in ["05", "+5", "5.", "", "0x5", "five", "null", "\\\"5\\\"", "5 5", "1,000"] {
        assert!(read::<u32>(&format!("\"{text}\"")).is_err(), "{text}");
        assert!(read::<Option<u32>>(&format!("\"{text}\"")).is_err(), "{text}");
    }
}

#[test]
fn numbers_keep_their_digits() {
    assert_eq!(read("5.0"), Ok(5u8));
    assert_eq!(read("1e3"), Ok(1000u16));
    assert_eq!(read("-0"), Ok(0u8));
    assert_eq!(read("-0.0"), Ok(0i8));
    assert_eq!(read("18446744073709551615"), Ok(u64::MAX));
    assert_eq!(read("\"18446744073709551615.0\""), Ok(u64::MAX));
    assert_eq!(read("-9223372036854775808"), Ok(i64::MIN));
    assert_eq!(read("-170141183460469231731687303715884105728"), Ok(i128::MIN));
    assert_eq!(read("340282366920938463463374607431768211455"), Ok(u128::MAX));
    assert_eq!(read("9007199254740993.0"), Ok(9_007_199_254_740_993_i64));
    assert_eq!(read("3"), Ok(3.0f64));
    assert_eq!(read("0.1"), Ok(0.1f64));
    assert_eq!(read("1e23"), Ok(1e23f64));
    assert_eq!(read("0.1"), Ok(0.1f32));
    assert!(read::<u64>("18446744073709551616").is_err());
    assert!(read::<i128>("170141183460469231731687303715884105728").is_err());
    assert!(read::<u128>("340282366920938463463374607431768211456").is_err());
    assert!(read::<f64>("9007199254740993").is_err());
    assert!(read::<f64>("1e-400").is_err());
    assert_eq!(read("0.123456789"), Ok(0.123_456_79_f32));
    assert!(read::<f32>("16777217").is_err());
    assert!(read::<f32>("1e300").is_err());
    assert!(read::<f32>("1e-50").is_err());
}

#[test]
fn a_limit_that_is_excluded_is_so_in_every_spelling() {
    for (kind, within) in [("integer", ["1", "9", "1.0", "90e-1"]), ("number", ["0.1", "9.9", "1e-9", "9"])] {
        let shape = json!({ "type": kind, "exclusiveMinimum": 0, "exclusiveMaximum": 10 });
        let shape = crate::shape::read(shape).unwrap();
        let conform = |json| crate::arguments::prepare::conform_to(&shape, json, false);
        for json in within {
            assert!(conform(json).is_ok(), "{kind} {json}");
        }
        for json in ["0", "10", "0.0", "-0", "10.0", "1e1", "-1", "11", "-1.0", "11.0"] {
            assert!(conform(json).is_err(), "{kind} {json}");
        }
    }
}

#[test]
fn a_choice_is_made_in_another_spelling_but_of_nothing_else() {
    let shape = crate::shape::read(json!({ "enum": ["3", 4, 9, "true", "five"] })).unwrap();
    let conform = |json, lenient| crate::arguments::prepare::conform_to(&shape, json, lenient);
    for lenient in [false, true] {
        for (sent, read) in [("4", "4"), ("4.0", "4"), ("90e-1", "9"), ("\"five\"", "\"five\""), ("\"3\"", "\"3\"")] {
            assert_eq!(conform(sent, lenient).as_deref(), Ok(read), "{sent}");
        }
        for sent in ["5", "true", r#""\"five\"""#, "[4]", "\"[4]\"", "\"Five\""] {
            assert!(conform(sent, lenient).is_err(), "{sent}");
        }
    }
    for (sent, read) in [("3", "\"3\""), ("\"4\"", "4"), ("\"4.0\"", "4")] {
        assert_eq!(conform(sent, true).as_deref(), Ok(read), "{sent}");
        assert!(conform(sent, false).is_err(), "{sent}");
    }
}

#[test]
fn a_number_is_a_text_with_the_same_digits() {
    assert_eq!(read("1042"), Ok("1042".to_owned()));
    assert_eq!(read("12345678901234567890123.50"), Ok("12345678901234567890123.50".to_owned()));
    assert_eq!(read("\"null\""), Ok(Some("null".to_owned())));
    assert_eq!(read("null"), Ok(None::<String>));
    assert_eq!(read("\"5\""), Ok("5".to_owned()));
    assert_eq!(read("\"5\""), Ok(json!("5")));
}

#[test]
fn strict_takes_nothing_for_something_else() {
    let strict = |json: &str| read_from(argument::<u32>().strict(), json);
    assert_eq!(strict("{\"value\":5}"), Ok(5));
    assert!(strict("{\"value\":\"5\"}").is_err());
    assert_eq!(strict("\"{\\\"value\\\":5}\""), Ok(5), "that is the envelope's way, not the argument's");
    assert!(read_from(argument::<String>().strict(), "{\"value\":5}").is_err());
    let beside = argument::<Option<u32>>();
    let mut sent = arguments(
        &tool(&[
            Argument::<u32>::new("one", "").strict().spec(),
            Argument::<u32>::new("two", "").spec(),
            beside.spec(),
        ]),
        "{\"one\":1,\"two\":\"2\",\"value\":\"3\"}",
    );
    assert_eq!(sent.take(2, beside), Some(Some(3)));
    assert!(sent.complete());
}

#[test]
fn nothing_is_sent_in_many_ways() {
    for json in ["{}", "null", "\"\"", "\"{}\"", "\" { } \"", "\"null\"", "{\"value\":null}"] {
        assert_eq!(read_from(argument::<Option<u8>>(), json), Ok(None), "{json}");
        assert_eq!(read_from(argument::<Transparent>(), json), Ok(Transparent(None)), "{json}");
        assert_eq!(read_from(argument::<Option<Value>>(), json), Ok(None), "{json}");
        assert_eq!(read_from(argument().default(|| 7u8, None), json), Ok(7), "{json}");
        assert!(read_from(argument::<u8>(), json).is_err(), "{json}");
        let mut sent = arguments(&tool(&[]), "{}");
        assert!(sent.complete());
    }
    assert_eq!(read_from(argument().default(|| Some(7u8), None), "{}"), Ok(Some(7)));
    assert_eq!(read_from(argument().default(|| Some(7u8), None), "{\"value\":null}"), Ok(None));
    assert_eq!(read("{\"x\":1,\"label\":null,\"next\":null}"), Ok(Point { x: 1, label: String::new(), next: None }));
    assert_eq!(read("[1,null]"), Ok(vec![Some(1u8), None]));
    assert_eq!(read("null"), Ok(Value::Null));
    for json in ["5", "true", "[]", "\"[]\"", "\"5\"", "\"{\""] {
        assert!(read_from(argument::<Option<u8>>(), json).is_err(), "{json}");
    }
}

/// By it a call that is sent again is known.
#[test]
fn the_object_is_the_same_text_in_whichever_way_it_was_sent() {
    let text = |json: &str| object_text(&RawValue::from_string(json.to_owned()).unwrap().into()).into_owned();
    for json in [r#"{"a":"1"}"#, r#""{\"a\":\"1\"}""#, r#"" {\"a\":\"1\"} ""#] {
        assert_eq!(text(json), r#"{"a":"1"}"#, "{json}");
    }
    for json in ["{}", "null", r#""""#, r#""null""#, r#""{}""#] {
        assert_eq!(text(json), "{}", "{json}");
    }
    for json in ["5", "[{}]", r#""[{}]""#, r#""{""#] {
        assert_eq!(text(json), json, "what is no object");
    }
}

#[test]
fn unions_find_their_branch() {
    assert_eq!(read("5"), Ok(Loose::Number(5)));
    assert_eq!(read("\"5\""), Ok(Loose::Text("5".to_owned())), "a string that may be a string is one");
    assert!(matches!(read("{\"x\":\"5\"}"), Ok(Loose::Point(Point { x: 5, .. }))));
    assert_eq!(read("\"plain\""), Ok(Tagged::Plain));
    assert_eq!(read("{\"one\":\"7\"}"), Ok(Tagged::One(7)));
    assert_eq!(read("{\"pair\":[7,\"true\"]}"), Ok(Tagged::Pair(7, true)));
    assert_eq!(read("\"{\\\"named\\\":{\\\"x\\\":1}}\""), Ok(Tagged::Named { x: 1 }));
    assert_eq!(read("{\"t\":\"A\"}"), Ok(Adjacent::A));
    assert_eq!(read("{\"c\":\"5\",\"t\":\"B\"}"), Ok(Adjacent::B(5)));
    assert_eq!(read("{\"a\":1,\"one\":2}"), Ok(Flattened { a: 1, tagged: Tagged::One(2) }));
    assert_eq!(read("{\"a\":1,\"plain\":null}"), Ok(Flattened { a: 1, tagged: Tagged::Plain }));
    assert_eq!(read::<CatchAll>("{\"a\":1,\"b\":[]}").map(|read| read.rest["b"].clone()), Ok(json!([])));
}

#[test]
fn of_a_union_what_fits_unchanged_goes_before_what_loses_a_null() {
    let schema = json!({"anyOf": [
        {"type": "object", "properties": {"x": {"type": "object"}}, "additionalProperties": false},
        {"type": "object", "properties": {"x": {"type": "null"}}, "required": ["x"], "additionalProperties": false},
    ]});
    let shape = crate::shape::read(schema).unwrap();
    for lenient in [false, true] {
        let conform = |json| crate::arguments::prepare::conform_to(&shape, json, lenient);
        assert_eq!(conform("{\"x\":null}"), Ok("{\"x\":null}".to_owned()));
        assert_eq!(conform("{\"x\":{}}"), Ok("{\"x\":{}}".to_owned()));
    }
}

#[test]
fn maps_lists_and_sets() {
    assert_eq!(read("{\"7\":\"1\"}"), Ok(HashMap::from([(7u32, 1u8)])));
    assert!(read::<HashMap<u32, u8>>("{\"a\":1}").is_err());
    assert_eq!(read("[\"1\",true]"), Ok((1u8, true)));
    assert_eq!(read("[1,2]"), Ok(HashSet::from([1u8, 2])));
    assert_eq!(read::<HashSet<u8>>("[1,\"1\"]").unwrap_err(), "`value[1]` is in the array already: the number 1");
    assert_eq!(read::<Vec<Tagged>>("[\"plain\"]"), Ok(vec![Tagged::Plain]));
    assert_eq!(read::<Box<str>>("\"\\u00e9\""), Ok("é".into()));
    assert!(read::<String>("\"\\ud800\"").is_err());
}

#[test]
fn lengths_are_counted_in_characters() {
    let two = || argument::<String>().length(2, Some(2));
    assert!(read_from(two(), "{\"value\":\"\\u00e9é\"}").is_ok());
    assert!(read_from(two(), "{\"value\":12}").is_ok());
    assert!(read_from(two(), "{\"value\":\"a\"}").is_err());
}

#[test]
fn the_text_that_was_sent_is_read_where_it_lies() {
    let argument = argument::<String>();
    let sent = arguments(&tool(&[argument.spec()]), "{ \"value\" : \"as it is\" }");
    assert!(format!("{sent:?}").contains("Sent(12..22)"), "{sent:?}");
}

#[test]
fn raw_json_stays_raw() {
    let raw = read::<Box<serde_json::value::RawValue>>("{ \"a\": 1.50 }").unwrap();
    assert_eq!(raw.get(), "{ \"a\": 1.50 }");
    assert!(read_from(argument::<Box<serde_json::value::RawValue>>(), "{}").is_err());
}

#[test]
fn what_every_branch_takes_is_taken() {
    #[derive(Debug, PartialEq, Deserialize, JsonSchema)]
    #[serde(untagged)]
    enum Either {
        Flag(Option<bool>),
        Text(Option<String>),
    }

    #[derive(Debug, PartialEq, Deserialize, JsonSchema)]
    struct Inside {
        either: Either,
    }

    assert_eq!(read("null"), Ok(Either::Flag(None)));
    assert_eq!(read(r#"{"either":null}"#), Ok(Inside { either: Either::Flag(None) }));
    assert_eq!(read(r#""x""#), Ok(Either::Text(Some("x".into()))));
    assert!(read::<Either>("[]").is_err());
}

#[test]
fn null_is_taken_where_one_of_several_shapes_takes_it() {
    #[derive(Debug, PartialEq, Deserialize, JsonSchema)]
    #[serde(untagged)]
    enum Loosest {
        Number(u8),
        Any(Value),
    }

    assert_eq!(read("null"), Ok(Loosest::Any(Value::Null)));
    assert_eq!(read("[1,null]"), Ok(vec![Loosest::Number(1), Loosest::Any(Value::Null)]));
    let either = crate::shape::read(json!({ "anyOf": [{ "const": null }, { "type": "string" }] })).unwrap();
    assert_eq!(crate::arguments::prepare::conform_to(&either, "null", false).as_deref(), Ok("null"));
}
