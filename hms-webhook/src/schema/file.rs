//! Definitions as a file that is committed beside the source.

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
    serde_json::from_str(text).map_err(|error| format!("this is no list of tool definitions ({error})"))
}
