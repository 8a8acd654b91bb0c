//! What became of a delivery: its answer or refusal, and the one line that the log gets of it.

use std::{borrow::Cow, net::IpAddr, time::Duration};
#[cfg(feature = "cli")]
use std::{sync::OnceLock, time::SystemTime};

use bytestring::ByteString;
use smallvec::SmallVec;
use tokio::time::Instant;
use tracing::{debug, info, warn};

use crate::{call_id, event::EventType, log_limit::LogLimit, rejection::Rejection, response::Reply, service::Received};

/// Where the lines of deliveries come from, for filters of the log.
pub(crate) const TARGET: &str = "hms_webhook::delivery";

/// The outcome of what was kept, to be handled after it was answered.
pub(crate) const ACCEPTED: &str = "accepted";

/// The outcome of what was not handled at all.
pub(crate) const REFUSED: &str = "refused";

/// A delivery that was answered.
#[derive(Debug)]
pub(crate) struct Handled {
    pub(crate) reply: Reply,
    pub(crate) ended: Ended,
    /// How long the answer might have taken; `None` where nothing bounds it.
    pub(crate) allowed: Option<Duration>,
}

/// How it went, in the words that metrics use too.
#[derive(Debug)]
pub(crate) enum Ended {
    /// A delivery that calls no tools.
    Event(&'static str),
    /// Each call of a tool, in the order of the request.
    Tools(SmallVec<[EndedCall; 1]>),
}

/// How a call of a tool ended.
#[derive(Debug)]
pub(crate) struct EndedCall {
    /// What is no tool's name is cut to a bearable length.
    pub(crate) tool: Cow<'static, str>,
    pub(crate) outcome: &'static str,
    /// The how many-th try it was; 0 where it was not run.
    pub(crate) attempt: u32,
}

impl Handled {
    /// Writes the line of what was answered `at` this moment.
    pub(crate) fn log(&self, event: &str, call: &str, key: Option<&str>, received: &Received, at: Instant) {
        let used = at - received.at;
        let (tool, outcome, attempt) = match &self.ended {
            Ended::Event(outcome) => (None, Cow::Borrowed(*outcome), None),
            Ended::Tools(calls) => (
                Some(joined(calls, |call| &call.tool)),
                joined(calls, |call| call.outcome),
                calls.iter().map(|call| call.attempt).max().filter(|attempt| *attempt > 1),
            ),
        };
        let line = Line {
            #[cfg(feature = "cli")]
            time: received.time + used,
            event,
            tool: tool.as_deref(),
            outcome: &outcome,
            attempt,
            call: &call_id::logged(call),
            key,
            milliseconds: used.as_millis() as u64,
            allowed_milliseconds: self.allowed.map(|allowed| allowed.as_millis() as u64),
        };
        #[cfg(feature = "cli")]
        if let Some(writer) = WRITER.get() {
            return writer(&line);
        }
        line.tell();
    }
}

/// What the log says of a delivery that was answered.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line<'a> {
    /// When it was answered; who listens otherwise asks the clock once more.
    #[cfg(feature = "cli")]
    pub(crate) time: SystemTime,
    pub(crate) event: &'a str,
    pub(crate) tool: Option<&'a str>,
    pub(crate) outcome: &'a str,
    /// Of what was run more than once.
    pub(crate) attempt: Option<u32>,
    pub(crate) call: &'a str,
    pub(crate) key: Option<&'a str>,
    pub(crate) milliseconds: u64,
    pub(crate) allowed_milliseconds: Option<u64>,
}

impl Line<'_> {
    /// Tells it to whoever listens.
    pub(crate) fn tell(&self) {
        let Self { event, tool, outcome, attempt, call, key, milliseconds, allowed_milliseconds, .. } = *self;
        info!(
            target: TARGET,
            event,
            tool,
            outcome,
            attempt,
            call,
            key,
            milliseconds,
            allowed_milliseconds,
            "answered"
        );
    }
}

/// What is known of a delivery that is refused.
#[derive(Debug)]
pub(crate) struct About {
    pub(crate) event: EventType,
    /// The tools that it calls, if any.
    pub(crate) tools: Option<String>,
    pub(crate) call: ByteString,
}

/// A delivery, or another request, that was refused.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) rejection: Rejection,
    /// `None` where it is not known, or where nobody has signed what it says.
    pub(crate) about: Option<Box<About>>,
    /// It says that it is signed, so that it may be a delivery that went to a wrong place.
    pub(crate) is_signed: bool,
}

impl Refused {
    /// A signed delivery that says all this.
    #[cold]
    pub(crate) fn of(rejection: Rejection, event: &EventType, tools: Option<String>, call: &ByteString) -> Self {
        Self {
            rejection,
            about: Some(Box::new(About { event: event.clone(), tools, call: call.clone() })),
            is_signed: true,
        }
    }
}

impl From<Rejection> for Refused {
    #[cold]
    fn from(rejection: Rejection) -> Self {
        Self { rejection, about: None, is_signed: false }
    }
}

/// The lines of what was refused. Any stranger can cause them, so only some are written.
#[derive(Debug, Default)]
pub(crate) struct Refusals {
    unverified: LogLimit,
    other: LogLimit,
}

impl Refusals {
    /// Writes the line. `used` is the time since the head of the request was complete.
    pub(crate) fn log(&self, refused: &Refused, client: Option<IpAddr>, used: Option<Duration>) {
        let Refused { rejection, about, is_signed } = refused;
        let (status, reason, cause) = (rejection.status().as_u16(), rejection.reason(), rejection.cause());
        let about = about.as_deref();
        let limit = if status == 401 { &self.unverified } else { &self.other };
        let place = match rejection {
            // Every port on the internet is probed; that is no warning.
            Rejection::NotFound | Rejection::MethodNotAllowed { .. } if !is_signed => None,
            _ => limit.line(Instant::now()),
        };
        macro_rules! line {
            ($level:ident) => {
                $level!(
                    target: TARGET,
                    event = about.map(|about| about.event.as_str()),
                    tool = about.and_then(|about| about.tools.as_deref()),
                    outcome = REFUSED,
                    status,
                    reason,
                    call = about.map(|about| call_id::logged(&about.call)).as_deref(),
                    client = client.map(tracing::field::display),
                    milliseconds = used.map(|used| used.as_millis() as u64),
                    left_out = place.filter(|left_out| *left_out > 0),
                    "refused: {cause}"
                )
            };
        }
        match place {
            Some(_) => line!(warn),
            None => line!(debug),
        }
    }
}

#[cfg(feature = "cli")]
type Writer = Box<dyn Fn(&Line<'_>) + Send + Sync>;

#[cfg(feature = "cli")]
static WRITER: OnceLock<Writer> = OnceLock::new();

/// From now on `writer` gets every line, and nobody else is told: for a log that is the only one who listens. What
/// `tracing` does for whoever may listen, and in whatever form, takes four times as long as writing the line.
#[cfg(feature = "cli")]
pub(crate) fn write_with(writer: impl Fn(&Line<'_>) + Send + Sync + 'static) {
    // The first log stays, as it does with `tracing`.
    let _ = WRITER.set(Box::new(writer));
}

/// A text of each call, with `, ` between them. Nearly every delivery has one call.
pub(crate) fn joined<'a, C>(calls: &'a [C], text: impl Fn(&'a C) -> &'a str) -> Cow<'a, str> {
    match calls {
        [call] => Cow::Borrowed(text(call)),
        calls => Cow::Owned(calls.iter().map(text).collect::<Vec<_>>().join(", ")),
    }
}
