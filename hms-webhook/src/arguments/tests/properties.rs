//! Nothing is lost, and nothing panics, whatever is sent.

use std::collections::BTreeMap;

use proptest::{collection, option, prelude::*};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, json};

use super::*;
use crate::shape::Decimal;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Everything {
    truth: bool,
    small: i8,
    wide: i64,
    natural: u64,
    widest: i128,
    real: f64,
    single: f32,
    text: String,
    maybe: Option<String>,
    count: Option<u16>,
    list: Vec<Option<i32>>,
    map: BTreeMap<String, u8>,
    pair: (u8, String),
    form: Form,
    forms: Vec<Tagged>,
    loose: Loose,
    inner: Option<Box<Inner>>,
    any: Value,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Inner {
    name: String,
    #[serde(default)]
    level: u8,
    letter: char,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
enum Form {
    Round,
    Square(u8),
    Long { width: u8, height: Option<u8> },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind")]
enum Tagged {
    Nothing,
    Named { name: String, size: Option<i64> },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Loose {
    Number(i32),
    Text(String),
    Inner(Inner),
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-300i32..300).prop_map(Value::from),
        prop::num::f64::NORMAL.prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[0-9]{1,3}|true|null|-1\\.0|\\[1\\]|\\{\\}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        let names = prop_oneof!["[a-z]{1,4}", "name|kind|level|letter|small|text|Square|Long|width|height|value"];
        prop_oneof![
            collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            collection::btree_map(names, inner, 0..4).prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn inner() -> impl Strategy<Value = Inner> {
    (any::<String>(), any::<u8>(), any::<char>()).prop_map(|(name, level, letter)| Inner { name, level, letter })
}

fn everything() -> impl Strategy<Value = Everything> {
    let form = prop_oneof![
        Just(Form::Round),
        any::<u8>().prop_map(Form::Square),
        any::<(u8, Option<u8>)>().prop_map(|(width, height)| Form::Long { width, height }),
    ];
    let tagged = prop_oneof![
        Just(Tagged::Nothing),
        any::<(String, Option<i64>)>().prop_map(|(name, size)| Tagged::Named { name, size }),
    ];
    let loose = prop_oneof![
        any::<i32>().prop_map(Loose::Number),
        any::<String>().prop_map(Loose::Text),
        inner().prop_map(Loose::Inner),
    ];
    let real = prop::num::f64::NORMAL | prop::num::f64::ZERO | prop::num::f64::SUBNORMAL | prop::num::f64::NEGATIVE;
    let single = prop::num::f32::NORMAL | prop::num::f32::ZERO | prop::num::f32::NEGATIVE;
    (
        (any::<(bool, i8, i64, u64, i128)>(), real, single, any::<(String, Option<String>, Option<u16>)>()),
        (collection::vec(any::<Option<i32>>(), 0..4), collection::btree_map(any::<String>(), any::<u8>(), 0..4)),
        (any::<(u8, String)>(), form, collection::vec(tagged, 0..3), loose, option::of(inner()), json_value()),
    )
        .prop_map(|(scalars, several, forms)| {
            let ((truth, small, wide, natural, widest), real, single, (text, maybe, count)) = scalars;
            let (list, map) = several;
            let (pair, form, forms, loose, inner, any) = forms;
            let inner = inner.map(Box::new);
            Everything {
                truth,
                small,
                wide,
                natural,
                widest,
                real,
                single,
                text,
                maybe,
                count,
                list,
                map,
                pair,
                form,
                forms,
                loose,
                inner,
                any,
            }
        })
}

/// The same JSON with each member of the outermost object as the text of a string, where it is no string already.
fn in_strings(json: &str) -> String {
    let members = super::super::scan::members(json).unwrap();
    let members = members.into_iter().map(|(name, json)| {
        let json = match json.as_bytes()[0] {
            // A string stays, and what may be a string means itself.
            b'"' | b'n' => json.to_owned(),
            _ if name == "loose" || name == "any" => json.to_owned(),
            _ => serde_json::to_string(json).unwrap(),
        };
        format!("{}:{json}", Value::from(&*name))
    });
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

/// Whether `read` says what `sent` said: the same, or the same by one of the conversions.
fn says_the_same(sent: &Value, read: &Value) -> bool {
    match (sent, read) {
        (Value::Number(sent), Value::Number(read)) => {
            Decimal::parse(&sent.to_string()) == Decimal::parse(&read.to_string())
        }
        (Value::Array(sent), Value::Array(read)) => {
            sent.len() == read.len() && sent.iter().zip(read).all(|(sent, read)| says_the_same(sent, read))
        }
        (Value::Object(sent), Value::Object(read)) => {
            let nothing = Value::Null;
            let covered = sent.iter().all(|(name, sent)| {
                // What was `null` may have become a default.
                sent.is_null() || says_the_same(sent, read.get(name).unwrap_or(&nothing))
            });
            covered && read.iter().all(|(name, read)| sent.contains_key(name) || is_default(read))
        }
        (Value::String(sent), Value::String(read)) => sent == read,
        (Value::String(sent), read) => serde_json::from_str(sent).is_ok_and(|sent: Value| says_the_same(&sent, read)),
        (Value::Number(sent), Value::String(read)) => sent.to_string() == *read,
        (sent, read) => sent == read,
    }
}

fn is_default(value: &Value) -> bool {
    value.is_null() || *value == json!(0)
}

fn accepted_loses_nothing<T: ArgumentValue + Serialize>(sent: &Value) -> Result<(), TestCaseError> {
    if let Ok(value) = read::<T>(&sent.to_string()) {
        let read = serde_json::from_str(&serde_json::to_string(&value).unwrap()).unwrap();
        prop_assert!(says_the_same(sent, &read), "{sent} was read as {read}");
    }
    Ok(())
}

proptest! {
    #[test]
    fn what_serde_writes_is_read_as_it_was(value in everything()) {
        let json = serde_json::to_string(&value).unwrap();
        let expected: Everything = serde_json::from_str(&json).unwrap();
        prop_assert_eq!(&expected, &value);
        let text = serde_json::to_string(&json).unwrap();
        let ways = [
            ("as an argument", read::<Everything>(&json)),
            ("as the whole object", read_whole(&json)),
            ("as a string", read(&text)),
            ("as the whole object in a string", read_whole(&text)),
            ("with members in strings", read(&in_strings(&json))),
            ("without conversions", read_from(argument().strict(), &format!("{{\"value\":{json}}}"))),
        ];
        for (way, read) in ways {
            prop_assert_eq!(read.as_ref(), Ok(&value), "{}", way);
        }
    }

    #[test]
    fn what_is_accepted_loses_nothing(sent in json_value()) {
        accepted_loses_nothing::<bool>(&sent)?;
        accepted_loses_nothing::<u8>(&sent)?;
        accepted_loses_nothing::<i64>(&sent)?;
        accepted_loses_nothing::<u128>(&sent)?;
        accepted_loses_nothing::<f64>(&sent)?;
        accepted_loses_nothing::<String>(&sent)?;
        accepted_loses_nothing::<Option<u16>>(&sent)?;
        accepted_loses_nothing::<Option<String>>(&sent)?;
        accepted_loses_nothing::<Vec<i64>>(&sent)?;
        accepted_loses_nothing::<Vec<Value>>(&sent)?;
        accepted_loses_nothing::<BTreeMap<String, Option<f64>>>(&sent)?;
        accepted_loses_nothing::<Inner>(&sent)?;
        accepted_loses_nothing::<Form>(&sent)?;
        accepted_loses_nothing::<Tagged>(&sent)?;
        accepted_loses_nothing::<Loose>(&sent)?;
        accepted_loses_nothing::<Value>(&sent)?;
        accepted_loses_nothing::<Map<String, Value>>(&sent)?;
    }

    #[test]
    fn what_strict_reading_accepts_serde_accepts(sent in json_value()) {
        let strict = |json: &str| read_from(argument::<Inner>().strict(), &format!("{{\"value\":{json}}}"));
        if let Ok(value) = strict(&sent.to_string()) {
            let without_null: Map<String, Value> = sent.as_object().unwrap().iter().filter(|(_, value)| !value.is_null())
                .map(|(name, value)| (name.clone(), value.clone())).collect();
            prop_assert_eq!(serde_json::from_value::<Inner>(without_null.into()).unwrap(), value);
        }
    }

    #[test]
    fn any_text_is_answered_in_one_short_line(text in any::<String>(), escaped in "[\\\\\"{}\\[\\]:,0-9a-z\\u{0}-\\u{20}]{0,40}") {
        for text in [text, escaped] {
            let envelope = serde_json::to_string(&text).unwrap();
            for answer in [
                read_from(argument::<Everything>(), &envelope).map(drop),
                read::<Everything>(&envelope).map(drop),
                read::<Form>(&envelope).map(drop),
                read::<u8>(&envelope).map(drop),
                read::<BTreeMap<String, u8>>(&json!({ text.clone(): text.clone() }).to_string()).map(drop),
                read::<u8>(&format!("1,{envelope}:1")).map(drop),
            ] {
                let line = answer.err().unwrap_or_default();
                prop_assert!(!line.chars().any(|character| character.is_control() || character == '\u{2028}'), "{line:?}");
                prop_assert!(line.len() < 8_000);
            }
        }
    }

    #[test]
    fn decimals_agree_with_integers(left in any::<i128>(), right in any::<i128>(), zeros in 0usize..9) {
        let decimal = |value: i128| Decimal::parse(&value.to_string()).unwrap();
        prop_assert_eq!(decimal(left).cmp(&decimal(right)), left.cmp(&right));
        let longer = Decimal::parse(&format!("{left}.{}", "0".repeat(zeros))).unwrap();
        prop_assert_eq!(longer.to_i128(), Some(left));
    }
}
