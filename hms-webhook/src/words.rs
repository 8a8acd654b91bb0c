//! Names and values in messages: the nearest known name, and what is foreign cut to a bearable length.

use serde_json::Value;

/// The known name that `name` was most probably meant to be; `None` where it is like none of them.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Comparing costs the product of both lengths, and `name` comes from outside.
    let start = name.char_indices().nth(128).map_or(name, |(end, _)| &name[..end]);
    known
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(start, candidate), candidate))
        // The alphabet decides between equals, so that the answer does not depend on a map's order.
        .max_by(|(one, one_name), (two, two_name)| one.total_cmp(two).then_with(|| two_name.cmp(one_name)))
        .filter(|(likeness, candidate)| {
            // Of short names, two letters that were swapped make two that share little by the first measure.
            let longest = start.chars().count().max(candidate.chars().count());
            *likeness >= 0.7 || strsim::damerau_levenshtein(start, candidate) * 3 <= longest
        })
        .map(|(_, candidate)| candidate)
}

/// What to write instead of a name that is not there, as the end of a sentence: the nearest known one, or some of all.
pub(crate) fn instead<'a>(name: &str, known: impl IntoIterator<Item = &'a str> + Clone, what: &str) -> String {
    const MOST: usize = 10;
    if let Some(nearest) = nearest(name, known.clone()) {
        return format!(", did you mean `{nearest}`?");
    }
    let all: Vec<_> = known.into_iter().map(|name| format!("`{name}`")).collect();
    match all.len().saturating_sub(MOST) {
        0 if all.is_empty() => format!(": there are no {what}"),
        0 => format!("; the {what} are {}", all.join(", ")),
        more => format!("; the {what} are {} and {more} more", all[..MOST].join(", ")),
    }
}

/// `text` on one line, without control characters, at most 60 characters of it.
pub(crate) fn shorten(text: &str) -> String {
    const LONGEST: usize = 60;
    let mut shown: String = text.chars().take(LONGEST).flat_map(escape).collect();
    if text.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    shown
}

/// How much of a value is shown, in characters.
const SHOWN: usize = 120;

/// A value as JSON, cut to a bearable length.
pub(crate) fn shown(value: Option<&Value>) -> String {
    cut(&json(value), 0)
}

/// Two values beside each other as JSON, each cut to a bearable length; where they are long, to the part in which they
/// differ.
pub(crate) fn shown_apart(one: Option<&Value>, other: Option<&Value>) -> (String, String) {
    /// What stays in front of the first difference, to know it by.
    const BEFORE: usize = 20;
    let (one, other) = (json(one), json(other));
    let alike = one.chars().zip(other.chars()).take_while(|(one, other)| one == other).count();
    let is_long = [&one, &other].iter().any(|text| text.chars().count() > SHOWN);
    let start = if is_long && alike > SHOWN / 2 { alike - BEFORE } else { 0 };
    (cut(&one, start), cut(&other, start))
}

fn json(value: Option<&Value>) -> String {
    value.map_or_else(|| "(none)".into(), Value::to_string)
}

fn cut(text: &str, start: usize) -> String {
    let mut characters = text.chars().skip(start);
    let part: String = characters.by_ref().take(SHOWN).collect();
    let (before, behind) = (if start > 0 { "…" } else { "" }, if characters.next().is_some() { "…" } else { "" });
    format!("{before}{part}{behind}")
}

/// Foreign words on one line, without what acts on a terminal or turns the direction of what follows.
pub(crate) fn on_one_line(text: &str) -> String {
    text.chars().flat_map(escape).collect()
}

fn escape(character: char) -> Vec<char> {
    if is_no_plain_text(character) { character.escape_default().collect() } else { vec![character] }
}

/// Whether a terminal would act on `character`, or it ends a line or turns the direction of what follows.
pub(crate) fn is_no_plain_text(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// What is said where standard output takes no more.
#[cfg(any(feature = "cli", feature = "push"))]
pub(crate) fn unwritable(error: &std::io::Error) -> String {
    format!("standard output cannot be written to: {error}; look at where it leads")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_long_values_are_shown_where_they_differ() {
        let text = |end: &str| Value::from(format!("{}{end}{}", "a".repeat(150), "z".repeat(150)));
        let (one, other) = shown_apart(Some(&text("1")), Some(&text("2")));
        assert_eq!(one, format!("…{}1{}…", "a".repeat(20), "z".repeat(99)));
        assert_eq!(other, format!("…{}2{}…", "a".repeat(20), "z".repeat(99)));
        // One that goes on where the other ends.
        let (one, other) = (Value::from("é".repeat(130)), Value::from("é".repeat(131)));
        let (one, other) = shown_apart(Some(&one), Some(&other));
        assert_eq!((one, other), (format!("…{}\"", "é".repeat(20)), format!("…{}é\"", "é".repeat(20))));
        let (one, other) = shown_apart(None, Some(&Value::from("x".repeat(200))));
        assert_eq!((one.as_str(), other), ("(none)", format!("\"{}…", "x".repeat(119))));
        assert_eq!(shown_apart(Some(&1.into()), Some(&2.into())), ("1".into(), "2".into()));
    }

    #[test]
    fn a_name_that_is_like_none_has_no_nearest_one() {
        let known = ["find_slot", "book_slot", "cancel_slot"];
        assert_eq!(nearest("find_slt", known), Some("find_slot"));
        assert_eq!(nearest("bookslot", known), Some("book_slot"));
        assert_eq!(nearest("Find_Slot", known), Some("find_slot"));
        assert_eq!(nearest("dya", ["day"]), Some("day"));
        for wild in ["", "xyz", "order_pizza_now", "☎☎☎"] {
            assert_eq!(nearest(wild, known), None, "{wild}");
        }
    }

    #[test]
    fn where_none_is_near_all_are_named() {
        let names: Vec<String> = (0..12).map(|number| format!("tool_{number}")).collect();
        let known = names.iter().map(String::as_str);
        assert_eq!(instead("tol_3", known.clone(), "tools"), ", did you mean `tool_3`?");
        let all = instead("xyz", known, "tools");
        assert!(all.starts_with("; the tools are `tool_0`, `tool_1`") && all.ends_with("`tool_9` and 2 more"), "{all}");
        assert_eq!(instead("xyz", ["a"], "tools"), "; the tools are `a`");
        assert_eq!(instead("xyz", [], "tools"), ": there are no tools");
    }
}
