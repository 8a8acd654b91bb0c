//! How the id of a phone call stands in the log.

use std::borrow::Cow;

/// `text` with its phone numbers cut to their last digits: ids of the platform may hold the number that was called, as
/// `call-_+31612000111_x7` does (PROTOCOL.md §3.0). What it stands in is known by the rest.
///
/// A number is a run of 10 to 15 digits that stands alone and is no Unix time, or 8 to 15 behind a `+`.
pub(crate) fn logged(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let mut shown = String::new();
    let (mut done, mut at) = (0, 0);
    // From here on to where the last digit of a number would be at the earliest: if that is none, none begins before it.
    while let Some(last) = bytes.get(at + SHORTEST - 1) {
        if !last.is_ascii_digit() {
            at += SHORTEST;
            continue;
        }
        let is_digit = |byte: &&u8| byte.is_ascii_digit();
        let start = at + SHORTEST - bytes[at..at + SHORTEST].iter().rev().take_while(is_digit).count();
        let end = start + bytes[start..].iter().take_while(is_digit).count();
        let (before, behind) = (start.checked_sub(1).map(|before| bytes[before]), bytes.get(end).copied());
        if is_number(&text[start..end], before, behind) && !is_uuid(bytes) {
            shown.extend([&text[done..start], "…", &text[end - SHOWN..end]]);
            done = end;
        }
        at = end;
    }
    match done {
        0 => Cow::Borrowed(text),
        _ => Cow::Owned(shown + &text[done..]),
    }
}

/// So many digits the shortest number has.
const SHORTEST: usize = 8;
/// So many digits of a number stay, which tell calls apart and lead to nobody.
const SHOWN: usize = 3;

fn is_number(digits: &str, before: Option<u8>, behind: Option<u8>) -> bool {
    let is_part_of_a_word = |beside: Option<u8>| beside.is_some_and(|byte| byte.is_ascii_alphanumeric());
    match before {
        Some(b'+') => (SHORTEST..=15).contains(&digits.len()),
        before => {
            (10..=15).contains(&digits.len())
                && !is_part_of_a_word(before)
                && !is_part_of_a_word(behind)
                && !is_unix_time(digits)
        }
    }
}

/// Whether it may be a time of these decades, in seconds or milliseconds.
fn is_unix_time(digits: &str) -> bool {
    matches!(digits.len(), 10 | 13) && matches!(digits.as_bytes(), [b'1', b'6'..=b'9', ..])
}

/// Whether it has the form of a UUID, as most ids have. Groups of it may be digits alone.
fn is_uuid(text: &[u8]) -> bool {
    const HYPHENS: [usize; 4] = [8, 13, 18, 23];
    text.len() == 36
        && text.iter().enumerate().all(|(at, byte)| match HYPHENS.contains(&at) {
            true => *byte == b'-',
            false => byte.is_ascii_hexdigit(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phone_numbers_are_cut() {
        for (id, shown) in [
            ("call-_+31612000111_x7", "call-_+…111_x7"),
            ("+31612000111", "+…111"),
            ("call-_+31612000111_+4930123456", "call-_+…111_+…456"),
            ("31612000111-ab12", "…111-ab12"),
            (
                "status-update \"call-_+31612000111_x7\" Some(\"ended\")",
                "status-update \"call-_+…111_x7\" Some(\"ended\")",
            ),
            ("é+31612000111é", "é+…111é"),
        ] {
            assert_eq!(logged(id), shown);
        }
    }

    #[test]
    fn a_phone_number_is_found_wherever_it_stands() {
        for before in 0..20 {
            for behind in 0..10 {
                for digits in ["12345678", "123456789012345"] {
                    let id = |number: &str| format!("{}7+{number}{}", "-".repeat(before), "_".repeat(behind));
                    assert_eq!(logged(&id(digits)), id(&format!("…{}", &digits[digits.len() - 3..])));
                }
            }
        }
    }

    #[test]
    fn all_else_stays() {
        for id in [
            "",
            "c-1",
            "7d1c2f0e-1111-4222-8333-444455556666",
            "01234567-0123-0123-0123-012345678901",
            "call-1730000000-5",
            "call-1730000000123",
            "CA0123456789012f",
            "call-20261124-1",
            "call-000000123",
            "1234567890123456",
            "+1234567",
            "☎",
        ] {
            assert_eq!(logged(id), id);
        }
    }
}
