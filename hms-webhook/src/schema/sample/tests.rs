//! What is made from a schema, the tool's own reading takes; and the same seed makes the same.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::*;
use crate::{
    __private::{Argument, Location, ToolSpec},
    arguments::{ArgumentValue, PreparedArguments},
};

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Everything {
    flag: bool,
    small: i8,
    wide: i64,
    natural: u64,
    #[schemars(range(min = -3, max = 7))]
    bounded: i32,
    #[schemars(range(min = 0.5, max = 2.5))]
    real: f64,
    single: f32,
    letter: char,
    #[schemars(length(min = 5, max = 9))]
    text: String,
    #[schemars(regex(pattern = r"^[A-Z]{1,2}-\d{4}(/[a-z]+)?$"))]
    code: Option<String>,
    #[schemars(length(min = 2))]
    list: Vec<Option<u8>>,
    set: BTreeSet<bool>,
    map: BTreeMap<String, bool>,
    by_number: HashMap<u8, bool>,
    pair: (u8, String),
    form: Form,
    tagged: Vec<Tagged>,
    loose: Loose,
    flattened: Option<Flattened>,
    nothing: (),
    #[schemars(example = &"Lisbon")]
    city: String,
    any: Value,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
enum Form {
    /// Round.
    Round,
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
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Loose {
    Flag(bool),
    Named { name: String },
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Flattened {
    note: String,
    #[serde(flatten)]
    form: Form,
}

fn schema() -> Value {
    const LOCATION: Location = Location { function: "everything", file: "desk.rs", line: 1 };
    const ARGUMENTS: &[crate::__private::ArgumentSpec] = &[Argument::<Everything>::new("value", "").spec()];
    let tool = ToolSpec::new("everything", "", LOCATION, ARGUMENTS, &[], |_| Box::pin(async { Ok(String::new()) }));
    PreparedArguments::prepare(&tool).expect("the tool is sound").schema()["properties"]["value"].clone()
}

#[test]
fn what_is_made_from_a_schema_decodes() {
    let schema = schema();
    for seed in 0..3000 {
        let value = sample(&schema, seed);
        if let Err(fault) = Everything::decode(&value.to_string()) {
            panic!("seed {seed}: {fault:?}\n{value}");
        }
    }
}

#[test]
fn a_seed_makes_one_value_and_the_first_reads_best() {
    let schema = schema();
    assert_eq!(sample(&schema, 7), sample(&schema, 7));
    assert_ne!(sample(&schema, 7), sample(&schema, 8));
    let first = sample(&schema, 0);
    assert_eq!((&first["city"], &first["code"]), (&json!("Lisbon"), &json!("A-0000/a")));
    assert!(first["flattened"].is_object());
    assert_eq!(hostile(&schema, 7), hostile(&schema, 7));
}

#[test]
fn limits_and_lengths_are_kept() {
    let schema = json!({ "type": "integer", "exclusiveMinimum": 3, "maximum": 5 });
    let text = json!({ "type": "string", "minLength": 7, "maxLength": 8 });
    for seed in 0..200 {
        assert!(matches!(sample(&schema, seed).as_i64(), Some(4 | 5)));
        assert!(matches!(sample(&text, seed).as_str().map(|text| text.chars().count()), Some(7 | 8)));
    }
}

#[test]
fn most_of_what_is_hostile_is_refused() {
    let schema = schema();
    let refused = (0..500).filter(|seed| Everything::decode(&hostile(&schema, *seed).to_string()).is_err()).count();
    assert!(refused > 250, "{refused} of 500");
}

#[cfg(feature = "cli")]
#[test]
fn a_current_sample_is_of_tomorrow() {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_709_164_799); // 2024-02-28T23:59:59Z
    let text = |format: &str| json!({ "type": "string", "format": format });
    let schema = json!({ "type": "object", "properties": {
        "day": text("date"), "at": text("date-time"), "id": text("uuid"),
        "shown": { "type": "string", "format": "date", "examples": ["2020-01-01"] },
    } });
    let made = current_sample(&schema, now);
    assert_eq!(
        (&made["day"], &made["at"], &made["shown"]),
        (&json!("2024-02-29"), &json!("2024-02-29T09:15:00Z"), &json!("2020-01-01"))
    );
    assert_eq!(made["id"], sample(&schema, 0)["id"]);
}
