//! Comparing JSON by what it means in a tool definition, and saying member by member what differs.

use serde_json::{Map, Value};

/// One member that differs. A value that is missing on one side is `None` there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Difference {
    /// Where, for example `parameters.properties.day.format`.
    pub(super) path: String,
    /// What the platform has, as JSON text.
    pub(super) before: Option<String>,
    /// What it will have.
    pub(super) after: Option<String>,
}

/// Whether two values mean the same: the order of members and of `required` does not count, an empty `required` is
/// none, and `1.0` is `1`, since a platform that keeps its numbers as JavaScript does gives back the latter.
pub(super) fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one == other || one.as_f64() == other.as_f64(),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            keys(one, other).all(|key| same_member(key, member(one, key), member(other, key)))
        }
        _ => one == other,
    }
}

/// Whether `held` has everything that `wanted` has. It may have more, as a platform adds members of its own.
pub(super) fn contains(held: &Value, wanted: &Value) -> bool {
    match (held, wanted) {
        (Value::Array(held), Value::Array(wanted)) => {
            held.len() == wanted.len() && held.iter().zip(wanted).all(|(held, wanted)| contains(held, wanted))
        }
        (Value::Object(held), Value::Object(wanted)) => wanted
            .iter()
            .all(|(key, wanted)| wanted.is_null() || held.get(key).is_some_and(|held| contains(held, wanted))),
        _ => same(held, wanted),
    }
}

/// Whether two lists have the same members, in whatever order.
pub(super) fn same_set(one: &[Value], other: &[Value]) -> bool {
    one.iter().all(|item| other.contains(item)) && other.iter().all(|item| one.contains(item))
}

/// What turns `before` into `after`, as deep down as possible.
pub(super) fn differences(before: &Map<String, Value>, after: &Map<String, Value>) -> Vec<Difference> {
    let mut found = Vec::new();
    collect("", before, after, &mut found);
    found
}

fn collect(path: &str, before: &Map<String, Value>, after: &Map<String, Value>, found: &mut Vec<Difference>) {
    for key in keys(before, after) {
        let (before, after) = (member(before, key), member(after, key));
        if same_member(key, before, after) {
            continue;
        }
        let path = if path.is_empty() { shown_key(key) } else { format!("{path}.{}", shown_key(key)) };
        match (before, after) {
            (Some(Value::Object(before)), Some(Value::Object(after))) => collect(&path, before, after, found),
            _ => found.push(Difference {
                path,
                before: before.map(Value::to_string),
                after: after.map(Value::to_string),
            }),
        }
    }
}

/// The keys of both, each once.
fn keys<'a>(one: &'a Map<String, Value>, other: &'a Map<String, Value>) -> impl Iterator<Item = &'a String> {
    one.keys().chain(other.keys().filter(|key| !one.contains_key(*key)))
}

fn member<'a>(object: &'a Map<String, Value>, key: &str) -> Option<&'a Value> {
    object.get(key).filter(|value| key != "required" || value.as_array().is_none_or(|names| !names.is_empty()))
}

fn same_member(key: &str, one: Option<&Value>, other: Option<&Value>) -> bool {
    match (one, other) {
        (Some(Value::Array(one)), Some(Value::Array(other))) if key == "required" => same_set(one, other),
        (Some(one), Some(other)) => same(one, other),
        (None, None) => true,
        _ => false,
    }
}

fn shown_key(key: &str) -> String {
    let plain =
        !key.is_empty() && key.chars().all(|character| character.is_alphanumeric() || "_-$".contains(character));
    if plain { key.to_owned() } else { Value::from(key).to_string() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn order_and_the_spelling_of_numbers_mean_nothing() {
        let one = json!({ "type": "object", "required": ["a", "b"], "maximum": 1.0 });
        let other = json!({ "maximum": 1, "required": ["b", "a"], "type": "object" });
        assert!(same(&one, &other));
        assert!(same(&json!({ "required": [] }), &json!({})));
        assert!(!same(&json!({ "enum": ["a", "b"] }), &json!({ "enum": ["b", "a"] })));
        assert!(!same(&json!({ "required": ["a"] }), &json!({})));
    }

    #[test]
    fn a_difference_is_named_as_deep_down_as_possible() {
        let before = json!({ "properties": { "day": { "type": "string" }, "odd key": 1 }, "required": ["day"] });
        let after = json!({ "properties": { "day": { "type": "string", "format": "date" } }, "required": [] });
        let found: Vec<_> = differences(before.as_object().unwrap(), after.as_object().unwrap())
            .into_iter()
            .map(|difference| (difference.path, difference.before, difference.after))
            .collect();
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(
            found,
            [
                ("properties.day.format".into(), None, text("\"date\"")),
                ("properties.\"odd key\"".into(), text("1"), None),
                ("required".into(), text("[\"day\"]"), None),
            ]
        );
    }

    #[test]
    fn more_than_wanted_contains_it() {
        assert!(contains(&json!({ "a": 1, "id": "x" }), &json!({ "a": 1, "b": null })));
        assert!(!contains(&json!({ "a": [1, 2] }), &json!({ "a": [1] })));
    }
}
