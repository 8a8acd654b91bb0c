//! Schemas of which at least one is one of several forms: each form of the older one has to be taken by a form of the
//! newer one. In which order they stand says nothing about what is taken.

use std::cmp::Reverse;

use serde_json::{Map, Value};

use super::{Changes, Effect, parameters};
use crate::words::shown;

/// What only informs, and stands beside the forms.
const INFORMING: [&str; 4] = ["description", "default", "examples", "title"];

/// Notes what turns one into the other.
pub(super) fn compare(path: &str, older: &Map<String, Value>, newer: &Map<String, Value>, changes: &mut Changes) {
    let ((older, was), (newer, is)) = (forms(older), forms(newer));
    parameters::keywords(path, (&older, &newer), changes);
    let gone = was.iter().enumerate().filter(|(_, form)| !is.contains(form));
    let mut added: Vec<usize> = (0..is.len()).filter(|index| !was.contains(&is[*index])).collect();
    if added.is_empty() && was.iter().all(|form| is.contains(form)) {
        if was != is {
            changes.compatible(format!("{path}: the forms stand in another order"));
        }
        return;
    }
    for (index, form) in gone {
        let path = format!("{path}[{index}]");
        let nearest = (0..is.len()).max_by_key(|other| (likeness(form, &is[*other]), Reverse(index.abs_diff(*other))));
        let mut found = Changes::default();
        if let Some(nearest) = nearest {
            parameters::compare(&path, form, &is[nearest], &mut found);
            let fits = found.0.iter().all(|change| change.effect == Effect::Compatible);
            if fits || added.contains(&nearest) {
                added.retain(|index| *index != nearest);
                changes.0.append(&mut found.0);
                continue;
            }
        }
        changes.breaking(format!("{path}: gone, it was {}", shown(Some(form))));
    }
    for index in added {
        changes.compatible(format!("{path}: another form is taken, {}", shown(Some(&is[index]))));
    }
}

/// What is said of all forms, and the forms.
fn forms(keywords: &Map<String, Value>) -> (Map<String, Value>, Vec<Value>) {
    let mut keywords = keywords.clone();
    if let Some(Value::Array(forms)) = keywords.shift_remove("anyOf") {
        // The forms say it themselves.
        keywords.shift_remove("type");
        return (keywords, forms);
    }
    let all = INFORMING.into_iter().filter_map(|keyword| keywords.shift_remove_entry(keyword)).collect();
    let Some(Value::Array(types)) = keywords.get("type").cloned() else { return (all, vec![keywords.into()]) };
    let form = |name: Value| {
        let is_null = name == "null";
        let mut form = if is_null { Map::new() } else { keywords.clone() };
        if let Some(Value::Array(allowed)) = form.get_mut("enum") {
            allowed.retain(|value| !value.is_null());
        }
        form.insert("type".to_owned(), name);
        Value::Object(form)
    };
    (all, types.into_iter().map(form).collect())
}

/// How probable it is that one form has become the other.
fn likeness(older: &Value, newer: &Value) -> i32 {
    let same = |keyword: &str| older.get(keyword).is_some() && older.get(keyword) == newer.get(keyword);
    let mut likeness = i32::from(same("type")) + i32::from(same("enum"));
    likeness += i32::from(older.get("type") == Some(&"integer".into()) && newer.get("type") == Some(&"number".into()));
    let properties = |schema: &Value| schema.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
    let after = properties(newer);
    for (name, before) in properties(older) {
        let Some(after) = after.get(&name) else { continue };
        let is_tag = |schema: &Value| schema.get("enum").and_then(Value::as_array).is_some_and(|all| all.len() == 1);
        likeness += match before == *after {
            true if is_tag(after) => 8,
            true => 2,
            false if is_tag(after) && is_tag(&before) => -8,
            false => 1,
        };
    }
    likeness
}
