//! Foreign texts on a terminal: on one line, of a bearable length, without characters that act on the terminal.

use crate::words::is_no_plain_text;

/// `text` on one line, at most `longest` characters of it.
pub(crate) fn one_line(text: &str, longest: usize) -> String {
    let mut shown = printable(text.trim().chars().take(longest));
    if text.trim().chars().nth(longest).is_some() {
        shown.push('…');
    }
    shown
}

/// `characters` with those escaped that a terminal would act on or that turn the direction of what follows.
pub(crate) fn printable(characters: impl IntoIterator<Item = char>) -> String {
    let mut shown = String::new();
    for character in characters {
        match character {
            '\n' | '\r' | '\t' => shown.push(' '),
            _ if is_no_plain_text(character) => shown.extend(character.escape_unicode()),
            _ => shown.push(character),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_foreign_text_cannot_act_on_the_terminal() {
        assert_eq!(one_line(" red\u{1b}[31m\nnext\u{9b}\u{202e}line ", 80), "red\\u{1b}[31m next\\u{9b}\\u{202e}line");
        assert_eq!(one_line("abcdef", 3), "abc…");
    }
}
