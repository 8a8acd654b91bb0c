//! The fields of a line and of a span: `name=value`, with a space between them.

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

use crate::handler::chain;

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
        if !self.text.is_empty() {
            self.text.push(' ');
        }
        let name = field.name();
        // An event's text is its field `message`.
        if name != "message" {
            self.text.push_str(name.strip_prefix("r#").unwrap_or(name));
            self.text.push('=');
        }
        self.result = self.result.and(value(&mut self.text));
    }
}

impl Visit for Written {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            return self.record_debug(field, &format_args!("{value}"));
        }
        // Nearly no text has anything to escape.
        let is_plain = |byte: u8| matches!(byte, b' '..=b'~') & (byte != b'"') & (byte != b'\\');
        // Without an early end, the compiler looks at many bytes at once.
        let is_plain = value.bytes().fold(true, |before, byte| before & is_plain(byte));
        self.write(field, |text| match is_plain {
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
