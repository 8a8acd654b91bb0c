//! One line of the log.

use std::{
    cell::RefCell,
    fmt,
    time::{SystemTime, UNIX_EPOCH},
};

use tracing::{Event, Level, Subscriber};
use tracing_subscriber::{
    fmt::{
        FmtContext, FormatEvent, FormatFields, FormattedFields,
        format::Writer,
        time::{self, FormatTime},
    },
    registry::LookupSpan,
};

/// The form that `tracing_subscriber` has as its default, without colours:
///
/// ```text
/// 2026-01-13T12:00:00.000000Z  INFO tool{call=c-1 name=lookup_order}: hms_webhook::service: answered milliseconds=2
/// ```
pub(super) struct Line;

impl<S, N> FormatEvent<S, N> for Line
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    N: for<'writer> FormatFields<'writer> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut line: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let metadata = event.metadata();
        write_time(&mut line)?;
        line.write_str(match *metadata.level() {
            Level::ERROR => " ERROR ",
            Level::WARN => "  WARN ",
            Level::INFO => "  INFO ",
            Level::DEBUG => " DEBUG ",
            Level::TRACE => " TRACE ",
        })?;
        let mut end_of_spans = "";
        for span in context.event_scope().into_iter().flat_map(|scope| scope.from_root()) {
            line.write_str(span.metadata().name())?;
            if let Some(fields) = span.extensions().get::<FormattedFields<N>>().filter(|fields| !fields.is_empty()) {
                line.write_char('{')?;
                line.write_str(fields)?;
                line.write_char('}')?;
            }
            line.write_char(':')?;
            end_of_spans = " ";
        }
        line.write_str(end_of_spans)?;
        line.write_str(metadata.target())?;
        line.write_str(": ")?;
        context.field_format().format_fields(line.by_ref(), event)?;
        line.write_char('\n')
    }
}

/// The time in UTC. All but its microseconds is made once a second.
fn write_time(line: &mut Writer<'_>) -> fmt::Result {
    /// As far as the seconds: `2026-01-13T12:00:00`.
    const LENGTH: usize = 19;
    thread_local! {
        static SECOND: RefCell<(u64, String)> = const { RefCell::new((0, String::new())) };
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    SECOND.with_borrow_mut(|(second, text)| {
        if *second != now.as_secs() || text.is_empty() {
            text.clear();
            time::SystemTime.format_time(&mut Writer::new(text))?;
            text.truncate(LENGTH);
            // The clock may have gone on to the next second in between.
            *second = now.as_secs();
        }
        line.write_str(text)
    })?;
    let mut digits = *b".000000Z";
    let mut rest = now.subsec_micros();
    for digit in digits[1..7].iter_mut().rev() {
        *digit += (rest % 10) as u8;
        rest /= 10;
    }
    line.write_str(std::str::from_utf8(&digits).unwrap_or_default())
}
