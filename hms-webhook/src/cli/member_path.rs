//! The path of a member in JSON, such as `tool_call_list[0].function.arguments`.

use serde_json::{Value, json};

#[derive(Debug, Clone, Copy)]
enum Step<'a> {
    /// Of an object; one that is a number may also be of a list.
    Name(&'a str),
    /// `[0]`.
    Index(&'a str),
}

/// What stands at `path` in `value`; objects and lists on the way are made.
///
/// # Errors
/// When `path` is none, or something else is in its way.
pub(super) fn at_path<'a>(value: &'a mut Value, path: &str) -> Result<&'a mut Value, String> {
    let steps = steps(path).ok_or_else(|| format!("`{path}` is no path: write it like messages[0].content"))?;
    steps
        .into_iter()
        .try_fold(value, |value, step| enter(value, step).map_err(|reason| format!("`{path}` cannot be set: {reason}")))
}

/// `None` where a step is empty, or a bracket is out of place.
fn steps(path: &str) -> Option<Vec<Step<'_>>> {
    let mut steps = Vec::new();
    for part in path.split('.') {
        let (name, indices) = part.split_at(part.find(['[', ']']).unwrap_or(part.len()));
        if name.is_empty() {
            return None;
        }
        steps.push(Step::Name(name));
        let mut rest = indices;
        while !rest.is_empty() {
            let (index, after) = rest.strip_prefix('[')?.split_once(']')?;
            number(index)?;
            steps.push(Step::Index(index));
            rest = after;
        }
    }
    Some(steps)
}

fn enter<'a>(value: &'a mut Value, step: Step<'_>) -> Result<&'a mut Value, String> {
    let (Step::Name(text) | Step::Index(text)) = step;
    let index = number(text);
    if value.is_null() {
        *value = if index.is_some() { json!([]) } else { json!({}) };
    }
    match (value, step, index) {
        (Value::Object(members), Step::Name(name), _) => Ok(members.entry(name).or_insert(Value::Null)),
        (Value::Array(elements), _, Some(index)) => {
            let length = elements.len();
            if index == length {
                elements.push(Value::Null);
            }
            elements.get_mut(index).ok_or_else(|| match length {
                0 => "the list has no elements yet, begin with 0".into(),
                _ => format!("the list has {length} elements, the next is {length}"),
            })
        }
        (_, Step::Name(name), _) => Err(format!("there is no place for `{name}`")),
        (_, Step::Index(index), _) => Err(format!("there is no place for `[{index}]`")),
    }
}

fn number(text: &str) -> Option<usize> {
    // `parse` would take a sign.
    text.parse().ok().filter(|_| text.starts_with(|first: char| first.is_ascii_digit()))
}
