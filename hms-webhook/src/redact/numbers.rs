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
        let alone = !done.chars().next_back().is_some_and(|before| before.is_alphanumeric())
            && !rest[run.len()..].starts_with(char::is_alphanumeric);
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
        ' ' | '\u{a0}' | '(' | ')' | '.' | '-' | '/' => true,
        letter => letter.is_ascii_digit(),
    };
    let all = text.char_indices().take_while(is_part);
    all.filter(|(_, letter)| letter.is_ascii_digit()).last().map_or("", |(end, _)| &text[..=end])
}

/// How many groups of digits a number has at most.
const GROUPS: usize = 8;

/// A run may be one number, or several things beside each other.
fn replaced(run: &str, alone: bool, masks: bool, known: &mut Known) -> String {
    let groups: Vec<_> = run.split_inclusive(' ').collect();
    let (mut done, mut at, mut start) = (String::with_capacity(run.len()), 0, 0);
    while at < groups.len() {
        let mut found = None;
        let mut end = start;
        // The longest is meant: less of it could look like a number too.
        for (count, group) in groups[at..].iter().take(GROUPS).enumerate() {
            end += group.len();
            let part = run[start..end].trim_end_matches(' ');
            if let Some(key) = key(part)
                && is_number(part, alone, masks, known)
            {
                found = Some((count + 1, end, part, key));
            }
        }
        let (count, end) = match found {
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

fn is_number(run: &str, alone: bool, masks: bool, known: &Known) -> bool {
    let digits = digits(run);
    let count = digits.len();
    let own = last(&digits, OWN);
    if own.len() == OWN && count <= 15 && (known.has(own) || masks && own.starts_with(UNUSED)) {
        // What stands before it, such as an hour, is no part of it.
        let first = run.split(' ').next().map_or(0, |group| self::digits(group).len());
        if first > count - OWN {
            return true;
        }
    }
    if run.starts_with('+') {
        return (8..=15).contains(&count);
    }
    if !alone || is_date_or_fraction(run) {
        return false;
    }
    let is_abroad = digits.starts_with("00") && (10..=17).contains(&count);
    let is_at_home = digits.starts_with('0') && (9..=11).contains(&count);
    is_abroad || is_at_home || is_american(run)
}

/// `(202) 555-0100`: three digits, three, four.
fn is_american(run: &str) -> bool {
    let groups: Vec<_> = run.split(|letter: char| !letter.is_ascii_digit()).filter(|group| !group.is_empty()).collect();
    matches!(groups[..], [area, exchange, line] if (area.len(), exchange.len(), line.len()) == (3, 3, 4))
}

/// `03-02-2026`, perhaps with an hour behind it, or `0.123456789`.
fn is_date_or_fraction(run: &str) -> bool {
    let groups: Vec<_> = run.split(|letter: char| !letter.is_ascii_digit()).collect();
    match groups[..] {
        [day, month, year, ..] if (day.len(), month.len(), year.len()) == (2, 2, 4) => {
            matches!(day.parse(), Ok(1..=31)) && matches!(month.parse(), Ok(1..=12)) && year.starts_with(['1', '2'])
        }
        [whole, fraction] => run.contains('.') && whole == "0" && !fraction.is_empty(),
        _ => false,
    }
}
