//! What is expected at a place, in words for a model.

use std::fmt::{self, Display, Write as _};

use serde_json::Value;

use super::{Kind, Limit, ListShape, NumberShape, Shape, TextShape, ToldBy, union};
use crate::words::is_no_plain_text;

/// How much is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Detail {
    /// Without what follows from the type's size alone.
    Brief,
    Full,
}

/// Text from outside on one line and within a length, for use between quotes.
pub(crate) struct Escaped<'a>(pub(crate) &'a str);

/// In characters; enough to recognise a value, too little to fill a prompt.
const LONGEST: usize = 60;

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, character) in self.0.chars().enumerate() {
            if index == LONGEST {
                return f.write_char('…');
            }
            match character {
                '\n' => f.write_str("\\n")?,
                '\r' => f.write_str("\\r")?,
                '\t' => f.write_str("\\t")?,
                '"' => f.write_str("\\\"")?,
                _ if is_no_plain_text(character) => write!(f, "{}", character.escape_unicode())?,
                _ => f.write_char(character)?,
            }
        }
        Ok(())
    }
}

/// "an integer from 1 to 10": what fits after "must be".
///
/// That `null` is allowed too is not said: whoever sent something else had something to say.
pub(crate) fn expected(shape: &Shape, detail: Detail) -> String {
    match &shape.kind {
        Kind::Anything => "any value".to_owned(),
        Kind::Nothing => "left out".to_owned(),
        Kind::Null => "null".to_owned(),
        Kind::Boolean => "true or false".to_owned(),
        Kind::Number(number) => self::number(number, detail),
        Kind::Text(text) => self::text(text),
        Kind::Choice(choice) => choices(&choice.allowed),
        Kind::List(list) => self::list(list),
        Kind::Object(object) => match size(object.minimum, object.maximum, "member") {
            Some(size) => format!("an object of {size}"),
            None => "an object".to_owned(),
        },
        Kind::Union(union) => self::union(&union.branches, &union.told_by, detail),
    }
}

/// "one of "a", "b"".
pub(crate) fn choices(allowed: &[Value]) -> String {
    const MOST: usize = 30;
    let mut words = String::from(if allowed.len() == 1 { "" } else { "one of " });
    for (index, value) in allowed.iter().take(MOST).enumerate() {
        let comma = if index == 0 { "" } else { ", " };
        let _ = match value {
            Value::String(text) => write!(words, "{comma}\"{}\"", Escaped(text)),
            other => write!(words, "{comma}{}", Escaped(&other.to_string())),
        };
    }
    if allowed.len() > MOST {
        let _ = write!(words, " and {} more", allowed.len() - MOST);
    }
    words
}

fn number(number: &NumberShape, detail: Detail) -> String {
    let kind = if number.integer { "an integer" } else { "a number" };
    let said = |limit: &&Limit| detail == Detail::Full || !limit.of_type;
    let minimum = number.minimum.as_ref().filter(said);
    let maximum = number.maximum.as_ref().filter(said);
    let value = |limit: &Limit| match &limit.shown {
        Some(shown) => shown.to_string(),
        None => limit.value.to_integer_text().unwrap_or_default(),
    };
    match (minimum, maximum) {
        (None, None) => kind.to_owned(),
        (Some(low), Some(high)) if !low.excluded && !high.excluded => {
            format!("{kind} from {} to {}", value(low), value(high))
        }
        (low, high) => {
            let low = low.map(|low| format!("{} {}", if low.excluded { "above" } else { "of at least" }, value(low)));
            let high =
                high.map(|high| format!("{} {}", if high.excluded { "below" } else { "of at most" }, value(high)));
            let limits: Vec<String> = low.into_iter().chain(high).collect();
            format!("{kind} {}", limits.join(" and "))
        }
    }
}

fn text(text: &TextShape) -> String {
    let mut words = text.format.as_deref().map_or_else(|| "a string".to_owned(), format);
    if let Some(size) = size(text.minimum, text.maximum, "character") {
        let _ = write!(words, " of {size}");
    }
    if let Some(pattern) = &text.pattern {
        let _ = write!(words, " that matches the pattern {}", Escaped(pattern.as_str()));
    }
    words
}

/// What a text of this format is.
pub(super) fn format(format: &str) -> String {
    match format {
        "date" => "a date such as \"2026-02-05\"".to_owned(),
        "date-time" => "a date and time such as \"2026-02-05T14:30:00Z\"".to_owned(),
        "partial-date-time" => "a date and time such as \"2026-02-05T14:30:00\"".to_owned(),
        "time" | "partial-time" => "a time of day such as \"14:30:00\"".to_owned(),
        "duration" => "a duration such as \"PT1H30M\"".to_owned(),
        "email" => "an email address".to_owned(),
        "uuid" => "a UUID".to_owned(),
        "uri" | "url" => "a URL".to_owned(),
        "ip" | "ipv4" | "ipv6" => "an IP address".to_owned(),
        other => format!("a string in the format \"{other}\""),
    }
}

fn list(list: &ListShape) -> String {
    match size(list.minimum, list.maximum, "item") {
        Some(size) => format!("an array of {size}"),
        None => "an array".to_owned(),
    }
}

fn size(minimum: Option<usize>, maximum: Option<usize>, unit: &str) -> Option<String> {
    let plural = |count: usize| if count == 1 { "" } else { "s" };
    Some(match (minimum.filter(|minimum| *minimum > 0), maximum) {
        (None, None) => return None,
        (Some(low), Some(high)) if low == high => format!("exactly {low} {unit}{}", plural(low)),
        (Some(low), Some(high)) => format!("{low} to {high} {unit}s"),
        (Some(low), None) => format!("at least {low} {unit}{}", plural(low)),
        (None, Some(high)) => format!("at most {high} {unit}{}", plural(high)),
    })
}

fn union(branches: &[Shape], told_by: &ToldBy, detail: Detail) -> String {
    let mut words: Vec<String> = Vec::new();
    for branch in branches {
        let branch = match told_by {
            ToldBy::OnlyName if branch.as_object().is_some() => {
                let name = union::only_name(branch).unwrap_or_default();
                format!("an object with the one member `{}`", Escaped(name))
            }
            _ => expected(branch, detail),
        };
        if !words.contains(&branch) {
            words.push(branch);
        }
    }
    words.join(" or ")
}
