//! Schemas that are spread over several places, put together: `allOf`, and properties beside `oneOf` or `anyOf`,
//! which is how a flattened field is described.

use serde_json::{Map, Value, json};

const OF_OBJECTS: [&str; 6] =
    ["type", "properties", "required", "additionalProperties", "unevaluatedProperties", "patternProperties"];

/// Merges the members of `allOf` into the schema that has it.
pub(super) fn all_of(keywords: &mut Map<String, Value>) {
    if let Some(Value::Array(members)) = keywords.remove("allOf") {
        for member in members {
            if let Value::Object(mut member) = member {
                all_of(&mut member);
                merge(keywords, member);
            }
        }
    }
}

/// Gives each branch what stands beside all of them.
///
/// ```text
/// { properties: {x}, oneOf: [{properties: {a}}, {properties: {b}}] }
///     → [{properties: {x, a}}, {properties: {x, b}}]
/// ```
pub(super) fn distribute(branches: Vec<Value>, beside: &mut Map<String, Value>) -> Vec<Value> {
    if !OF_OBJECTS.iter().any(|keyword| *keyword != "type" && beside.contains_key(*keyword)) {
        beside.remove("type");
        return branches;
    }
    let mut shared = Map::new();
    for keyword in OF_OBJECTS {
        if let Some(value) = beside.remove(keyword) {
            shared.insert(keyword.to_owned(), value);
        }
    }
    branches.into_iter().flat_map(names_as_members).map(|branch| merged(&shared, branch)).collect()
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

fn merged(shared: &Map<String, Value>, branch: Value) -> Value {
    match branch {
        Value::Object(branch) => {
            let mut both = shared.clone();
            merge(&mut both, branch);
            Value::Object(both)
        }
        other => other,
    }
}

fn merge(into: &mut Map<String, Value>, from: Map<String, Value>) {
    for (keyword, value) in from {
        match (keyword.as_str(), into.get_mut(&keyword), value) {
            ("properties" | "patternProperties", Some(Value::Object(present)), Value::Object(added)) => {
                present.extend(added);
            }
            ("required", Some(Value::Array(present)), Value::Array(added)) => {
                present.extend(added.into_iter().filter(|name| !present.contains(name)).collect::<Vec<_>>());
            }
            // Several flattened enums: one branch of each.
            ("oneOf" | "anyOf", Some(Value::Array(present)), Value::Array(added)) => {
                let both = present.iter().flat_map(|left| added.iter().map(move |right| (left, right)));
                let both = both.map(|(left, right)| match left {
                    Value::Object(left) => merged(left, right.clone()),
                    _ => right.clone(),
                });
                *present = both.collect();
            }
            ("additionalProperties", Some(present), value) => {
                if *present == Value::Bool(false) {
                    *present = value;
                }
            }
            (_, Some(_), _) => {}
            (_, None, value) => {
                into.insert(keyword, value);
            }
        }
    }
}
