//! Lines for programs: one JSON object each.
//!
//! `tracing_subscriber` has such a form too. It reads the fields of each span anew for each line, and writes the name
//! of a span and a field `name` under one key.

use std::{
    cell::Cell,
    error::Error,
    fmt::{self, Debug, Write},
};

use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_log::NormalizeEvent;
use tracing_subscriber::{
    field::RecordFields,
    fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields, format::Writer},
    registry::LookupSpan,
};

use super::{
    fields::{is_plain, name_of},
    time::{Clock, write_time, write_time_at},
};
use crate::{
    call_id,
    error::chain,
    handled,
    tool_span::unmade::{self, Names},
};

/// A line as a JSON object: `timestamp`, `level`, `target`, the fields of the event, of which `message` is one, and
/// `spans` from the outermost on, each with its name as `span` and its fields.
pub(super) struct JsonLine;

impl<S, N> FormatEvent<S, N> for JsonLine
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    N: for<'writer> FormatFields<'writer> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut line: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let normalized = event.normalized_metadata();
        let metadata = normalized.as_ref().unwrap_or_else(|| event.metadata());
        line.write_str(r#"{"timestamp":""#)?;
        write_time(&mut line, Clock::Whole)?;
        line.write_str(r#"","level":""#)?;
        line.write_str(metadata.level().as_str())?;
        line.write_str(r#"","target":"#)?;
        with_text(|text| {
            write_text(text, metadata.target())?;
            line.write_str(text)
        })?;
        context.field_format().format_fields(line.by_ref(), event)?;
        let mut before = r#","spans":[{"span":"#;
        if unmade::current(|names| line.write_str(before).and_then(|()| write_names(&mut line, names)))
            .transpose()?
            .is_some()
        {
            before = r#"},{"span":"#;
        }
        for span in context.event_scope().into_iter().flat_map(|scope| scope.from_root()) {
            line.write_str(before)?;
            with_text(|text| {
                write_text(text, span.metadata().name())?;
                line.write_str(text)
            })?;
            if let Some(fields) = span.extensions().get::<FormattedFields<N>>() {
                line.write_str(fields)?;
            }
            before = r#"},{"span":"#;
        }
        line.write_str(if before.starts_with('}') { "}]}\n" } else { "}\n" })
    }
}

/// Writes the line of a delivery, which is the most frequent one, as [`JsonLine`] does.
pub(super) fn write_delivery(text: &mut String, line: &handled::Line<'_>) -> fmt::Result {
    text.push_str(r#"{"timestamp":""#);
    write_time_at(text, line.time, Clock::Whole)?;
    text.push_str(r#"","level":"INFO","target":""#);
    text.push_str(handled::TARGET);
    text.push_str(r#"","message":"answered""#);
    write_member(text, r#","event":"#, Some(line.event))?;
    write_member(text, r#","tool":"#, line.tool)?;
    write_member(text, r#","outcome":"#, Some(line.outcome))?;
    write_number(text, r#","attempt":"#, line.attempt.map(u64::from));
    write_member(text, r#","call":"#, Some(line.call))?;
    write_member(text, r#","key":"#, line.key)?;
    write_number(text, r#","milliseconds":"#, Some(line.milliseconds));
    write_number(text, r#","allowed_milliseconds":"#, line.allowed_milliseconds);
    text.push_str("}\n");
    Ok(())
}

fn write_member(text: &mut String, name: &str, value: Option<&str>) -> fmt::Result {
    let Some(value) = value else { return Ok(()) };
    text.push_str(name);
    write_text(text, value)
}

fn write_number(text: &mut String, name: &str, value: Option<u64>) {
    if let Some(value) = value {
        text.push_str(name);
        text.push_str(itoa::Buffer::new().format(value));
    }
}

/// A tool call, as its span would be written.
fn write_names(line: &mut Writer<'_>, names: &Names) -> fmt::Result {
    with_text(|text| {
        text.push_str(r#""tool""#);
        for (field, value) in [
            ("call", &*call_id::logged(names.context.call_id())),
            ("name", names.name),
            ("tool_call_id", &*names.tool_call_id),
        ] {
            text.push(',');
            write_text(text, field)?;
            text.push(':');
            write_text(text, value)?;
        }
        line.write_str(text)
    })
}

/// Members of a JSON object, each with a comma before it: `,"call":"c-1","attempt":2`.
pub(super) struct JsonFields;

impl<'writer> FormatFields<'writer> for JsonFields {
    fn format_fields<R: RecordFields>(&self, mut writer: Writer<'writer>, fields: R) -> fmt::Result {
        with_text(|text| {
            let mut members = Members { text, result: Ok(()) };
            fields.record(&mut members);
            members.result?;
            // Where the writer is a text of its own, it grows once and not with each field.
            writer.write_str(text)
        })
    }
}

/// Hands over an empty text, of which each thread has one, so that it need not grow anew.
fn with_text(write: impl FnOnce(&mut String) -> fmt::Result) -> fmt::Result {
    thread_local! {
        static TEXT: Cell<String> = const { Cell::new(String::new()) };
    }
    let mut text = TEXT.take();
    text.clear();
    let result = write(&mut text);
    TEXT.set(text);
    result
}

struct Members<'a> {
    text: &'a mut String,
    result: fmt::Result,
}

impl Members<'_> {
    fn write(&mut self, field: &Field, value: impl FnOnce(&mut String) -> fmt::Result) {
        let Some(name) = name_of(field) else { return };
        // Those of the line itself stay unique.
        let name = match name {
            "timestamp" => "timestamp_",
            "level" => "level_",
            "target" => "target_",
            "spans" => "spans_",
            "span" => "span_",
            name => name,
        };
        self.text.push(',');
        let written = write_text(self.text, name);
        self.text.push(':');
        self.result = self.result.and(written).and(value(self.text));
    }
}

impl Visit for Members<'_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.write(field, |text| match value.is_finite() {
            true => write!(text, "{value}"),
            false => text.write_str("null"),
        });
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.write(field, |text| text.write_str(itoa::Buffer::new().format(value)));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.write(field, |text| text.write_str(itoa::Buffer::new().format(value)));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.write(field, |text| text.write_str(if value { "true" } else { "false" }));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.write(field, |text| write_text(text, value));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.write(field, |text| write_text(text, &chain(value)));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.write(field, |text| {
            let start = text.len();
            text.push('"');
            // A value that cannot be written leaves a line that can be read.
            let _ = write!(text, "{value:?}");
            let written = &text[start + 1..];
            if is_plain(written) {
                text.push('"');
                return Ok(());
            }
            let written = written.to_owned();
            text.truncate(start);
            write_text(text, &written)
        });
    }
}

/// Writes `value` as a JSON string.
fn write_text(text: &mut String, value: &str) -> fmt::Result {
    if is_plain(value) {
        text.push('"');
        text.push_str(value);
        text.push('"');
        return Ok(());
    }
    text.push_str(&serde_json::to_string(value).map_err(|_| fmt::Error)?);
    Ok(())
}
