//! Arguments made from a schema: such as it allows, and such as nobody should send.
//!
//! The same schema and seed give the same value on every machine, so that what was found can be found again.

mod hostile;
mod number;
mod random;
mod text;

#[cfg(feature = "cli")]
use std::time::{Duration, SystemTime};

use serde_json::{Map, Value, json};

pub(crate) use hostile::hostile;
use random::Random;

/// A value that `schema`, in the plain form that tools are described in, allows.
///
/// Seed 0 gives the one that reads best: examples and defaults where there are any, and every optional member. Other
/// seeds go through what else is allowed. A `pattern` that looks around itself (`\b`) may be missed.
pub(crate) fn sample(schema: &Value, seed: u64) -> Value {
    any(schema, &mut Random::new(seed))
}

/// The same as with seed 0, but made-up dates are of the day after `now`: a server that runs now refuses days that are
/// over.
#[cfg(feature = "cli")]
pub(crate) fn current_sample(schema: &Value, now: SystemTime) -> Value {
    let tomorrow = humantime::format_rfc3339_seconds(now + Duration::from_secs(24 * 60 * 60)).to_string();
    let day = tomorrow.split('T').next().unwrap_or_default();
    any(schema, &mut Random::on(day.into()))
}

fn any(schema: &Value, random: &mut Random) -> Value {
    if let Some(shown) = shown(schema, random) {
        return shown;
    }
    for keyword in ["anyOf", "oneOf"] {
        if let Some(Value::Array(branches)) = schema.get(keyword) {
            return random.one_of(branches).map_or(Value::Null, |branch| any(branch, random));
        }
    }
    if let Some(constant) = schema.get("const") {
        return constant.clone();
    }
    if let Some(Value::Array(allowed)) = schema.get("enum") {
        return random.one_of(allowed).cloned().unwrap_or_default();
    }
    let name = match schema.get("type") {
        Some(Value::Array(names)) => random.one_of(names).and_then(Value::as_str),
        name => name.and_then(Value::as_str),
    };
    match name {
        Some("boolean") => (!random.chance(2)).into(),
        Some("integer") => number::integer(schema, random),
        Some("number") => number::number(schema, random),
        Some("string") => text::text(schema, random).into(),
        Some("array") => list(schema, random).into(),
        Some("object") => object(schema, random).into(),
        Some(_) => Value::Null,
        None => {
            let anything =
                [json!("text"), json!(5), json!(0.5), json!(true), json!(null), json!([1]), json!({ "a": 1 })];
            random.one_of(&anything).cloned().unwrap_or_default()
        }
    }
}

/// An example, or the default.
fn shown(schema: &Value, random: &mut Random) -> Option<Value> {
    if random.chance(2) {
        return None;
    }
    let example = schema.get("examples").and_then(Value::as_array).and_then(|examples| random.one_of(examples));
    example.or_else(|| schema.get("default")).cloned()
}

fn size(schema: &Value, keyword: &str) -> Option<usize> {
    schema.get(keyword).and_then(Value::as_u64).and_then(|size| usize::try_from(size).ok())
}

fn list(schema: &Value, random: &mut Random) -> Vec<Value> {
    let first = schema.get("prefixItems").and_then(Value::as_array);
    let mut items: Vec<Value> = first.into_iter().flatten().map(|schema| any(schema, random)).collect();
    let minimum = size(schema, "minItems").unwrap_or(0);
    let Some(of_each) = schema.get("items").filter(|items| !items.is_boolean()) else { return items };
    let maximum = size(schema, "maxItems").unwrap_or(usize::MAX);
    let wanted = (minimum + random.below(3).max(usize::from(minimum == 0))).min(maximum).max(minimum);
    let unique = schema.get("uniqueItems") == Some(&Value::Bool(true));
    // A list of few possible items may never be as long as wanted.
    for _ in 0..wanted.saturating_mul(8) {
        if items.len() >= wanted {
            break;
        }
        let item = any(of_each, random);
        if !(unique && items.contains(&item)) {
            items.push(item);
        } else {
            random.leave_first();
        }
    }
    items
}

fn object(schema: &Value, random: &mut Random) -> Map<String, Value> {
    let required: Vec<&str> =
        schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let mut members = Map::new();
    for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        if required.contains(&name.as_str()) || !random.chance(2) {
            members.insert(name.clone(), any(property, random));
        }
    }
    for (pattern, property) in schema.get("patternProperties").and_then(Value::as_object).into_iter().flatten() {
        if let Some(name) = text::matching(pattern, random) {
            members.entry(name).or_insert_with(|| any(property, random));
        }
    }
    if let Some(rest) = schema.get("additionalProperties").filter(|rest| **rest != Value::Bool(false)) {
        let wanted = size(schema, "minProperties").unwrap_or(usize::from(rest.is_object()));
        for number in members.len()..wanted {
            let name = if number == 0 { "name".to_owned() } else { format!("name_{number}") };
            members.entry(name).or_insert_with(|| any(rest, random));
        }
    }
    members
}

#[cfg(test)]
mod tests;
