//! Schemas that are spread over several places, put together: `allOf`, what stands beside a reference, and properties
//! beside `oneOf` or `anyOf`, which is how a flattened field is described.

use std::cmp::Ordering;

use serde_json::{Map, Number, Value, json};

const OF_OBJECTS: [&str; 8] = [
    "type",
    "properties",
    "required",
    "additionalProperties",
    "unevaluatedProperties",
    "patternProperties",
    "minProperties",
    "maxProperties",
];

/// Gives each branch what stands beside all of them.
///
/// ```text
/// { properties: {x}, oneOf: [{properties: {a}}, {properties: {b}}] }
///     → [{properties: {x, a}}, {properties: {x, b}}]
/// ```
pub(super) fn distribute(branches: Vec<Value>, beside: &mut Map<String, Value>) -> Result<Vec<Value>, String> {
    if !OF_OBJECTS.iter().any(|keyword| *keyword != "type" && beside.contains_key(*keyword)) {
        beside.remove("type");
        return Ok(branches);
    }
    let mut shared = Map::new();
    for keyword in OF_OBJECTS {
        if let Some(value) = beside.remove(keyword) {
            shared.insert(keyword.to_owned(), value);
        }
    }
    let branches: Vec<_> = branches.into_iter().flat_map(names_as_members).collect();
    each_with_each(&[Value::Object(shared)], &branches)
}

/// A variant without data is a string by itself, and a member that holds `null` where it is flattened.
fn names_as_members(branch: Value) -> Vec<Value> {
    let names = match (branch.get("const"), branch.get("enum")) {
        (Some(name @ Value::String(_)), _) => vec![name.clone()],
        (_, Some(Value::Array(names))) => names.clone(),
        _ => return vec![branch],
    };
    let member = |name: &Value| {
        let name = name.as_str()?;
        Some(json!({ "type": "object", "properties": { name: { "type": "null" } }, "required": [name] }))
    };
    names.iter().filter_map(member).collect()
}

/// Each of `left` together with each of `right`: several flattened enums are one branch of each.
pub(super) fn each_with_each(left: &[Value], right: &[Value]) -> Result<Vec<Value>, String> {
    let mut pairs = Vec::new();
    for left in left {
        for right in right {
            let described = [left, right].map(|one| one.get("description").and_then(Value::as_str));
            let mut pair = merged(left.clone(), right.clone())?;
            // Each says what its part is for.
            if let (Some(pair), [Some(one), Some(other)]) = (&mut pair, described)
                && one != other
            {
                pair["description"] = format!("{one}\n{other}").into();
            }
            pairs.extend(pair);
        }
    }
    Ok(pairs)
}

/// What both schemas allow; `None` where that is nothing. The error is the rest of a sentence about the argument.
pub(super) fn merged(one: Value, other: Value) -> Result<Option<Value>, String> {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => Ok(merge(one, other)?.map(Value::Object)),
        (Value::Bool(false), _) | (_, Value::Bool(false)) => Ok(None),
        (Value::Bool(true), other) => Ok(Some(other)),
        (one, _) => Ok(Some(one)),
    }
}

/// As [`merged`], for schemas that are objects. What only informs is taken from the first.
pub(super) fn merge(
    mut into: Map<String, Value>,
    from: Map<String, Value>,
) -> Result<Option<Map<String, Value>>, String> {
    for (keyword, value) in from {
        match into.get_mut(&keyword) {
            None => drop(into.insert(keyword, value)),
            Some(present) if *present == value => {}
            Some(present) => match put_together(&keyword, present.take(), value)? {
                Some(both) => *present = both,
                None => return Ok(None),
            },
        }
    }
    if let (Some(value), Some(Value::Array(allowed))) = (into.get("const"), into.get("enum")) {
        if !allowed.contains(value) {
            return Ok(None);
        }
        into.shift_remove("enum");
    }
    let is_impossible = |name: &Value| into.get("properties")?.get(name.as_str()?).map(|schema| *schema == false);
    let required = into.get("required").and_then(Value::as_array);
    let impossible = required.into_iter().flatten().any(|name| is_impossible(name) == Some(true));
    Ok(if impossible { None } else { Some(into) })
}

/// What a keyword says in two places, said in one; `None` where nothing fits both.
fn put_together(keyword: &str, one: Value, other: Value) -> Result<Option<Value>, String> {
    Ok(Some(match (keyword, one, other) {
        ("properties" | "patternProperties", Value::Object(mut all), Value::Object(added)) => {
            for (name, schema) in added {
                let schema = match all.get_mut(&name) {
                    Some(there) => part(there.take(), schema)?,
                    None => schema,
                };
                all.insert(name, schema);
            }
            all.into()
        }
        ("items", one, other) => part(one, other)?,
        ("required", Value::Array(mut all), Value::Array(added)) => {
            let further: Vec<_> = added.into_iter().filter(|name| !all.contains(name)).collect();
            all.extend(further);
            all.into()
        }
        ("oneOf" | "anyOf", Value::Array(one), Value::Array(other)) => match each_with_each(&one, &other)? {
            none if none.is_empty() => return Ok(None),
            pairs => pairs.into(),
        },
        // A flattened field's members are members of what it is flattened into.
        ("additionalProperties" | "unevaluatedProperties", Value::Bool(false), other) => other,
        ("additionalProperties" | "unevaluatedProperties", one, _) => one,
        ("enum", Value::Array(mut allowed), Value::Array(other)) => {
            allowed.retain(|value| other.contains(value));
            if allowed.is_empty() {
                return Ok(None);
            }
            allowed.into()
        }
        ("const", ..) => return Ok(None),
        ("type", one, other) => return Ok(common_type(&one, &other)),
        ("minimum" | "exclusiveMinimum" | "minLength" | "minItems" | "minProperties", one, other) => {
            if order(&other, &one) == Some(Ordering::Greater) { other } else { one }
        }
        ("maximum" | "exclusiveMaximum" | "maxLength" | "maxItems" | "maxProperties", one, other) => {
            if order(&other, &one) == Some(Ordering::Less) { other } else { one }
        }
        ("uniqueItems", ..) => Value::Bool(true),
        ("title" | "description" | "default" | "examples" | "deprecated" | "$schema" | "$id" | "$comment", one, _) => {
            one
        }
        _ => {
            return Err(format!("has a schema that says `{keyword}` in two places, and not the same: say it in one"));
        }
    }))
}

/// A part of which both places speak. References are followed later.
fn part(one: Value, other: Value) -> Result<Value, String> {
    if one == other {
        return Ok(one);
    }
    if one.get("$ref").is_some() || other.get("$ref").is_some() {
        return Ok(json!({ "allOf": [one, other] }));
    }
    Ok(merged(one, other)?.unwrap_or(Value::Bool(false)))
}

/// How two numbers compare.
pub(crate) fn order(one: &Value, other: &Value) -> Option<Ordering> {
    let integer = |value: &Value| value.as_number().and_then(Number::as_i128);
    match (integer(one), integer(other)) {
        (Some(one), Some(other)) => Some(one.cmp(&other)),
        _ => one.as_f64()?.partial_cmp(&other.as_f64()?),
    }
}

/// The types that both lists name.
fn common_type(one: &Value, other: &Value) -> Option<Value> {
    let names = |value: &Value| match value {
        Value::Array(names) => names.clone(),
        name => vec![name.clone()],
    };
    let (one, other) = (names(one), names(other));
    let takes =
        |names: &[Value], name: &Value| names.contains(name) || (name == "integer" && names.contains(&"number".into()));
    let mut common: Vec<Value> = one.iter().filter(|name| takes(&other, name)).cloned().collect();
    common.extend(other.iter().filter(|name| takes(&one, name) && !one.contains(name)).cloned());
    if common.len() < 2 { common.pop() } else { Some(common.into()) }
}
