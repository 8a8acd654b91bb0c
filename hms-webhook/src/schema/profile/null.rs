//! "Or `null`", in the ways in which a schema says it.

use serde_json::{Map, Value, json};

/// Says that `null` is taken too.
pub(super) fn add(keywords: &mut Map<String, Value>) {
    if let Some(Value::Array(branches)) = keywords.get_mut("anyOf") {
        branches.push(json!({ "type": "null" }));
        return;
    }
    if let Some(Value::Array(allowed)) = keywords.get_mut("enum") {
        allowed.push(Value::Null);
    }
    if let Some(Value::String(name)) = keywords.get("type").cloned() {
        keywords.insert("type".to_owned(), json!([name, "null"]));
    }
}

/// Says it no longer. Gives back whether it was said; what takes `null` alone stays what it is.
pub(crate) fn take(keywords: &mut Map<String, Value>) -> bool {
    let mut found = false;
    let mut without = |list: Option<&mut Value>, is_null: fn(&Value) -> bool| {
        let Some(Value::Array(list)) = list else { return };
        if list.iter().any(is_null) && !list.iter().all(is_null) {
            list.retain(|one| !is_null(one));
            found = true;
        }
    };
    without(keywords.get_mut("type"), |name| name == "null");
    without(keywords.get_mut("enum"), Value::is_null);
    without(keywords.get_mut("anyOf"), |branch| branch.get("type").is_some_and(|name| name == "null"));
    if let Some([only]) = keywords.get("type").and_then(Value::as_array).map(Vec::as_slice) {
        let only = only.clone();
        keywords.insert("type".to_owned(), only);
    }
    found
}
