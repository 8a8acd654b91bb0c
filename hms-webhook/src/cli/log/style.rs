//! Colours of lines for people, where a terminal shows them.

use std::fmt::{self, Display};

use anstyle::{AnsiColor, Style};

/// Whether lines have colours.
#[derive(Debug, Clone, Copy)]
pub(super) struct Colours(pub(super) bool);

pub(super) const GOOD: Style = AnsiColor::Green.on_default();
pub(super) const ODD: Style = AnsiColor::Yellow.on_default();
pub(super) const BAD: Style = AnsiColor::Red.on_default();
pub(super) const FAINT: Style = Style::new().dimmed();
pub(super) const STRONG: Style = Style::new().bold();
pub(super) const PLAIN: Style = Style::new();

impl Colours {
    pub(super) fn paint<T: Display>(self, style: Style, text: T) -> Painted<T> {
        Painted { style: if self.0 { style } else { PLAIN }, text }
    }
}

/// A text with the codes of its style around it.
pub(super) struct Painted<T> {
    style: Style,
    text: T,
}

impl<T: Display> Display for Painted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}{:#}", self.style, self.text, self.style)
    }
}
