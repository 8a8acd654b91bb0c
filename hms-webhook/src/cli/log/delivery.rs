//! The line of a delivery, in columns.

use std::fmt::{self, Write};

use tracing::{
    Event,
    field::{Field, Visit},
};

use super::style::{BAD, Colours, FAINT, GOOD, ODD, PLAIN, STRONG};
use crate::{handled::REFUSED, words::shorten};

/// Widths of the columns; that of event and tools depends on the terminal.
const OUTCOME: usize = 12;
const TIME: usize = 14;
const CALL: usize = 7;

/// Writes what the fields of the lines of [`crate::handled`] say, in a terminal that is `width` columns wide of which
/// `taken` are taken already:
///
/// ```text
/// tool-calls lookup_order answered     0.002 of 9 s   …1f9c10 attempt 2
/// request                 refused 401  no configured secret leads to this signature
/// ```
pub(super) fn write(
    line: &mut impl Write,
    event: &Event<'_>,
    colours: Colours,
    width: Option<usize>,
    taken: usize,
) -> fmt::Result {
    let mut shown = Delivery::default();
    event.record(&mut shown);
    let what_width = what_width(width, taken);
    let (kind, tools) = shown.what(what_width);
    let (outcome, style) = shown.outcome();
    // From four fifths on it is nearly too late.
    let is_close = shown.allowed.is_some_and(|allowed| shown.used.saturating_mul(5) >= allowed.saturating_mul(4));
    write!(
        line,
        "{} {tools:<rest$} {}",
        colours.paint(STRONG, &kind),
        colours.paint(style, format_args!("{outcome:<OUTCOME$}")),
        rest = what_width.saturating_sub(kind.chars().count() + 1),
    )?;
    let mut taken = taken + what_width + 1 + OUTCOME;
    let mut call = String::new();
    if !shown.event.is_empty() {
        let time = shown.time();
        write!(line, " {}", colours.paint(if is_close { ODD } else { PLAIN }, format_args!("{time:<TIME$} ")))?;
        call = end_of(&shown.call);
        taken += 1 + TIME + 1 + CALL;
    }
    match shown.note(width.map(|width| width.saturating_sub(taken + 1))) {
        Some(note) if call.is_empty() => write!(line, " {}", colours.paint(ODD, note))?,
        Some(note) => {
            write!(line, "{} {}", colours.paint(FAINT, format_args!("{call:<CALL$}")), colours.paint(ODD, note))?
        }
        None => write!(line, "{}", colours.paint(FAINT, call))?,
    }
    line.write_char('\n')
}

/// How wide the column of event and tools is: on a narrow terminal as wide as the others leave it, on others wide
/// enough for nearly every name.
fn what_width(width: Option<usize>, taken: usize) -> usize {
    const LEAST: usize = 23;
    const MOST: usize = 43;
    /// What is said at the end, at least.
    const NOTE: usize = 10;
    let others = taken + 1 + OUTCOME + 1 + TIME + 1 + CALL + 1 + NOTE;
    width.map_or(MOST, |width| width.saturating_sub(others).clamp(LEAST, MOST))
}

/// The end of an id, which differs where many begin alike.
fn end_of(id: &str) -> String {
    match id.char_indices().nth_back(CALL - 2) {
        Some((start, _)) if id.chars().count() > CALL => format!("…{}", shorten(&id[start..])),
        _ => shorten(id),
    }
}

/// `text` with its middle left out where it has more than `most` characters: names often differ at their ends.
fn without_middle(text: &str, most: usize) -> String {
    let count = text.chars().count();
    if count <= most {
        return text.to_owned();
    }
    let kept = most.saturating_sub(1);
    let behind = kept / 2;
    text.chars().take(kept - behind).chain(['…']).chain(text.chars().skip(count - behind)).collect()
}

/// 0 for what is well, 2 for what somebody should look after.
fn rank(outcome: &str) -> usize {
    match outcome {
        "answered" | "accepted" | "acknowledged" | "repeated" => 0,
        "failed" | "panicked" | "late" => 2,
        _ => 1,
    }
}

/// Milliseconds as seconds, with `digits` after the point, or more where they say something: `0.012`, `9`, `1.5`.
fn seconds(milliseconds: u64, digits: usize) -> String {
    let text = format!("{}.{:03}", milliseconds / 1000, milliseconds % 1000);
    let end = text.len() - 3;
    let short = text.trim_end_matches('0').len().max(end + digits);
    text[..short].trim_end_matches('.').to_owned()
}

#[derive(Default)]
struct Delivery {
    event: String,
    tool: String,
    outcome: String,
    status: Option<u64>,
    reason: String,
    cause: String,
    client: String,
    left_out: u64,
    call: String,
    attempt: u64,
    used: u64,
    allowed: Option<u64>,
}

impl Delivery {
    /// The event and its tools; what comes before them is no delivery yet.
    fn what(&self, width: usize) -> (String, String) {
        let kind = if self.event.is_empty() { "request" } else { &self.event };
        let kind = without_middle(&shorten(kind), width - 1);
        let rest = width - 1 - kind.chars().count();
        (kind, without_middle(&self.tool, rest))
    }

    /// How it went and what that looks like. Of several calls the worst is what somebody has to see.
    fn outcome(&self) -> (String, anstyle::Style) {
        if let (REFUSED, Some(status)) = (&*self.outcome, self.status) {
            return (format!("{REFUSED} {status}"), ODD);
        }
        let outcomes: Vec<_> = self.outcome.split(", ").collect();
        let worst = outcomes.iter().rev().max_by_key(|outcome| rank(outcome)).copied().unwrap_or_default();
        let others = outcomes.iter().filter(|outcome| **outcome != worst).count();
        let text = if others == 0 { worst.to_owned() } else { format!("{worst} +{others}") };
        (text, [GOOD, ODD, BAD][rank(worst)])
    }

    fn time(&self) -> String {
        match self.allowed {
            Some(allowed) => format!("{} of {} s", seconds(self.used, 3), seconds(allowed, 0)),
            None => format!("{} s", seconds(self.used, 3)),
        }
    }

    /// What is said at the end, as much of it as there is `room` for.
    fn note(&self, room: Option<usize>) -> Option<String> {
        if self.attempt > 1 {
            return Some(format!("attempt {}", self.attempt));
        }
        if self.reason.is_empty() {
            return None;
        }
        let from = if self.client.is_empty() { String::new() } else { format!(" ({})", self.client) };
        let more = match self.left_out {
            0 => String::new(),
            left_out => format!(" (+{left_out})"),
        };
        let texts =
            [format!("{}{from}{more}", self.cause), format!("{}{more}", self.cause), format!("{}{more}", self.reason)];
        let fits = |text: &String| room.is_none_or(|room| text.chars().count() <= room);
        Some(texts.into_iter().find(fits).unwrap_or_else(|| self.reason.clone()))
    }
}

impl Visit for Delivery {
    fn record_str(&mut self, field: &Field, value: &str) {
        let text = match field.name() {
            "event" => &mut self.event,
            "tool" => &mut self.tool,
            "outcome" => &mut self.outcome,
            "reason" => &mut self.reason,
            "call" => &mut self.call,
            _ => return,
        };
        *text = value.into();
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        match field.name() {
            "attempt" => self.attempt = value,
            "status" => self.status = Some(value),
            "left_out" => self.left_out = value,
            "milliseconds" => self.used = value,
            "allowed_milliseconds" => self.allowed = Some(value),
            _ => {}
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        match field.name() {
            "message" => {
                let message = format!("{value:?}");
                self.cause = one_line(message.strip_prefix("refused: ").unwrap_or(&message));
            }
            "client" => self.client = format!("{value:?}"),
            _ => {}
        }
    }
}

/// `text` without what commands a terminal.
fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for character in text.chars() {
        match character.is_control() {
            true => line.extend(character.escape_default()),
            false => line.push(character),
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_cut_to_their_end() {
        let shown =
            ["", "c-1", "exactly", "0b6f3a52-9d7e-4c1b-8a44-5f2f6f1f9c10", "éééééééééé", "12345\u{1b}"].map(end_of);
        assert_eq!(shown, ["", "c-1", "exactly", "…1f9c10", "…éééééé", r"12345\u{1b}"]);
    }

    #[test]
    fn times_are_short_and_exact() {
        let shown = [(0, 3), (12, 3), (1500, 3), (9000, 0), (1500, 0), (250, 0), (12_345, 0)]
            .map(|(milliseconds, digits)| seconds(milliseconds, digits));
        assert_eq!(shown, ["0.000", "0.012", "1.500", "9", "1.5", "0.25", "12.345"]);
    }

    #[test]
    fn long_names_keep_both_ends() {
        let name = "find_customer_by_phone_number";
        let shown = [40, 29, 12, 2, 1, 0].map(|most| without_middle(name, most));
        assert_eq!(shown, [name, name, "find_c…umber", "f…", "…", "…"]);
    }

    #[test]
    fn several_calls_show_the_worst() {
        for (outcome, shown) in [
            ("answered", "answered"),
            ("answered, answered", "answered"),
            ("answered, told", "told +1"),
            ("arguments, late, told, accepted", "late +3"),
            ("failed, answered, failed", "failed +1"),
        ] {
            assert_eq!(Delivery { outcome: outcome.into(), ..Delivery::default() }.outcome().0, shown);
        }
    }
}
