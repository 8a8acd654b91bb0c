//! Texts: of a length, of a format, matching a pattern.

use regex_lite::Regex;
use regex_syntax::{
    ParserBuilder,
    hir::{Class, Hir, HirKind},
};
use serde_json::Value;

use super::{Random, size};

const TEXTS: [&str; 6] = ["text", "A-1042", "Zoë d'Artagnan", "two words", "日本語 🚲", "\"quoted\\ \n"];

pub(super) fn text(schema: &Value, random: &mut Random) -> String {
    let keyword = |keyword: &str| schema.get(keyword).and_then(Value::as_str);
    if let Some(text) = keyword("pattern").and_then(|pattern| matching(pattern, random)) {
        return text;
    }
    match (keyword("format"), random.day()) {
        (Some("date"), Some(day)) => return day.into(),
        (Some("date-time"), Some(day)) => return format!("{day}T09:15:00Z"),
        _ => {}
    }
    if let Some(text) = keyword("format").and_then(|format| random.one_of(of_format(format))) {
        return (*text).to_owned();
    }
    let (minimum, maximum) = (size(schema, "minLength").unwrap_or(0), size(schema, "maxLength").unwrap_or(usize::MAX));
    let start = random.one_of(&TEXTS).copied().unwrap_or_default();
    let fill = std::iter::repeat_n('a', minimum.saturating_sub(start.chars().count()));
    start.chars().chain(fill).take(maximum).collect()
}

/// Values of the formats of JSON Schema, the plainest first.
fn of_format(format: &str) -> &'static [&'static str] {
    match format {
        "date" => &["2026-03-02", "2024-02-29"],
        "date-time" => &["2026-03-02T09:15:00Z", "2024-02-29T23:59:59.5+01:00"],
        "time" => &["09:15:00Z", "23:59:59+01:00"],
        "duration" => &["PT15M", "P1DT2H"],
        "email" => &["ada@example.com"],
        "hostname" => &["example.com"],
        "ip" | "ipv4" => &["192.0.2.1"],
        "ipv6" => &["2001:db8::1"],
        "uri" | "url" => &["https://example.com/a?b=c"],
        "uuid" => &["6f1c2f0e-5f9f-4d86-9a41-3c2f5d2f0b7a"],
        _ => &[],
    }
}

/// A text in which `pattern` is found. `None` where none was made.
pub(super) fn matching(pattern: &str, random: &mut Random) -> Option<String> {
    // As in `regex-lite`, `\d` and its like are of ASCII.
    let tree = ParserBuilder::new().unicode(false).utf8(false).build().parse(pattern).ok()?;
    let regex = Regex::new(pattern).ok()?;
    (0..8).find_map(|_| {
        let mut bytes = Vec::new();
        write(&tree, random, &mut bytes);
        let text = String::from_utf8(bytes).ok().filter(|text| regex.is_match(text));
        if text.is_none() {
            random.leave_first();
        }
        text
    })
}

fn write(tree: &Hir, random: &mut Random, text: &mut Vec<u8>) {
    match tree.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => text.extend_from_slice(&literal.0),
        HirKind::Class(class) => text.extend(character(class, random)),
        HirKind::Repetition(repetition) => {
            let minimum = repetition.min;
            let maximum = repetition.max.unwrap_or(u32::MAX).min(minimum.saturating_add(1));
            let more = usize::try_from(maximum.saturating_sub(minimum)).unwrap_or(0);
            // At least one, so that an optional part is seen.
            let times = usize::try_from(minimum).unwrap_or(0)
                + random.below(more + 1).max(usize::from(minimum == 0 && more > 0));
            for _ in 0..times {
                write(&repetition.sub, random, text);
            }
        }
        HirKind::Capture(capture) => write(&capture.sub, random, text),
        HirKind::Concat(parts) => parts.iter().for_each(|part| write(part, random, text)),
        HirKind::Alternation(parts) => {
            if let Some(part) = random.one_of(parts) {
                write(part, random, text);
            }
        }
    }
}

/// A character of the class, a printable one where it has any.
fn character(class: &Class, random: &mut Random) -> Option<u8> {
    let Class::Bytes(class) = class else { return None };
    let all = || class.iter().flat_map(|range| range.start()..=range.end());
    let printable: Vec<u8> = all().filter(u8::is_ascii_graphic).collect();
    let letters: Vec<u8> = printable.iter().copied().filter(u8::is_ascii_alphanumeric).collect();
    let choices = [letters, printable, all().filter(u8::is_ascii).collect()];
    random.one_of(choices.iter().find(|choices| !choices.is_empty())?).copied()
}
