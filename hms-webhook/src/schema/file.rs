//! Definitions as a file that is committed beside the source.

use std::{
    error, fmt, io,
    path::{Path, PathBuf},
};

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
/// When it is something else.
pub(crate) fn read(text: &str, file: &Path) -> Result<Vec<ToolDefinition>, FileError> {
    serde_json::from_str(text).map_err(|error| FileError::Foreign { file: file.to_owned(), error })
}

/// Why there are no definitions to compare with. Each text is one line.
#[derive(Debug)]
pub(crate) enum FileError {
    Unreadable { file: PathBuf, error: io::Error },
    Foreign { file: PathBuf, error: serde_json::Error },
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { file, error } => {
                write!(f, "the file `{}` cannot be read: {error}; `tools --write` makes one", file.display())
            }
            Self::Foreign { file, error } => {
                let file = file.display();
                write!(
                    f,
                    "the file `{file}` is no list of tool definitions ({error}); `tools --write {file}` replaces it by one"
                )
            }
        }
    }
}

impl error::Error for FileError {}
