//! Lines for people.

use std::fmt;

use tracing::{Event, Level, Subscriber};
use tracing_log::NormalizeEvent;
use tracing_subscriber::{
    fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields, format::Writer},
    registry::LookupSpan,
};

use super::{
    banner, delivery,
    style::{BAD, Colours, FAINT, GOOD, ODD, PLAIN},
    time::{Clock, write_time},
};
use crate::{handled, overview};

/// A line as `tracing_subscriber` writes it by default, but for those that are told best in a form of their own:
///
/// ```text
/// 12:00:00.000Z tool-calls lookup_order          answered     0.002 of 9 s   …1f9c10
/// 12:00:00.001Z  WARN tool{call="c-1" name="lookup_order"}: desk: the shipper is slow milliseconds=1900
/// ```
pub(super) struct Line {
    pub(super) colours: Colours,
    pub(super) is_seen: bool,
    pub(super) width: fn() -> Option<usize>,
}

impl Line {
    /// As much of the time as leaves room for the columns of a delivery.
    fn clock(&self, width: Option<usize>) -> Clock {
        const WIDE: usize = 100;
        match width {
            _ if !self.is_seen => Clock::Whole,
            Some(width) if width < WIDE => Clock::Seconds,
            _ => Clock::Day,
        }
    }
}

impl<S, N> FormatEvent<S, N> for Line
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    N: for<'writer> FormatFields<'writer> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut line: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let normalized = event.normalized_metadata();
        let metadata = normalized.as_ref().unwrap_or_else(|| event.metadata());
        let mut time = String::new();
        let width = (self.width)();
        write_time(&mut time, self.clock(width))?;
        write!(line, "{} ", self.colours.paint(FAINT, &time))?;
        if metadata.target() == handled::TARGET {
            return delivery::write(&mut line, event, self.colours, width, time.len() + 1);
        }
        let (level, style) = match *metadata.level() {
            Level::ERROR => ("ERROR", BAD),
            Level::WARN => (" WARN", ODD),
            Level::INFO => (" INFO", GOOD),
            Level::DEBUG => ("DEBUG", PLAIN),
            Level::TRACE => ("TRACE", FAINT),
        };
        write!(line, "{} ", self.colours.paint(style, level))?;
        if metadata.target() == overview::TARGET {
            return banner::write(&mut line, event, self.colours);
        }
        let mut origin = String::new();
        for span in context.event_scope().into_iter().flat_map(|scope| scope.from_root()) {
            origin.push_str(span.metadata().name());
            if let Some(fields) = span.extensions().get::<FormattedFields<N>>().filter(|fields| !fields.is_empty()) {
                origin.extend(["{", fields, "}"]);
            }
            origin.push(':');
        }
        if !origin.is_empty() {
            origin.push(' ');
        }
        origin.push_str(metadata.target());
        write!(line, "{} ", self.colours.paint(FAINT, format_args!("{origin}:")))?;
        context.field_format().format_fields(line.by_ref(), event)?;
        line.write_char('\n')
    }
}
