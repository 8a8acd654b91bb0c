//! What the log says of each delivery: its lines, and when each tool began and ended.
//!
//! Lines are told apart by the span that they are in, so those of handlers that run on after the answer, and those of
//! the user's own code, are here too.

use std::{
    fmt::{self, Write},
    sync::Arc,
};

use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    level_filters::LevelFilter,
    span::{Attributes, Id},
};
use tracing_subscriber::{
    Layer,
    filter::Filtered,
    layer::Context,
    registry::{LookupSpan, SpanRef},
};

use super::feed::{Feed, HandlerRun, LogLine, Record};
use crate::handled;

/// The span around everything that belongs to one delivery, with its number in the field `id`.
pub(super) const DELIVERY: &str = "watched";
pub(super) const TARGET: &str = "hms_webhook::console";

/// The router's span around one tool call.
const TOOL: &str = "tool";
/// The inbox's span around one attempt of a handler.
const HANDLER: &str = "handler";
/// The target of the framework's own lines begins with it.
const FRAMEWORK: &str = "hms_webhook";
/// Its lines name the keys of events.
const INBOX: &str = "hms_webhook::inbox";

/// A layer that tells `feed` what is logged. It listens from `DEBUG` on, whatever the log itself shows.
pub(crate) fn watch<S>(feed: Arc<Feed>) -> Filtered<Watch, LevelFilter, S>
where
    S: Subscriber + for<'s> LookupSpan<'s>,
{
    Watch { feed }.with_filter(LevelFilter::DEBUG)
}

#[derive(Debug)]
pub(crate) struct Watch {
    feed: Arc<Feed>,
}

/// Which delivery a span belongs to.
struct Belongs(u64);

/// A span is around a handler.
struct Handles;

/// Which tool call a span belongs to.
struct ToolCall(String);

impl<S: Subscriber + for<'s> LookupSpan<'s>> Layer<S> for Watch {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        if is(span.metadata(), DELIVERY) {
            if let Some(number) = fields.get("id").and_then(|text| text.parse().ok()) {
                span.extensions_mut().insert(Belongs(number));
            }
        } else if is(span.metadata(), TOOL)
            && let Some(tool_call_id) = fields.get("tool_call_id")
            && let Some(delivery) = delivery_of(&span)
        {
            span.extensions_mut().insert(ToolCall(tool_call_id.to_owned()));
            self.feed.note_tool(delivery, tool_call_id, |run, now| run.started_ms = now);
        } else if is(span.metadata(), HANDLER)
            && let Some(delivery) = fields.get("key").and_then(|key| self.feed.of_key(key))
        {
            span.extensions_mut().insert(Belongs(delivery));
            span.extensions_mut().insert(Handles);
            let name = fields.get("name").unwrap_or_default().to_owned();
            let attempt = fields.get("attempt").and_then(|text| text.parse().ok()).unwrap_or(1);
            self.feed.note(delivery, |record| {
                let started_ms = record.elapsed_ms();
                let run = HandlerRun { span: id.into_u64(), name, attempt, started_ms, ended_ms: None, failed: false };
                record.handlers.push(run);
            });
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let Some(span) = context.event_span(event) else { return };
        let Some(delivery) = delivery_of(&span) else { return };
        let mut fields = Fields::default();
        event.record(&mut fields);
        let metadata = event.metadata();
        let ours = metadata.target().starts_with(FRAMEWORK);
        if let (true, Some(outcome), Some(id)) = (ours, fields.get("outcome"), tool_call_of(&span)) {
            self.feed.note_tool(delivery, &id, |run, _| run.outcome = Some(outcome.to_owned()));
        }
        let line = self.feed.shown_line(&fields.line());
        let handler = span.scope().find(|span| span.extensions().get::<Handles>().is_some()).map(|span| span.id());
        self.feed.note(delivery, |record| {
            if let Some(handler) = &handler
                && ours
                && matches!(*metadata.level(), Level::ERROR | Level::WARN)
                && let Some(run) = record.handlers.iter_mut().rev().find(|run| run.span == handler.into_u64())
            {
                run.failed = true;
            }
            if metadata.target().starts_with(INBOX)
                && let Some(key) = fields.get("key")
            {
                record.keys.push(key.to_owned());
            }
            if metadata.target() == handled::TARGET {
                // The outcome of what was refused is none of its tools, which were not run.
                match (fields.get("message").and_then(|text| text.strip_prefix("refused: ")), fields.get("outcome")) {
                    (Some(cause), _) => record.verdict = cause.to_owned(),
                    (None, Some(outcome)) => ended(record, outcome),
                    (None, None) => {}
                }
            }
            record.log.push(LogLine {
                at_ms: record.elapsed_ms(),
                level: level(metadata),
                target: metadata.target().to_owned(),
                text: line,
            });
        });
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else { return };
        if span.extensions().get::<Handles>().is_some() {
            if let Some(delivery) = delivery_of(&span) {
                self.feed.note(delivery, |record| {
                    let now = record.elapsed_ms();
                    let run = record.handlers.iter_mut().rev().find(|run| run.span == id.into_u64());
                    run.into_iter().for_each(|run| run.ended_ms = Some(now));
                });
            }
            return;
        }
        let Some(tool_call_id) = span.extensions().get::<ToolCall>().map(|call| call.0.clone()) else { return };
        let Some(delivery) = delivery_of(&span) else { return };
        self.feed.note_tool(delivery, &tool_call_id, |run, now| {
            run.ended_ms = Some(now);
            // What went wrong was logged before.
            let ended = if run.background { handled::ACCEPTED } else { "answered" };
            run.outcome.get_or_insert_with(|| ended.into());
        });
    }
}

fn is(metadata: &Metadata<'_>, name: &str) -> bool {
    metadata.name() == name && metadata.target().starts_with(FRAMEWORK)
}

fn delivery_of<'s, S: LookupSpan<'s>>(span: &SpanRef<'s, S>) -> Option<u64> {
    span.scope().find_map(|span| span.extensions().get::<Belongs>().map(|belongs| belongs.0))
}

fn tool_call_of<'s, S: LookupSpan<'s>>(span: &SpanRef<'s, S>) -> Option<String> {
    span.scope().find_map(|span| span.extensions().get::<ToolCall>().map(|call| call.0.clone()))
}

fn level(metadata: &Metadata<'_>) -> &'static str {
    match *metadata.level() {
        Level::ERROR => "ERROR",
        Level::WARN => "WARN",
        Level::INFO => "INFO",
        Level::DEBUG => "DEBUG",
        Level::TRACE => "TRACE",
    }
}

/// Takes over what the line of a delivery says of it: one word, or one for each tool.
fn ended(record: &mut Record, outcome: &str) {
    record.outcome = Some(outcome.to_owned());
    let words: Vec<_> = outcome.split(", ").collect();
    if words.len() == record.tools.len() {
        for (run, word) in record.tools.iter_mut().zip(words) {
            run.outcome = Some(word.to_owned());
        }
    }
}

/// The fields of a span or a line, as text.
#[derive(Default)]
struct Fields(Vec<(&'static str, String)>);

impl Fields {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    /// The message, and then the other fields.
    fn line(&self) -> String {
        let mut line = self.get("message").unwrap_or_default().to_owned();
        for (name, value) in self.0.iter().filter(|(name, _)| *name != "message") {
            let _ = write!(line, "{}{name}={value}", if line.is_empty() { "" } else { " " });
        }
        line
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.push((field.name(), value.to_owned()));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.push((field.name(), format!("{value:?}")));
    }
}
