//! What an app says when it starts: a line for each part.

use std::fmt::{self, Debug, Write};

use tracing::{
    Event,
    field::{Field, Visit},
};

use super::style::{Colours, STRONG};

/// Writes what the fields of [`Overview::log`](crate::overview::Overview::log) say. Its warnings follow as
/// lines of their own, and address and path stand in the message.
pub(super) fn write(line: &mut impl Write, event: &Event<'_>, colours: Colours) -> fmt::Result {
    let mut banner = Banner::default();
    event.record(&mut banner);
    writeln!(line, "{}", colours.paint(STRONG, &banner.message))?;
    for (name, text) in &banner.parts {
        writeln!(line, "  {name:<10}{text}")?;
    }
    Ok(())
}

#[derive(Default)]
struct Banner {
    message: String,
    parts: Vec<(&'static str, String)>,
}

impl Visit for Banner {
    fn record_str(&mut self, field: &Field, value: &str) {
        if matches!(field.name(), "tools" | "handlers" | "store") {
            self.parts.push((field.name(), value.into()));
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            self.message = format!("{value:?}");
        }
    }
}
