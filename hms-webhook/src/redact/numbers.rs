//! Phone numbers: finding them in texts, and numbers in their place that nobody has.

use super::Known;

/// How many digits at the end make a number, with or without a country's code in front.
const OWN: usize = 9;
/// No country has a code that begins with it, so that no stand-in is ever called by mistake.
const UNUSED: &str = "999";

/// By what a number is known: its last digits, so that `+31 6 12000111` and `0612000111` are the same.
pub(super) fn key(text: &str) -> Option<String> {
    let digits = digits(text);
    (5..=17).contains(&digits.len()).then(|| last(&digits, OWN).to_owned())
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

fn last(digits: &str, count: usize) -> &str {
    &digits[digits.len().saturating_sub(count)..]
}

/// A number in the form of `text`: digits instead of its digits, all else as it is.
pub(super) fn stand_in(text: &str, number: usize) -> String {
    let count = digits(text).len();
    let own = format!("{UNUSED}{:06}", number % 1_000_000);
    let own = last(&own, count);
    let before = count - own.len();
    let (mut at, mut made) = (0, own.chars());
    let leading_zeros = digits(text).chars().take_while(|digit| *digit == '0').count();
    text.chars()
        .map(|character| {
            if !character.is_ascii_digit() {
                return character;
            }
            at += 1;
            match at {
                // What a number at home, or abroad as `00…`, begins with.
                _ if at <= before.min(leading_zeros) => '0',
                _ if at <= before => '9',
                _ => made.next().unwrap_or('9'),
            }
        })
        .collect()
}

/// Replaces the numbers in `text`: those that look like one, and those that are known.
pub(super) fn take_out(text: &str, masks: bool, known: &mut Known) -> String {
    let mut done = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(|letter: char| letter.is_ascii_digit() || matches!(letter, '+' | '(')) {
        done.push_str(&rest[..start]);
        rest = &rest[start..];
        let run = run(rest);
        if run.is_empty() {
            let (first, after) = rest.split_at(1);
            done.push_str(first);
            rest = after;
            continue;
        }
        let alone = (!done.ends_with(char::is_alphanumeric), !rest[run.len()..].starts_with(char::is_alphanumeric));
        done.push_str(&replaced(run, alone, masks, known));
        rest = &rest[run.len()..];
    }
    done.push_str(rest);
    done
}

/// Digits and what may be between those of one number; it ends with a digit.
fn run(text: &str) -> &str {
    let is_part = |(at, letter): &(usize, char)| match letter {
        '+' => *at == 0,
        '(' | ')' | '.' | '/' | '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' => true,
        letter => letter.is_ascii_digit() || is_between(*letter),
    };
    let all = text.char_indices().take_while(is_part);
    all.filter(|(_, letter)| letter.is_ascii_digit()).last().map_or("", |(end, _)| &text[..=end])
}

/// What is between the numbers of a list, or the digits of one that are said one by one.
fn is_between(letter: char) -> bool {
    letter.is_whitespace() || letter == ','
}

const BREAKS: [char; 2] = [',', '\n'];

fn breaks(run: &str) -> bool {
    run.contains(BREAKS)
}

/// How many groups of digits a number has at most: each digit on its own.
const GROUPS: usize = 17;

/// A run may be one number, or several things beside each other. `alone` is whether a word ends before it, and one
/// begins after it.
fn replaced(run: &str, alone: (bool, bool), masks: bool, known: &mut Known) -> String {
    let groups: Vec<_> = run.split_inclusive(is_between).collect();
    let (mut done, mut at, mut start) = (String::with_capacity(run.len()), 0, 0);
    while at < groups.len() {
        let mut found: Option<(usize, usize, &str, bool)> = None;
        let (mut end, mut digits) = (start, String::new());
        // The longest is meant, as less of it could look like a number too, but one that is known goes before.
        let most = if groups[at].contains(|letter| !is_between(letter)) { 2 * GROUPS } else { 0 };
        for (count, group) in groups[at..].iter().take(most).enumerate() {
            end += group.len();
            digits.extend(group.chars().filter(char::is_ascii_digit));
            let part = run[start..end].trim_end_matches(is_between);
            let alone = (start > 0 || alone.0) && (end < run.len() || alone.1);
            if digits.len() > GROUPS {
                break;
            }
            if digits.len() < 5 {
                continue;
            }
            let is_known = is_known(part, &digits, masks, known);
            // After a comma or a line break, something else begins, unless they are within the number too.
            let is_done = found.is_some_and(|(.., before, is_known)| is_known || breaks(part) && !breaks(before));
            if is_known || !is_done && is_number(part, &digits, alone) {
                found = Some((count + 1, end, part, is_known));
            }
        }
        let (count, end) = match found.and_then(|(count, end, part, _)| Some((count, end, part, key(part)?))) {
            Some((count, end, part, key)) => {
                done.push_str(&stand_in(part, known.number(&key)));
                done.push_str(&run[start + part.len()..end]);
                (count, end)
            }
            None => {
                done.push_str(groups[at]);
                (1, start + groups[at].len())
            }
        };
        (at, start) = (at + count, end);
    }
    done
}

/// Whether these are the digits of a number that a field has had, with or without what is dialled before it.
pub(super) fn has_digits(digits: &str, masks: bool, known: &Known) -> bool {
    let own = last(digits, OWN);
    (OWN..=15).contains(&digits.len()) && (known.has(own) || masks && own.starts_with(UNUSED))
}

fn is_known(run: &str, digits: &str, masks: bool, known: &Known) -> bool {
    if !has_digits(digits, masks, known) {
        return false;
    }
    let (first, before) =
        (run.split(is_between).next().map_or(0, |group| self::digits(group).len()), digits.len() - OWN);
    let is_one_by_one = || run.split(|letter: char| !letter.is_ascii_digit()).all(|group| group.len() <= 1);
    // What stands before it, such as an hour, is no part of it.
    first > before
        || run.starts_with('+') && before <= 3
        || digits.starts_with('0') && (before == 1 || digits.starts_with("00") && before <= 5)
        || before <= 3 && is_one_by_one()
}

fn is_number(run: &str, digits: &str, alone: bool) -> bool {
    let count = digits.len();
    if run.starts_with('+') {
        return (8..=15).contains(&count);
    }
    let is_abroad = digits.starts_with("00") && (10..=17).contains(&count);
    let is_at_home = digits.starts_with('0') && (9..=11).contains(&count);
    alone
        && (is_abroad || is_at_home || (10..=11).contains(&count) && is_american(run))
        && !is_date_or_fraction(run)
        && !run.split(BREAKS).any(|piece| is_date_or_fraction(piece.trim()))
}

/// `(202) 555-0100`: three digits, three, four, perhaps with the country's code before them.
fn is_american(run: &str) -> bool {
    let groups: Vec<_> = run.split(|letter: char| !letter.is_ascii_digit()).filter(|group| !group.is_empty()).collect();
    matches!(groups[..], [area, exchange, line] | ["1", area, exchange, line]
        if (area.len(), exchange.len(), line.len()) == (3, 3, 4))
}

/// `03-02-2026`, perhaps with an hour behind it, or `0.123456789`.
fn is_date_or_fraction(run: &str) -> bool {
    let groups: Vec<_> = run.split(|letter: char| !letter.is_ascii_digit()).collect();
    match groups[..] {
        [day, month, year, ..] if (day.len(), month.len(), year.len()) == (2, 2, 4) => {
            matches!(day.parse(), Ok(1..=31)) && matches!(month.parse(), Ok(1..=12)) && year.starts_with(['1', '2'])
        }
        [whole, fraction] => run.contains(['.', ',']) && whole == "0" && !fraction.is_empty(),
        _ => false,
    }
}
