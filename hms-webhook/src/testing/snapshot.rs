//! Definitions that are committed beside the source, held against the program in a test.

use std::{env, fs, path::Path};

use crate::{
    App, Profile,
    schema::{changes::changes, file},
};

/// The environment variable with which a test writes the file instead of comparing it.
const UPDATE: &str = "UPDATE_TOOLS_SNAPSHOT";

/// Asserts that a committed file says what the tools of an app are.
///
/// The file is the one that the command `tools --write` writes; its path is relative to the manifest of the crate that
/// the test is in. Where they differ, the test fails and says for each change whether it is breaking or compatible. With
/// `UPDATE_TOOLS_SNAPSHOT=1` in the environment, the file is written instead.
///
/// ```no_run
/// use hms_webhook::{App, assert_tools_snapshot, tool, tools};
///
/// /// Say when the shop opens.
/// #[tool]
/// fn opening_hour() -> u8 {
///     9
/// }
///
/// assert_tools_snapshot!(App::new().tools(tools![opening_hour]), "tools.json");
/// ```
///
/// # Panics
/// When they differ, the file cannot be read or written, or the app's tools are not well formed.
#[macro_export]
macro_rules! assert_tools_snapshot {
    ($app:expr, $file:expr $(,)?) => {
        $crate::__private::assert_tools_snapshot(&$app, ::core::env!("CARGO_MANIFEST_DIR"), $file)
    };
}

/// What [`assert_tools_snapshot!`](crate::assert_tools_snapshot) calls.
#[doc(hidden)]
#[track_caller]
pub fn assert_tools_snapshot(app: &App, folder: &str, file: &str) {
    let definitions = app.definitions().unwrap_or_else(|error| panic!("{error}"));
    let path = Path::new(folder).join(file);
    if env::var_os(UPDATE).is_some_and(|value| !value.is_empty() && value != "0") {
        if let Err(error) = file::write(&path, &file::text(&definitions)) {
            panic!("{} cannot be written: {error}", path.display());
        }
        return;
    }
    let remedy = format!("`{UPDATE}=1 cargo test` writes it");
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) => panic!("{} cannot be read: {error}; {remedy}", path.display()),
    };
    let before = file::read(&text).unwrap_or_else(|error| panic!("{}: {error}; {remedy}", path.display()));
    let changes = changes(&before, &definitions, Profile::Plain);
    if !changes.is_empty() {
        let lines: String = changes.iter().map(|change| format!("\n  {change}")).collect();
        panic!("{} does not say what the tools are; {remedy}:{lines}", path.display());
    }
}
