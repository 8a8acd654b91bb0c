//! `${name}` in the texts of a script.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// What every script has: the number of the call, from 1 on; and the value that TOML has no word for.
pub(super) const OWN: [&str; 2] = ["call", "null"];

pub(super) fn is_known(name: &str, variables: &Map<String, Value>) -> bool {
    OWN.contains(&name) || variables.contains_key(name)
}

/// The names of the variables in `value`.
pub(super) fn named_in(value: &Value) -> BTreeSet<String> {
    match value {
        Value::String(text) => parts(text).filter_map(|part| part.ok().map(str::to_owned)).collect(),
        Value::Array(items) => items.iter().flat_map(named_in).collect(),
        Value::Object(members) => members.values().flat_map(named_in).collect(),
        _ => BTreeSet::new(),
    }
}

/// `value` with the variables' values. A text that is one variable and nothing else becomes its value, of any type.
pub(super) fn filled(value: &Value, variables: &Map<String, Value>) -> Value {
    match value {
        Value::String(text) => match parts(text).collect::<Vec<_>>()[..] {
            [Ok(name)] => variables.get(name).cloned().unwrap_or_default(),
            _ => filled_text(text, variables).into(),
        },
        Value::Array(items) => items.iter().map(|item| filled(item, variables)).collect(),
        Value::Object(members) => {
            Value::Object(members.iter().map(|(name, value)| (name.clone(), filled(value, variables))).collect())
        }
        other => other.clone(),
    }
}

pub(super) fn filled_text(text: &str, variables: &Map<String, Value>) -> String {
    let part = |part| match part {
        Err(text) => String::from(text),
        Ok(name) => match variables.get(name) {
            Some(Value::String(text)) => text.clone(),
            Some(value) => value.to_string(),
            None => String::new(),
        },
    };
    parts(text).map(part).collect()
}

/// Names of variables as `Ok`, and the text between them.
fn parts(text: &str) -> impl Iterator<Item = Result<&str, &str>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if let Some((name, after)) = rest.strip_prefix("${").and_then(|after| after.split_once('}')) {
            rest = after;
            return Some(Ok(name));
        }
        if rest.is_empty() {
            return None;
        }
        // What is never closed is no variable.
        let end =
            rest.char_indices().skip(1).find(|(at, _)| rest[*at..].starts_with("${")).map_or(rest.len(), |(at, _)| at);
        let (before, after) = rest.split_at(end);
        rest = after;
        Some(Err(before))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn texts_are_filled_and_whole_values_keep_their_type() {
        let Value::Object(variables) = json!({ "day": "2026-02-05", "n": 3 }) else { return };
        let value = json!({ "a": "on ${day}, ${n} times", "b": ["${n}"], "c": "${day", "d": 1 });
        let wanted = json!({ "a": "on 2026-02-05, 3 times", "b": [3], "c": "${day", "d": 1 });
        assert_eq!(filled(&value, &variables), wanted);
        assert_eq!(named_in(&value).into_iter().collect::<Vec<_>>(), ["day", "n"]);
    }
}
