//! Keywords as sentences of a description, and back.

use serde_json::{Map, Value};

use crate::shape::FORMATS;

/// How a value stands in its sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Put {
    /// As JSON.
    Json,
    /// A number of things, of which there may be one.
    Count,
    /// The values of a list, as JSON.
    Listed,
    /// The name of a format, as it is.
    Format,
    /// The value of the `const` in it.
    Constant,
    /// Only `true` says anything, and is not said.
    Not,
}

/// Each keyword with its sentence: what stands before the value, and behind it.
const SENTENCES: [(&str, Put, &str, &str); 24] = [
    ("minimum", Put::Json, "At least ", "."),
    ("exclusiveMinimum", Put::Json, "More than ", "."),
    ("maximum", Put::Json, "At most ", "."),
    ("exclusiveMaximum", Put::Json, "Less than ", "."),
    ("multipleOf", Put::Json, "A multiple of ", "."),
    ("minLength", Put::Count, "At least ", " character"),
    ("maxLength", Put::Count, "At most ", " character"),
    ("minItems", Put::Count, "At least ", " item"),
    ("maxItems", Put::Count, "At most ", " item"),
    ("minProperties", Put::Count, "At least ", " member"),
    ("maxProperties", Put::Count, "At most ", " member"),
    ("uniqueItems", Put::Not, "No item twice", "."),
    ("pattern", Put::Json, "Matches the regular expression ", "."),
    ("format", Put::Format, "Written as ", "."),
    ("default", Put::Json, "If left out: ", "."),
    ("const", Put::Json, "Always ", "."),
    ("enum", Put::Listed, "One of ", "."),
    ("examples", Put::Listed, "For example ", "."),
    ("not", Put::Constant, "Anything but ", "."),
    ("not", Put::Json, "Nothing that matches ", "."),
    ("contains", Put::Json, "An item matches ", "."),
    ("minContains", Put::Json, "Matching items, at least: ", "."),
    ("maxContains", Put::Json, "Matching items, at most: ", "."),
    ("propertyNames", Put::Json, "Each name matches ", "."),
];

/// Removes a keyword and says it in the description. What has no sentence limits no value.
pub(super) fn say(keywords: &mut Map<String, Value>, keyword: &str, value: &Value) {
    keywords.shift_remove(keyword);
    let Some(sentence) = sentence(keyword, value) else { return };
    let described = match keywords.get("description").and_then(Value::as_str) {
        Some(description) => format!("{description}\n{sentence}"),
        None => sentence,
    };
    keywords.insert("description".to_owned(), described.into());
}

fn sentence(keyword: &str, value: &Value) -> Option<String> {
    let mut known = SENTENCES.into_iter().filter(|(known, ..)| *known == keyword);
    known.find_map(|(_, put, before, behind)| filled(put, before, value, behind))
}

fn filled(put: Put, before: &str, value: &Value, behind: &str) -> Option<String> {
    let value = match put {
        Put::Json => value.to_string(),
        Put::Count if *value == 1 => return Some(format!("{before}1{behind}.")),
        Put::Count => return Some(format!("{before}{value}{behind}s.")),
        Put::Listed => value.as_array()?.iter().map(Value::to_string).collect::<Vec<_>>().join(", "),
        Put::Format => value.as_str()?.to_owned(),
        Put::Constant => value.as_object().filter(|keywords| keywords.len() == 1)?.get("const")?.to_string(),
        Put::Not if *value == Value::Bool(true) => String::new(),
        Put::Not => return None,
    };
    Some(format!("{before}{value}{behind}"))
}

/// Makes keywords of the sentences at the end of a description again.
pub(super) fn take_back(keywords: &mut Map<String, Value>) {
    while let Some(description) = keywords.get("description").and_then(Value::as_str) {
        let (rest, last) = description.rsplit_once('\n').map_or((None, description), |(rest, last)| (Some(rest), last));
        let Some((keyword, value)) = said(last).filter(|(keyword, _)| !keywords.contains_key(*keyword)) else { return };
        match rest.map(Value::from) {
            Some(rest) => keywords.insert("description".to_owned(), rest),
            None => keywords.shift_remove("description"),
        };
        keywords.insert(keyword.to_owned(), value);
    }
}

fn said(line: &str) -> Option<(&'static str, Value)> {
    SENTENCES.into_iter().find_map(|(keyword, put, before, behind)| {
        let value = line.strip_prefix(before)?;
        let value = match put {
            Put::Count => {
                let number = value.strip_suffix("s.").or_else(|| value.strip_suffix('.'))?.strip_suffix(behind)?;
                number.parse::<u64>().ok()?.into()
            }
            Put::Json => serde_json::from_str(value.strip_suffix(behind)?).ok()?,
            Put::Listed => serde_json::from_str(&format!("[{}]", value.strip_suffix(behind)?)).ok()?,
            Put::Format => value.strip_suffix(behind).filter(|format| FORMATS.contains(format))?.into(),
            Put::Constant => {
                let value: Value = serde_json::from_str(value.strip_suffix(behind)?).ok()?;
                serde_json::json!({ "const": value })
            }
            Put::Not => (value == behind).then_some(true)?.into(),
        };
        Some((keyword, value))
    })
}
