//! The values of arguments that spans may show: those that `#[arg(record)]` stands on, and no others.

use std::fmt::Write;

use tracing::Span;

use super::Arguments;

/// The field of a span that holds them, as a JSON object.
pub(crate) const FIELD: &str = "arguments";
/// Of a longer value only the begin is shown, in characters.
const LONGEST: usize = 256;

impl Arguments {
    /// Shows the values in the span that is entered.
    pub(super) fn record(&self) {
        let span = Span::current();
        if span.is_disabled() {
            return;
        }
        let properties = self.prepared.root.as_object().map(|object| object.properties.as_slice()).unwrap_or_default();
        let mut text = String::new();
        for &index in &self.prepared.recorded {
            let (Some(property), Some(json)) = (properties.get(index), self.sent(index)) else { continue };
            let _ = write!(text, "{}{:?}:", if text.is_empty() { "{" } else { "," }, property.name);
            text.extend(json.chars().take(LONGEST));
            if json.chars().nth(LONGEST).is_some() {
                text.push('…');
            }
        }
        if !text.is_empty() {
            text.push('}');
            span.record(FIELD, text);
        }
    }
}
