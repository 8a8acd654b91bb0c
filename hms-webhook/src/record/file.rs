//! One recorded delivery as a file, and a folder of them.

use std::{fs, path::Path};

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a file holds.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Recorded {
    /// When it came, RFC 3339.
    pub(crate) at: String,
    pub(crate) event: String,
    /// The tools that it called.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) tools: Vec<String>,
    pub(crate) status: u16,
    /// From the head of the request until its answer was made.
    pub(crate) milliseconds: f64,
    pub(crate) body: Value,
    /// `null` where the answer was no JSON.
    pub(crate) reply: Value,
}

impl Recorded {
    /// The event, and the tools.
    pub(crate) fn about(&self) -> String {
        let tools = self.tools.join(" + ");
        if tools.is_empty() { self.event.clone() } else { format!("{} {tools}", self.event) }
    }
}

/// The recorded deliveries in a folder with the names of their files, in the order in which they came.
///
/// # Errors
/// All that is wrong, one line each.
pub(crate) fn folder(folder: &Path) -> Result<Vec<(String, Recorded)>, Vec<String>> {
    let shown = folder.display();
    let entries = fs::read_dir(folder)
        .map_err(|error| vec![format!("the folder `{shown}` cannot be read: {error}; `serve --record` makes one")])?;
    let mut names: Vec<_> = entries
        .filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned()))
        .filter(|name| name.ends_with(".json"))
        .collect();
    names.sort();
    let (mut recorded, mut faults) = (Vec::new(), Vec::new());
    for name in names {
        let path = folder.join(&name);
        let read = fs::read(&path).map_err(|error| error.to_string());
        match read.and_then(|text| serde_json::from_slice(&text).map_err(|error| error.to_string())) {
            Ok(delivery) => recorded.push((name, delivery)),
            Err(fault) => faults.push(format!("{}: this is no recorded delivery: {fault}", path.display())),
        }
    }
    match (faults.is_empty(), recorded.is_empty()) {
        (false, _) => Err(faults),
        (true, true) => {
            Err(vec![format!("in the folder `{shown}` is no recorded delivery: `serve --record` makes them")])
        }
        (true, false) => Ok(recorded),
    }
}
