//! Two schemas beside each other: does the newer one allow all that the older one allows?
//!
//! Where that is not known, the change counts as breaking.

use std::{borrow::Cow, cmp::Ordering};

use serde_json::{Map, Value};

use super::{Changes, Effect, turned, union};
use crate::{schema::profile::null, shape::order};

/// Notes what turns `before` into `after`, both of them schemas of what `path` names.
pub(super) fn compare(path: &str, before: &Value, after: &Value, changes: &mut Changes) {
    if before == after {
        return;
    }
    let (Some(older), Some(newer)) = (as_keywords(before), as_keywords(after)) else {
        let effect = if takes_anything(Some(after)) { Effect::Compatible } else { Effect::Breaking };
        changes.note(effect, turned(path, "schema", Some(before), Some(after)));
        return;
    };
    if older.contains_key("anyOf") || newer.contains_key("anyOf") {
        union::compare(path, &older, &newer, changes);
    } else {
        keywords(path, (&older, &newer), changes);
    }
}

/// Notes what turns these keywords into those.
pub(super) fn keywords(path: &str, (older, newer): (&Map<String, Value>, &Map<String, Value>), changes: &mut Changes) {
    properties(path, (older, newer), changes);
    let added = newer.keys().filter(|keyword| !older.contains_key(*keyword));
    for keyword in older.keys().chain(added) {
        let (was, is) = (older.get(keyword), newer.get(keyword));
        if alike(was, is) {
            continue;
        }
        match keyword.as_str() {
            "properties" | "required" => {}
            "additionalProperties" => rest(path, (was, is), changes),
            "items" => part(&format!("{path}[]"), keyword, (was, is), changes),
            "prefixItems" => list(path, (was, is), newer, changes),
            // The members that it took are left to `additionalProperties`.
            "patternProperties" if is.is_none() && !takes_anything(newer.get("additionalProperties")) => {
                changes.breaking(turned(path, keyword, was, is));
            }
            _ => {
                let effect = match is {
                    Some(is) if was.is_none() && is_implied(keyword, is, older) => Effect::Compatible,
                    _ => effect(keyword, was, is),
                };
                changes.note(effect, turned(path, keyword, was, is));
            }
        }
    }
}

/// The keywords of a schema; `true` has none.
fn as_keywords(schema: &Value) -> Option<Cow<'_, Map<String, Value>>> {
    match schema {
        Value::Object(keywords) => Some(Cow::Borrowed(keywords)),
        Value::Bool(true) => Some(Cow::default()),
        _ => None,
    }
}

type Two<'a> = (Option<&'a Value>, Option<&'a Value>);

/// The effect of a keyword that speaks for itself.
fn effect(keyword: &str, before: Option<&Value>, after: Option<&Value>) -> Effect {
    let harmless = match (keyword, before, after) {
        ("description" | "title" | "default" | "examples" | "$comment", _, _) => true,
        ("type", Some(before), Some(after)) => types(before).iter().all(|name| takes(&types(after), name)),
        ("enum", Some(Value::Array(before)), Some(Value::Array(after))) => {
            before.iter().all(|value| after.iter().any(|other| alike(Some(value), Some(other))))
        }
        ("minimum" | "exclusiveMinimum" | "minLength" | "minItems" | "minProperties", Some(before), Some(after)) => {
            order(after, before) == Some(Ordering::Less)
        }
        ("maximum" | "exclusiveMaximum" | "maxLength" | "maxItems" | "maxProperties", Some(before), Some(after)) => {
            order(after, before) == Some(Ordering::Greater)
        }
        ("uniqueItems", _, Some(Value::Bool(false))) => true,
        // These two allow more than there would be without them.
        ("nullable" | "minContains", _, None) => false,
        // Every other keyword takes something away, so that without it more is allowed.
        (_, Some(_), None) => true,
        _ => false,
    };
    if harmless { Effect::Compatible } else { Effect::Breaking }
}

fn types(value: &Value) -> Vec<&str> {
    match value {
        Value::String(name) => vec![name],
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

fn takes(types: &[&str], name: &&str) -> bool {
    types.contains(name) || (*name == "integer" && types.contains(&"number"))
}

/// Whether a limit that is new takes nothing away from what the older schema allows.
fn is_implied(keyword: &str, limit: &Value, older: &Map<String, Value>) -> bool {
    let beside = |keyword: &str| older.get(keyword).and_then(|other| order(other, limit));
    match keyword {
        "minLength" | "minItems" | "minProperties" => *limit == 0,
        "minimum" => beside("exclusiveMinimum").is_some_and(Ordering::is_ge),
        "exclusiveMinimum" => beside("minimum").is_some_and(Ordering::is_gt),
        "maximum" => beside("exclusiveMaximum").is_some_and(Ordering::is_le),
        "exclusiveMaximum" => beside("maximum").is_some_and(Ordering::is_lt),
        _ => false,
    }
}

fn properties(path: &str, (older, newer): (&Map<String, Value>, &Map<String, Value>), changes: &mut Changes) {
    let of = |keywords: &Map<String, Value>| keywords.get("properties").and_then(Value::as_object).cloned();
    let (before, after) = (of(older).unwrap_or_default(), of(newer).unwrap_or_default());
    for (name, schema) in &before {
        match after.get(name) {
            Some(now) => {
                let mut schema = schema.clone();
                // The server reads `null` for what may be left out as left out.
                if let (false, Value::Object(keywords)) =
                    (names(newer.get("required")).contains(&name.as_str()), &mut schema)
                {
                    null::take(keywords);
                }
                compare(&format!("{path}.{name}"), &schema, now, changes);
            }
            None if takes_anything(newer.get("additionalProperties")) && !newer.contains_key("patternProperties") => {
                changes.compatible(format!("{path}.{name}: no longer described"));
            }
            None => changes.breaking(format!("{path}.{name}: gone")),
        }
    }
    for name in after.keys().filter(|name| !before.contains_key(*name)) {
        let is_required = names(newer.get("required")).contains(&name.as_str());
        let was_free =
            older.get("additionalProperties") != Some(&Value::Bool(false)) || older.contains_key("patternProperties");
        match (is_required, was_free) {
            (true, _) => changes.breaking(format!("{path}.{name}: new, and required")),
            (false, true) => changes.breaking(format!("{path}.{name}: described, where other members were taken")),
            (false, false) => changes.compatible(format!("{path}.{name}: new, and optional")),
        }
    }
    // A property that is new or gone has said all there is to say.
    let (was, is) = (names(older.get("required")), names(newer.get("required")));
    let (was, is): (Vec<_>, Vec<_>) = {
        let stays = |name: &&str| before.contains_key(*name) && after.contains_key(*name);
        (was.into_iter().filter(stays).collect(), is.into_iter().filter(stays).collect())
    };
    for name in is.iter().filter(|name| !was.contains(name)) {
        changes.breaking(format!("{path}.{name}: required, was optional"));
    }
    for name in was.iter().filter(|name| !is.contains(name)) {
        changes.compatible(format!("{path}.{name}: optional, was required"));
    }
}

fn names(required: Option<&Value>) -> Vec<&str> {
    required.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}

fn takes_anything(rest: Option<&Value>) -> bool {
    rest.is_none_or(|rest| as_keywords(rest).is_some_and(|keywords| keywords.is_empty()))
}

fn rest(path: &str, (before, after): Two<'_>, changes: &mut Changes) {
    match (before, after) {
        (Some(Value::Bool(false)), _) => changes.compatible(format!("{path}: other members are taken")),
        (_, Some(Value::Bool(false))) => changes.breaking(format!("{path}: other members are refused")),
        _ => part(&format!("{path}.*"), "additionalProperties", (before, after), changes),
    }
}

/// A schema inside the schema; without one, anything is allowed there.
fn part(path: &str, keyword: &str, (before, after): Two<'_>, changes: &mut Changes) {
    let anything = Value::Bool(true);
    let (was, is) = (before.unwrap_or(&anything), after.unwrap_or(&anything));
    if was.is_array() || is.is_array() {
        changes.breaking(turned(path, keyword, before, after));
        return;
    }
    compare(path, was, is, changes);
}

/// Without `prefixItems`, the first items are left to `items`.
fn list(path: &str, (before, after): Two<'_>, newer: &Map<String, Value>, changes: &mut Changes) {
    const KEYWORD: &str = "prefixItems";
    let change = turned(path, KEYWORD, before, after);
    match (before, after) {
        (Some(Value::Array(was)), Some(Value::Array(is))) if was.len() == is.len() => {
            for (index, (was, is)) in was.iter().zip(is).enumerate() {
                compare(&format!("{path}[{index}]"), was, is, changes);
            }
        }
        (Some(Value::Array(was)), None) => {
            let mut found = Changes::default();
            for was in was {
                part(path, "items", (Some(was), newer.get("items")), &mut found);
            }
            let fits = found.0.iter().all(|change| change.effect == Effect::Compatible);
            changes.note(if fits { Effect::Compatible } else { Effect::Breaking }, change);
        }
        _ => changes.breaking(change),
    }
}

/// Whether both say the same: `1.0` is `1`.
fn alike(was: Option<&Value>, is: Option<&Value>) -> bool {
    match (was, is) {
        (Some(Value::Number(_)), Some(Value::Number(_))) => {
            was.zip(is).and_then(|(was, is)| order(was, is)) == Some(Ordering::Equal)
        }
        (Some(Value::Array(was)), Some(Value::Array(is))) => {
            was.len() == is.len() && was.iter().zip(is).all(|(was, is)| alike(Some(was), Some(is)))
        }
        _ => was == is,
    }
}
