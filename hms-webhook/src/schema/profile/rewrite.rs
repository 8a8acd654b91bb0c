//! Going through a schema from the leaves up, by the rules of a profile.

use serde_json::{Map, Value, json};

use super::words;

/// What a profile takes.
pub(super) struct Rules {
    /// The keywords that it knows. Of the others, those that limit a value are put into words.
    pub(super) keywords: &'static [&'static str],
    /// The values of `format` that it knows.
    pub(super) formats: &'static [&'static str],
    /// An object below the root may have no fields.
    pub(super) empty_objects: bool,
    /// What else it does to a schema whose parts are done.
    pub(super) finish: fn(&mut Map<String, Value>),
    /// Undoes that, before the parts are looked at.
    pub(super) undo: fn(&mut Map<String, Value>),
}

/// `schema` by these rules, or what it cannot say.
pub(super) fn rewrite(schema: Value, rules: &Rules) -> Result<Value, Vec<String>> {
    let mut faults = Vec::new();
    if schema.get("anyOf").is_some() {
        faults.push("the arguments as a whole are one of several forms: make them one member of a struct".to_owned());
    }
    let schema = part(schema, "", rules, &mut faults);
    if faults.is_empty() { Ok(schema) } else { Err(faults) }
}

fn part(schema: Value, path: &str, rules: &Rules, faults: &mut Vec<String>) -> Value {
    let Value::Object(mut keywords) = schema else { return schema };
    if let Some(problem) = unsayable(&keywords) {
        faults.push(format!("`{path}` {problem}"));
    }
    if !rules.empty_objects && !path.is_empty() && keywords.get("properties").is_some_and(|all| *all == json!({})) {
        faults.push(format!("`{path}` is an object without fields: use a `bool` or an enum"));
    }
    for (keyword, value) in &mut keywords {
        match (keyword.as_str(), value) {
            ("properties", Value::Object(properties)) => {
                for (name, property) in properties {
                    let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                    *property = part(property.take(), &path, rules, faults);
                }
            }
            ("items", items) => *items = part(items.take(), &format!("{path}[]"), rules, faults),
            ("anyOf", Value::Array(branches)) => {
                for branch in branches {
                    *branch = part(branch.take(), path, rules, faults);
                }
            }
            _ => {}
        }
    }
    let is_known = |keyword: &str, value: &Value| {
        let is_format = keyword != "format" || value.as_str().is_some_and(|format| rules.formats.contains(&format));
        rules.keywords.contains(&keyword) && is_format
    };
    let left_out: Vec<_> = keywords.iter().filter(|(keyword, value)| !is_known(keyword, value)).map(owned).collect();
    for (keyword, value) in left_out {
        words::say(&mut keywords, &keyword, &value);
    }
    (rules.finish)(&mut keywords);
    Value::Object(keywords)
}

/// What [`rewrite`] made its result from, as far as its rules let that be known.
pub(super) fn read_back(schema: Value, rules: &Rules) -> Value {
    let Value::Object(mut keywords) = schema else { return schema };
    words::take_back(&mut keywords);
    (rules.undo)(&mut keywords);
    for (keyword, value) in &mut keywords {
        match (keyword.as_str(), value) {
            ("properties", Value::Object(properties)) => {
                for (_, property) in properties {
                    *property = read_back(property.take(), rules);
                }
            }
            ("items", items) => *items = read_back(items.take(), rules),
            ("anyOf", Value::Array(branches)) => {
                for branch in branches {
                    *branch = read_back(branch.take(), rules);
                }
            }
            _ => {}
        }
    }
    Value::Object(keywords)
}

fn owned((keyword, value): (&String, &Value)) -> (String, Value) {
    (keyword.clone(), value.clone())
}

/// What none of the forms can say, and what to write instead.
fn unsayable(keywords: &Map<String, Value>) -> Option<&'static str> {
    let has = |keyword: &str| keywords.contains_key(keyword);
    if has("prefixItems") {
        return Some("is a tuple: use a struct with named fields");
    }
    if has("patternProperties") || keywords.get("additionalProperties").is_some_and(|rest| *rest != Value::Bool(false))
    {
        return Some("is a map: use a list of structs that have a key and a value");
    }
    if !["type", "anyOf", "enum", "const"].into_iter().any(has) {
        return Some("may be anything: use a type that says what it is");
    }
    None
}
