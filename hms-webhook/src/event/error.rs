//! What is wrong with a piece of JSON, and where.

use std::fmt::{self, Display};

/// Why JSON could not be read: one sentence that names the place of the fault.
///
/// It never quotes a value, so it may be logged and sent back.
///
/// ```
/// use hms_webhook::event::Event;
///
/// let error = Event::parse(br#"{"message": {"type": "status-update", "call": {"id": 7}}}"#).unwrap_err();
/// assert_eq!(error.to_string(), "expected a string at `message.call.id`, found a number");
/// assert_eq!(error.place(), "message.call.id");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    place: String,
    fault: Fault,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Fault {
    NotJson(String),
    Missing,
    Empty,
    Wrong { expected: String, found: &'static str },
    NotOneOf(&'static [&'static str]),
    Unexpected,
    Refused,
    Unreadable,
}

impl ParseError {
    /// Where the fault is, as a path like `message.tool_call_list[0].function.name`; empty for the whole body.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Text that is no JSON. The parser's own words for that name a position and no value.
    pub(crate) fn not_json(place: impl Display, error: &serde_json::Error) -> Self {
        Self::new(place, Fault::NotJson(error.to_string()))
    }

    pub(crate) fn missing(place: impl Display) -> Self {
        Self::new(place, Fault::Missing)
    }

    pub(crate) fn empty(place: impl Display) -> Self {
        Self::new(place, Fault::Empty)
    }

    pub(crate) fn wrong(place: impl Display, expected: impl Display, found: &'static str) -> Self {
        Self::new(place, Fault::Wrong { expected: expected.to_string(), found })
    }

    pub(crate) fn not_one_of(place: impl Display, known: &'static [&'static str]) -> Self {
        Self::new(place, Fault::NotOneOf(known))
    }

    pub(crate) fn unexpected(place: impl Display) -> Self {
        Self::new(place, Fault::Unexpected)
    }

    /// A value that the type reading it refused for reasons of its own.
    pub(crate) fn refused(place: impl Display) -> Self {
        Self::new(place, Fault::Refused)
    }

    /// Well-formed JSON that cannot be held in memory.
    pub(crate) fn unreadable(place: impl Display) -> Self {
        Self::new(place, Fault::Unreadable)
    }

    fn new(place: impl Display, fault: Fault) -> Self {
        Self { place: place.to_string(), fault }
    }
}

impl Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = Place(&self.place);
        match &self.fault {
            Fault::NotJson(detail) => write!(f, "{place} is not valid JSON: {detail}"),
            Fault::Missing => write!(f, "{place} is missing"),
            Fault::Empty => write!(f, "{place} is empty"),
            Fault::Wrong { expected, found } if self.place.is_empty() => {
                write!(f, "expected {expected} as the body, found {found}")
            }
            Fault::Wrong { expected, found } => write!(f, "expected {expected} at {place}, found {found}"),
            Fault::NotOneOf([]) => write!(f, "{place} has a value that is not known"),
            Fault::NotOneOf(known) => write!(f, "{place} is none of `{}`", known.join("`, `")),
            Fault::Unexpected => write!(f, "{place} is not expected"),
            Fault::Refused => write!(f, "{place} was refused by the type that reads it"),
            Fault::Unreadable => write!(f, "{place} is nested too deeply, or holds a number that is out of range"),
        }
    }
}

impl std::error::Error for ParseError {}

/// A path between backquotes, or the words for the empty one.
struct Place<'a>(&'a str);

impl Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            "" => f.write_str("the body"),
            path => write!(f, "`{path}`"),
        }
    }
}

/// The name of a member that the sender chose, made fit for a message: short, and on one line.
pub(crate) fn shown(name: &str) -> String {
    const LONGEST: usize = 48;
    let mut shown: String = name.chars().take(LONGEST).flat_map(char::escape_debug).collect();
    if name.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    shown
}
