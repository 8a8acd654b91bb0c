//! The handlers that run from the inbox, by the names under which the store knows them.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use tracing::{Instrument, debug, error, info_span, warn};

use crate::{
    TraceContext,
    arguments::PreparedArguments,
    call_id::logged,
    contained::{Contained, contained},
    deadline::Deadline,
    error::chain,
    event::{Call, EndOfCallReport, Event, EventContext, StatusUpdate, ToolCalls, UnknownEvent},
    gate::{Entered, Gate},
    handler::{EventFuture, HandlerInvocation, Location, Scope, States, ToolErrorKind, ToolInvocation, ToolSpec},
    mishap::{Mishap, Mishaps},
    retry::RetryPolicy,
    store::Job,
    tool_key::ToolKey,
};

/// How a job ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Done,
    /// It is tried again after `retry`, or is a dead letter.
    Failed {
        error: String,
        retry: Option<Duration>,
    },
}

impl Outcome {
    /// What it is counted as.
    fn label(&self) -> &'static str {
        match self {
            Self::Done => "handled",
            Self::Failed { retry: Some(_), .. } => "failed",
            Self::Failed { retry: None, .. } => "dead",
        }
    }

    fn dead(error: impl Into<String>) -> Self {
        Self::Failed { error: error.into(), retry: None }
    }
}

/// A handler that runs from the inbox.
pub(crate) struct Listener {
    pub(crate) location: Location,
    pub(crate) retry: RetryPolicy,
    pub(crate) run: ListenerRun,
}

/// How it is run, and so for which event.
pub(crate) enum ListenerRun {
    StatusUpdate(fn(HandlerInvocation<StatusUpdate>) -> EventFuture),
    EndOfCallReport(fn(HandlerInvocation<EndOfCallReport>) -> EventFuture),
    Event(&'static str, fn(HandlerInvocation<UnknownEvent>) -> EventFuture),
    Tool { spec: &'static ToolSpec, arguments: Arc<PreparedArguments>, gate: Option<Arc<Gate>> },
}

impl ListenerRun {
    /// The type of the events that it gets.
    fn kind(&self) -> &'static str {
        match self {
            Self::StatusUpdate(_) => "status-update",
            Self::EndOfCallReport(_) => "end-of-call-report",
            Self::Event(kind, _) => kind,
            Self::Tool { .. } => "tool-calls",
        }
    }
}

/// All handlers that run from the inbox.
pub(crate) struct Listeners {
    by_name: HashMap<String, Listener>,
    /// The names of those that get every event of a type.
    by_kind: BTreeMap<&'static str, Vec<String>>,
    states: Arc<States>,
    mishaps: Mishaps,
}

impl Listeners {
    /// The names have to outlive a new version of the program, so they are those of the functions. Only where two
    /// functions have the same name are they told apart by their files, and in one file by their order.
    pub(crate) fn new(listeners: Vec<Listener>, states: Arc<States>, mishaps: Mishaps) -> Self {
        let mut counts: HashMap<(&str, &str), usize> = HashMap::new();
        for listener in &listeners {
            *counts.entry((listener.run.kind(), listener.location.function)).or_default() += 1;
        }
        let is_alone = |listener: &Listener| counts[&(listener.run.kind(), listener.location.function)] == 1;
        let name = |listener: &Listener| match &listener.run {
            ListenerRun::Tool { spec, .. } => spec.name.to_owned(),
            _ if is_alone(listener) => listener.location.function.to_owned(),
            _ => format!("{} in {}", listener.location.function, listener.location.file),
        };
        let mut taken = HashSet::new();
        let unique = |listener: &Listener| {
            let name = name(listener);
            let mut unique = name.clone();
            let mut number = 1;
            while !taken.insert(key(listener.run.kind(), &unique)) {
                number += 1;
                unique = format!("{name} ({number})");
            }
            unique
        };
        let names: Vec<String> = listeners.iter().map(unique).collect();
        let named: Vec<(String, Listener)> = names.into_iter().zip(listeners).collect();
        let mut by_kind: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
        for (name, listener) in &named {
            if !matches!(listener.run, ListenerRun::Tool { .. }) {
                by_kind.entry(listener.run.kind()).or_default().push(name.clone());
            }
        }
        let by_name = named.into_iter().map(|(name, listener)| (key(listener.run.kind(), &name), listener)).collect();
        Self { by_name, by_kind, states, mishaps }
    }

    /// The names of the handlers of an event of this type.
    pub(crate) fn of_kind(&self, kind: &str) -> &[String] {
        self.by_kind.get(kind).map_or(&[], Vec::as_slice)
    }

    /// Hands a job to its handler.
    pub(super) async fn handle(&self, job: Job) -> Outcome {
        let Some(listener) = self.by_name.get(&key(&job.kind, &job.handler)) else {
            crate::metrics::event("other", "dead");
            error!(kind = job.kind, "an event is for the handler `{}`, which this program does not have", job.handler);
            return Outcome::dead(format!("this program has no handler `{}` of `{}` events", job.handler, job.kind));
        };
        let span = info_span!("handler", name = %job.handler, job = %job.id, attempt = job.attempt, key = &*logged(&job.key), arguments = tracing::field::Empty);
        crate::telemetry::continue_trace(&span, job.trace.as_ref());
        let outcome = self.attempt(listener, job).instrument(span.clone()).await;
        crate::metrics::event(listener.run.kind(), outcome.label());
        crate::telemetry::outcome(&span, outcome.label());
        outcome
    }

    async fn attempt(&self, listener: &Listener, job: Job) -> Outcome {
        let (attempt, location) = (job.attempt, listener.location);
        let trace = job.trace.clone().map(Arc::new);
        // Each attempt is counted when it begins, so a job that is here too often was never even seen to fail.
        if attempt > listener.retry.tries {
            error!("{location} was begun {} times and brought the process down each time", listener.retry.tries);
            return Outcome::dead("it was begun too often without ending: it may bring the process down");
        }
        let event = match Event::parse(&job.body) {
            Ok(event) => event,
            Err(fault) => return Outcome::dead(format!("the event cannot be read any more: {fault}")),
        };
        let failed = |error: String| {
            let retry = listener.retry.wait(attempt);
            match retry {
                Some(wait) => error!(cause = error, "{location} failed; tried again in {wait:.1?}"),
                None => error!(cause = error, "{location} failed for the last time; the event is a dead letter"),
            }
            Outcome::Failed { error, retry }
        };
        match (&listener.run, event) {
            (ListenerRun::StatusUpdate(run), Event::StatusUpdate(event)) => {
                let context = event.context.clone();
                self.notify(*run, event, context, (attempt, trace.as_ref()))
                    .await
                    .map_or_else(failed, |()| Outcome::Done)
            }
            (ListenerRun::EndOfCallReport(run), Event::EndOfCallReport(event)) => {
                let context = event.context.clone();
                self.notify(*run, event, context, (attempt, trace.as_ref()))
                    .await
                    .map_or_else(failed, |()| Outcome::Done)
            }
            (ListenerRun::Event(_, run), Event::Unknown(event)) => {
                let context = event.context.clone();
                self.notify(*run, event, context, (attempt, trace.as_ref()))
                    .await
                    .map_or_else(failed, |()| Outcome::Done)
            }
            (ListenerRun::Tool { spec, arguments, gate }, Event::ToolCalls(calls)) => {
                // Nobody waits for it, so it is never too late for a place.
                let ticket = gate.as_ref().and_then(|gate| gate.admit(Deadline::never()).ok());
                let place = match ticket {
                    Some(ticket) => Some(ticket.enter().await),
                    None => None,
                };
                let teller = self.mishaps.of(calls.context.call_id());
                let ended = self.background(spec, arguments, calls, &job, place).await;
                match ended.inspect_err(|mishap| teller.note(mishap)) {
                    Ok(()) => Outcome::Done,
                    Err(Mishap::Refused(reason)) => {
                        // The text may quote what the caller said.
                        warn!("{location} will not do it; the event is a dead letter");
                        debug!("{reason}");
                        Outcome::dead(reason)
                    }
                    Err(mishap) => failed(mishap.to_string()),
                }
            }
            _ => Outcome::dead("the event is of another type than its handler takes"),
        }
    }

    async fn notify<E>(
        &self,
        run: fn(HandlerInvocation<E>) -> EventFuture,
        event: E,
        context: Arc<EventContext>,
        (attempt, trace): (u32, Option<&Arc<TraceContext>>),
    ) -> Result<(), String> {
        let call = Call::new(context, None, Deadline::never()).with_attempt(attempt).in_trace(trace);
        let invocation = HandlerInvocation { event, scope: Scope::new(self.states.clone(), call) };
        match contained(run(invocation)).await {
            Contained::Returned(Ok(())) => Ok(()),
            Contained::Returned(Err(error)) => Err(chain(&*error)),
            Contained::Panicked(text) => Err(format!("it panicked: {text}")),
        }
    }

    /// Runs one call of a background tool: the one of `calls` that the job was made of.
    async fn background(
        &self,
        spec: &'static ToolSpec,
        arguments: &Arc<PreparedArguments>,
        calls: ToolCalls,
        job: &Job,
        place: Option<Entered>,
    ) -> Result<(), Mishap> {
        let ToolCalls { context, tool_call_list } = calls;
        let Some(call) =
            tool_call_list.into_iter().find(|call| ToolKey::new(&context.call.id, call).as_str() == job.key)
        else {
            return Err(Mishap::Refused("the call is not in its event".into()));
        };
        let deadline = spec.deadline.map_or(Deadline::never(), Deadline::after);
        let scope_call = Call::new(context.clone(), Some(call.id), deadline)
            .with_attempt(job.attempt)
            .in_trace(job.trace.clone().map(Arc::new).as_ref());
        let mut scope = Scope::new(self.states.clone(), scope_call);
        if let Some(place) = place {
            scope.hold(place);
        }
        let invocation = ToolInvocation { arguments: call.arguments, prepared: arguments.clone(), scope };
        match deadline.bound(contained((spec.run)(invocation))).await {
            Some(Contained::Returned(Ok(_))) => Ok(()),
            Some(Contained::Returned(Err(error))) => match error.kind() {
                ToolErrorKind::Internal => Err(Mishap::Failed(error.causes())),
                // What it tells nobody hears, and it would tell the same again.
                ToolErrorKind::Told => Err(Mishap::Refused(format!("it told: {}", error.told()))),
                ToolErrorKind::Arguments => {
                    Err(Mishap::Refused("it was called with other arguments than it takes".into()))
                }
            },
            Some(Contained::Panicked(text)) => Err(Mishap::Panic(text)),
            None => Err(Mishap::Late),
        }
    }
}

/// Names are unique among the handlers of one type of event.
fn key(kind: &str, name: &str) -> String {
    format!("{kind} {name}")
}
