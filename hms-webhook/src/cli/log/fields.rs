//! The fields of a line for people and of a span: `name=value`, with a space between them.

use std::{
    cell::Cell,
    error::Error,
    fmt::{self, Debug, Write},
};

use tracing::field::{Field, Visit};
use tracing_subscriber::{
    field::RecordFields,
    fmt::{FormatFields, format::Writer},
};

use crate::error::chain;

/// The form that `tracing_subscriber` has as its default, without colours and what it takes to have none.
pub(super) struct Fields;

impl<'writer> FormatFields<'writer> for Fields {
    fn format_fields<R: RecordFields>(&self, mut writer: Writer<'writer>, fields: R) -> fmt::Result {
        thread_local! {
            // Where the writer is a text of its own, it grows once and not with each field.
            static TEXT: Cell<String> = const { Cell::new(String::new()) };
        }
        let mut written = Written { text: TEXT.take(), result: Ok(()) };
        written.text.clear();
        fields.record(&mut written);
        let Written { text, result } = written;
        let result = result.and_then(|()| writer.write_str(&text));
        TEXT.set(text);
        result
    }
}

struct Written {
    text: String,
    result: fmt::Result,
}

impl Written {
    fn write(&mut self, field: &Field, value: impl FnOnce(&mut String) -> fmt::Result) {
        let Some(name) = name_of(field) else { return };
        if !self.text.is_empty() {
            self.text.push(' ');
        }
        // An event's text is its field `message`.
        if name != "message" {
            self.text.push_str(name);
            self.text.push('=');
        }
        let start = self.text.len();
        self.result = self.result.and(value(&mut self.text));
        // What comes from outside must not command the terminal. A text of several lines may stay one.
        let is_command = |character: char| character.is_control() && !matches!(character, '\n' | '\t');
        if self.text[start..].contains(is_command) {
            let raw = self.text.split_off(start);
            for character in raw.chars() {
                match is_command(character) {
                    true => self.text.extend(character.escape_default()),
                    false => self.text.push(character),
                }
            }
        }
    }
}

impl Visit for Written {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            return self.record_debug(field, &format_args!("{value}"));
        }
        self.write(field, |text| match is_plain(value) {
            true => {
                text.push('"');
                text.push_str(value);
                text.push('"');
                Ok(())
            }
            false => write!(text, "{value:?}"),
        });
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.write(field, |text| text.write_str(&chain(value)));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.write(field, |text| write!(text, "{value:?}"));
    }
}

/// The name of a field as it is shown. What `tracing_log` writes beside a line of the crate `log` is none of its own.
pub(super) fn name_of(field: &Field) -> Option<&'static str> {
    let name = field.name();
    match name.starts_with("log.") {
        true => None,
        false => Some(name.strip_prefix("r#").unwrap_or(name)),
    }
}

/// Whether `text` stands between quotation marks as it is, in Rust and in JSON. Nearly every one does.
pub(super) fn is_plain(text: &str) -> bool {
    let is_plain = |byte: &u8| matches!(byte, b' '..=b'~') & (*byte != b'"') & (*byte != b'\\');
    let bytes = text.as_bytes();
    let pieces = in_pieces::<16>(bytes, is_plain).or_else(|| in_pieces::<8>(bytes, is_plain));
    pieces.unwrap_or_else(|| bytes.iter().all(is_plain))
}

/// Whether all of `bytes` are so, `COUNT` of them looked at at once; `None` where they are fewer. The last piece may share
/// some with the one before it.
fn in_pieces<const COUNT: usize>(bytes: &[u8], is_so: impl Fn(&u8) -> bool) -> Option<bool> {
    let last = bytes.last_chunk::<COUNT>()?;
    let (pieces, _) = bytes.as_chunks::<COUNT>();
    // Without an early end within a piece, the compiler looks at all of it at once.
    Some(pieces.iter().chain([last]).all(|piece| piece.iter().fold(true, |before, byte| before & is_so(byte))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_plain_where_no_byte_of_it_is_otherwise() {
        for length in 0..70 {
            let plain = " !#[]~az".repeat(9)[..length].to_owned();
            assert!(is_plain(&plain), "{length}");
            for place in 0..length {
                for odd in ['"', '\\', '\n', '\u{1f}', '\u{7f}', '\u{80}', '🦀'] {
                    let mut text = plain.clone();
                    text.replace_range(place..=place, odd.encode_utf8(&mut [0; 4]));
                    assert!(!is_plain(&text), "{text:?}");
                }
            }
        }
    }
}
