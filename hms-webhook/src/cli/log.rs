//! The log of [`App::run`](crate::App::run): lines on standard error, as `tracing_subscriber` writes them.
//!
//! A server that answers tens of thousands of requests a second writes as many lines, so they are made with little
//! work, and several are written at once: a line that is no warning may wait for [`DELAY`].

mod fields;
mod held;
mod line;

use std::{
    env,
    io::{self, IsTerminal},
    time::Duration,
};

use tracing_subscriber::{
    EnvFilter, Layer, Registry,
    filter::Targets,
    fmt,
    layer::{Filter, Layered, SubscriberExt},
    registry::LookupSpan,
    util::SubscriberInitExt,
};

use fields::Fields;
use held::Held;
use line::Line;

/// How long a line below a warning may wait until it is written.
const DELAY: Duration = Duration::from_millis(100);

/// Starts the log of what `RUST_LOG` asks for, or else `filter`, and tells `listener` all of it, whatever is asked for.
/// A logger that the program has set up itself stays.
///
/// Keep what comes back until the program ends: it writes what still waits.
pub(super) fn start(filter: &str, listener: Option<impl Layer<Registry> + Send + Sync>) -> Flush {
    let asked = env::var("RUST_LOG").ok().filter(|asked| !asked.trim().is_empty());
    let asked = asked.as_deref().unwrap_or(filter);
    let held = Held::new(io::stderr());
    // Directives without spans and fields need not be looked up for each span.
    let started = match asked.parse::<Targets>() {
        Ok(targets) => started(targets, listener, &held),
        Err(_) => started(EnvFilter::try_new(asked).unwrap_or_else(|_| EnvFilter::new(filter)), listener, &held),
    };
    if started {
        held.write_every(DELAY);
    }
    Flush(held)
}

fn started<F, L>(filter: F, listener: Option<L>, held: &Held) -> bool
where
    F: Layer<Registry> + Filter<Layered<L, Registry>> + Send + Sync,
    L: Layer<Registry> + Send + Sync,
{
    // Whoever looks at a terminal sees each line at once.
    let is_seen = io::stderr().is_terminal();
    let Some(listener) = listener else {
        let registry = tracing_subscriber::registry().with(filter);
        return match is_seen {
            true => registry.with(fmt::layer().with_writer(io::stderr)).try_init().is_ok(),
            false => registry.with(lines(held)).try_init().is_ok(),
        };
    };
    // A filter of everything costs less, but the listener would hear no more than it lets through.
    let registry = tracing_subscriber::registry().with(listener);
    match is_seen {
        true => registry.with(fmt::layer().with_writer(io::stderr).with_filter(filter)).try_init().is_ok(),
        false => registry.with(lines(held).with_filter(filter)).try_init().is_ok(),
    }
}

fn lines<S>(held: &Held) -> impl Layer<S> + Send + Sync + use<S>
where
    S: tracing::Subscriber + for<'span> LookupSpan<'span>,
{
    fmt::layer().with_ansi(false).event_format(Line).fmt_fields(Fields).with_writer(held.clone())
}

/// Writes what still waits when it is dropped, and lets nothing wait from then on.
pub(super) struct Flush(Held);

impl Drop for Flush {
    fn drop(&mut self) {
        self.0.write_at_once();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::{
        io::Write,
        sync::{Arc, Mutex},
    };

    use tracing::{info, info_span, subscriber::with_default, warn};

    use super::*;

    #[derive(Clone, Default)]
    struct End(Arc<Mutex<Vec<u8>>>);

    impl Write for End {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl End {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    fn say_all_sorts() {
        let outer = info_span!("delivery", event = "tool-calls", call = %"c-1");
        let _outer = outer.enter();
        let _inner = info_span!("empty").entered();
        info!(milliseconds = 3_u64, late = false, "answered {}", "twice");
        warn!(cause = "a \"quote\"\n", "line");
    }

    #[test]
    fn lines_look_like_those_of_tracing_subscriber() {
        let (ours, theirs) = (End::default(), End::default());
        let held = Held::new(ours.clone());
        with_default(Registry::default().with(lines(&held)), say_all_sorts);
        let end = theirs.clone();
        let layer = fmt::layer().with_ansi(false).with_writer(move || end.clone());
        with_default(Registry::default().with(layer), say_all_sorts);

        let (ours, theirs) = (ours.text(), theirs.text());
        assert_eq!(ours.lines().count(), 2);
        for (ours, theirs) in ours.lines().zip(theirs.lines()) {
            const TIME: usize = "2026-01-13T12:00:00.000000Z".len();
            assert_eq!(ours[TIME..], theirs[TIME..]);
            let shape = |text: &str| text[..TIME].replace(|it: char| it.is_ascii_digit(), "0");
            assert_eq!(shape(ours), shape(theirs));
            // The same hour, so that it is a time and that of now.
            assert!(ours[..13] == theirs[..13] || ours[..10] <= theirs[..10], "{ours} {theirs}");
        }
    }

    #[test]
    fn a_line_waits_until_a_warning_or_the_end() {
        let end = End::default();
        let held = Held::new(end.clone());
        held.write_every(Duration::from_secs(3600));
        let flush = Flush(held.clone());
        with_default(Registry::default().with(lines(&held)), || {
            info!("first");
            assert_eq!(end.text(), "");
            warn!("second");
            assert_eq!(end.text().lines().count(), 2);
            info!("third");
            assert_eq!(end.text().lines().count(), 2);
            drop(flush);
            assert!(end.text().ends_with("third\n"));
            info!("fourth");
            assert!(end.text().ends_with("fourth\n"));
        });
    }

    #[test]
    fn a_line_is_written_though_nothing_follows() {
        let end = End::default();
        let held = Held::new(end.clone());
        held.write_every(Duration::from_millis(1));
        with_default(Registry::default().with(lines(&held)), || info!("alone"));
        while end.text().is_empty() {
            std::thread::yield_now();
        }
        assert!(end.text().ends_with("alone\n"));
    }
}
