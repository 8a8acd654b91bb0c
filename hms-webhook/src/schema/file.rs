//! Definitions as a file that is committed beside the source.

use serde::Deserialize;
use serde_json::Value;

use super::ToolDefinition;

/// The text of a file of definitions: a JSON array, one line for each member, so that a version control shows what
/// changed.
pub(crate) fn text(definitions: &[ToolDefinition]) -> String {
    // Nothing in a definition can fail to be written.
    let mut text = serde_json::to_string_pretty(definitions).unwrap_or_default();
    text.push('\n');
    text
}

/// Reads what [`text`] wrote.
///
/// # Errors
/// When it is something else; the text says what, on one line.
pub(crate) fn read(text: &str) -> Result<Vec<ToolDefinition>, String> {
    let value = serde_json::from_str(text).map_err(|error| format!("it is not JSON ({error})"))?;
    let Value::Array(items) = value else { return Err("it holds no list of tool definitions".into()) };
    items.iter().enumerate().map(|(index, item)| definition(item, index + 1)).collect()
}

fn definition(item: &Value, place: usize) -> Result<ToolDefinition, String> {
    if !item.is_object() {
        return Err(format!("number {place} of its list is no tool definition, which is an object"));
    }
    ToolDefinition::deserialize(item)
        .map_err(|error| format!("number {place} of its list is no tool definition ({error})"))
}
