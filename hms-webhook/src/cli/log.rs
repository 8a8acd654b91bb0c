//! The log of [`App::run`](crate::App::run) on standard error: lines for people on a terminal, JSON for programs.
//!
//! A server that answers tens of thousands of requests a second writes as many lines, so they are made with little
//! work, and several are written at once: a line that is no warning may wait for [`DELAY`].

mod banner;
mod delivery;
mod fields;
mod format;
mod held;
mod json;
mod line;
mod on_demand;
mod style;
#[cfg(test)]
mod tests;
mod time;

use std::{env, time::Duration};

use tracing::Level;
use tracing_subscriber::{
    EnvFilter, Layer, Registry,
    filter::Targets,
    fmt,
    layer::{Filter, Layered, SubscriberExt},
    registry::LookupSpan,
    util::SubscriberInitExt,
};

use fields::Fields;
use format::Form;
pub(super) use format::LogFormat;
use held::Held;
use json::{JsonFields, JsonLine};
use line::Line;
use on_demand::OnDemand;

use crate::{
    handled, service,
    tool_span::{self, unmade},
};

/// How long a line below a warning may wait until it is written.
const DELAY: Duration = Duration::from_millis(100);

/// Where the line comes from that says where the console is: it is written whatever `RUST_LOG` leaves out, as nobody
/// can guess that address.
#[cfg(feature = "console")]
pub(super) const CONSOLE: &str = "hms_webhook::console::address";
#[cfg(feature = "console")]
const ALWAYS: &str = ",hms_webhook::console::address=info";
#[cfg(not(feature = "console"))]
const ALWAYS: &str = "";

/// Starts the log of what `RUST_LOG` asks for, or else `filter`, and tells `listener` all of it, whatever is asked for.
/// A logger that the program has set up itself stays.
///
/// Keep what comes back until the program ends: it writes what still waits.
pub(super) fn start(format: LogFormat, filter: &str, listener: Option<impl Layer<Registry> + Send + Sync>) -> Flush {
    let asked = env::var("RUST_LOG").ok().filter(|asked| !asked.trim().is_empty());
    let always = if listener.is_some() { ALWAYS } else { "" };
    let (asked, filter) = (format!("{}{always}", asked.as_deref().unwrap_or(filter)), format!("{filter}{always}"));
    let form = format.on_stderr();
    // Directives without spans and fields need not be looked up for each span.
    let started = match asked.parse::<Targets>() {
        Ok(targets) => match listener {
            None if form.is_json => started_on_demand(targets, &form),
            listener => started(targets, listener, &form),
        },
        Err(_) => started(EnvFilter::try_new(&asked).unwrap_or_else(|_| EnvFilter::new(filter)), listener, &form),
    };
    if started && !form.is_seen {
        form.end.write_every(DELAY);
    }
    Flush(form.end)
}

fn started<F, L>(filter: F, listener: Option<L>, form: &Form) -> bool
where
    F: Layer<Registry> + Filter<Layered<L, Registry>> + Send + Sync,
    L: Layer<Registry> + Send + Sync,
{
    let Some(listener) = listener else {
        let registry = tracing_subscriber::registry().with(filter);
        return match form.is_json {
            true => registry.with(json_lines(form)).try_init().is_ok(),
            false => registry.with(lines(form)).try_init().is_ok(),
        };
    };
    // A filter of everything costs less, but the listener would hear no more than it lets through.
    let registry = tracing_subscriber::registry().with(listener);
    match form.is_json {
        true => registry.with(json_lines(form).with_filter(filter)).try_init().is_ok(),
        false => registry.with(lines(form).with_filter(filter)).try_init().is_ok(),
    }
}

/// A log of JSON lines alone, for which the spans of tool calls are made only where somebody asks for them.
fn started_on_demand(targets: Targets, form: &Form) -> bool {
    let shows_tools = targets.would_enable(tool_span::TARGET, &Level::INFO);
    let shows_deliveries = targets.would_enable(handled::TARGET, &Level::INFO);
    // They stand in spans of their own then.
    let shows_requests = targets.would_enable(service::TARGET, &Level::DEBUG);
    let log = tracing_subscriber::registry().with(targets).with(json_lines(form));
    let started = OnDemand(log).try_init().is_ok();
    if started && shows_tools {
        unmade::want();
    }
    if started && shows_deliveries && !shows_requests {
        let end = form.end.clone();
        handled::write_with(move |line| {
            end.add(true, |text| json::write_delivery(text, line));
        });
    }
    started
}

/// Lines for people.
fn lines<S>(form: &Form) -> impl Layer<S> + Send + Sync + use<S>
where
    S: tracing::Subscriber + for<'span> LookupSpan<'span>,
{
    let line = Line { colours: form.colours, is_seen: form.is_seen, width: form.width };
    fmt::layer().with_ansi(false).event_format(line).fmt_fields(Fields).with_writer(form.end.clone())
}

/// Lines for programs.
fn json_lines<S>(form: &Form) -> impl Layer<S> + Send + Sync + use<S>
where
    S: tracing::Subscriber + for<'span> LookupSpan<'span>,
{
    fmt::layer().with_ansi(false).event_format(JsonLine).fmt_fields(JsonFields).with_writer(form.end.clone())
}

/// Writes what still waits when it is dropped, and lets nothing wait from then on.
pub(super) struct Flush(Held);

impl Drop for Flush {
    fn drop(&mut self) {
        self.0.write_at_once();
    }
}
