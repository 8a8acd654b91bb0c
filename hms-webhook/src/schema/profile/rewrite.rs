//! Going through a schema from the leaves up, by the rules of a profile.

use serde_json::{Map, Value};

/// What a profile takes.
pub(super) struct Rules {
    /// The keywords that it knows. Of the others, those that limit a value are put into words.
    pub(super) keywords: &'static [&'static str],
    /// The values of `format` that it knows.
    pub(super) formats: &'static [&'static str],
    /// The root may be one of several forms.
    pub(super) union_at_root: bool,
    /// What else it does to a schema whose parts are done.
    pub(super) finish: fn(&mut Map<String, Value>),
}

/// `schema` by these rules, or what it cannot say.
pub(super) fn rewrite(schema: Value, rules: &Rules) -> Result<Value, Vec<String>> {
    let mut faults = Vec::new();
    if schema.get("anyOf").is_some() && !rules.union_at_root {
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
        leave_out(&mut keywords, &keyword, &value);
    }
    (rules.finish)(&mut keywords);
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

/// Removes a keyword and says it in the description.
pub(super) fn leave_out(keywords: &mut Map<String, Value>, keyword: &str, value: &Value) {
    keywords.shift_remove(keyword);
    let Some(sentence) = sentence(keyword, value) else { return };
    let described = match keywords.get("description").and_then(Value::as_str) {
        Some(description) => format!("{description}\n{sentence}"),
        None => sentence,
    };
    keywords.insert("description".to_owned(), described.into());
}

/// What a keyword says, in words for a model.
fn sentence(keyword: &str, value: &Value) -> Option<String> {
    let characters = if value == 1 { "character" } else { "characters" };
    let items = if value == 1 { "item" } else { "items" };
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    Some(match keyword {
        "minimum" => format!("At least {value}."),
        "exclusiveMinimum" => format!("More than {value}."),
        "maximum" => format!("At most {value}."),
        "exclusiveMaximum" => format!("Less than {value}."),
        "multipleOf" => format!("A multiple of {value}."),
        "minLength" => format!("At least {value} {characters}."),
        "maxLength" => format!("At most {value} {characters}."),
        "minItems" => format!("At least {value} {items}."),
        "maxItems" => format!("At most {value} {items}."),
        "uniqueItems" if *value == Value::Bool(true) => "No item twice.".to_owned(),
        "pattern" => format!("Matches the regular expression {text}"),
        "format" => format!("Written as {text}."),
        "default" => format!("If left out: {value}."),
        "enum" => format!("One of {}.", listed(value)),
        "examples" => format!("For example {}.", listed(value)),
        _ => return None,
    })
}

fn listed(values: &Value) -> String {
    let values: Vec<_> = values.as_array().into_iter().flatten().map(Value::to_string).collect();
    values.join(", ")
}
