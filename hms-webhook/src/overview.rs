//! What the log says of an app when it starts.

use std::fmt::{Display, Write};

use tracing::{info, warn};

use crate::{
    handler::{HandlerSpec, ToolSpec},
    secrets::Keyring,
};

/// Where this line comes from, for filters of the log.
pub(crate) const TARGET: &str = "hms_webhook::start";

/// As many names are listed; a program may have thousands of tools.
const NAMES: usize = 20;

/// An app in short.
#[derive(Debug)]
pub(crate) struct Overview {
    tools: String,
    handlers: String,
    store: String,
    warnings: Vec<&'static str>,
}

impl Overview {
    pub(crate) fn new(
        tools: &[&'static ToolSpec],
        handlers: &[&'static HandlerSpec],
        keyring: &Keyring,
        allows_unsigned: bool,
        store: &str,
    ) -> Self {
        let mut warnings = Vec::new();
        if tools.is_empty() && handlers.is_empty() {
            warnings.push(
                "this app has no handlers: annotate a function, or, if they are in a library crate, name it once: `use my_tools as _;`",
            );
        }
        if cfg!(panic = "abort") {
            warnings.push(
                "this program is built with `panic = \"abort\"`: a panic in one handler will end every phone call",
            );
        }
        if allows_unsigned {
            warnings
                .push("deliveries without a signature are accepted: anyone who reaches this port can call the tools");
        }
        if keyring.verifier().has_short_secret() {
            warnings.push(
                "a webhook secret is short, so that it can be guessed: make a long random one, as `openssl rand -hex 32` does",
            );
        }
        Self {
            tools: listed(tools.iter().map(|spec| spec.name)),
            handlers: listed(handlers.iter().map(|spec| format!("{} ({})", spec.event(), spec.location.function))),
            store: match store {
                "memory" => "memory only: what is not handled when the process ends is lost".into(),
                place => place.into(),
            },
            warnings,
        }
    }

    /// Says it in one line, and warns. An app that is mounted in a server of the program's own has no `address`.
    pub(crate) fn log(&self, address: Option<&str>, path: &str) {
        let place = address.map_or("ready".into(), |address| format!("listening on {address}"));
        let warnings = Some(self.warnings.join("; ")).filter(|warnings| !warnings.is_empty());
        info!(
            target: TARGET,
            address,
            path,
            tools = self.tools,
            handlers = self.handlers,
            store = self.store,
            warnings,
            "{place}, for the path {path}"
        );
        // Each is a warning of its own, whatever becomes of the line above.
        for warning in &self.warnings {
            warn!("{warning}");
        }
    }
}

/// How many there are, and their names: `2: lookup_order, cancel_order`.
fn listed<T: Display>(names: impl ExactSizeIterator<Item = T>) -> String {
    let count = names.len();
    if count == 0 {
        return "none".into();
    }
    let mut text = format!("{count}: ");
    for (index, name) in names.take(NAMES).enumerate() {
        let _ = write!(text, "{}{name}", if index == 0 { "" } else { ", " });
    }
    if count > NAMES {
        let _ = write!(text, " and {} more", count - NAMES);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::listed;

    #[test]
    fn a_list_has_an_end() {
        let names = (1..=1000).collect::<Vec<_>>();
        assert_eq!(listed(names[..0].iter()), "none");
        assert_eq!(listed(names[..2].iter()), "2: 1, 2");
        assert!(listed(names[..20].iter()).ends_with(", 19, 20"));
        assert!(listed(names.iter()).ends_with(", 19, 20 and 980 more"));
    }
}
