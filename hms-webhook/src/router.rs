//! Which handler an event goes to, and running it: in a task of its own unless its first turn was its last, within its
//! deadline, its panics contained.

mod background;
mod begun;
mod first_turn;
mod result;

use std::{borrow::Cow, collections::HashMap, mem, sync::Arc, time::Duration};

use foldhash::fast::RandomState;
use sha2::{Digest, Sha256};
use smallvec::SmallVec;
use tokio::{
    task::JoinHandle,
    time::{Instant, timeout},
};
use tracing::{Instrument, debug, error, info_span, warn};

use crate::{
    arguments::PreparedArguments,
    call_id,
    contained::{Contained, contained},
    deadline::{Deadline, behind_others},
    error::chain,
    event::{AssistantRequest, Call, Event, LazyContext, ToolCall, ToolCalls},
    gate::{Gate, Ticket},
    handled::{ACCEPTED, Ended, EndedCall, Handled, REFUSED, joined},
    handler::{
        AfterDeadline, AssistantFuture, HandlerInvocation, HandlerSpec, NEUTRAL, Scope, States, ToolError,
        ToolErrorKind, ToolInvocation, ToolSpec,
    },
    inbox::Inbox,
    mishap::{Mishap, Mishaps, Teller},
    once::{Done, Found, Once, REPEATED},
    rejection::Rejection,
    reply::AssistantReply,
    response::{Reply, ToolResults},
    signature::VerifiedPayload,
    store::NewEvent,
    tasks::Tasks,
    tool_key::ToolKey,
    tool_span::ToolSpan,
    trace_context::TraceContext,
    words::{instead, nearest, shorten},
};
use begun::{Begun, Started, late};
use first_turn::{Outcome, first_turn, one_thread_does_everything};
use result::{BUSY, LATE, TOO_LATE, accepted_object, error_object, outcome, result_object};

/// A tool with what start-up prepared for it.
#[derive(Debug)]
pub(crate) struct RegisteredTool {
    pub(crate) spec: &'static ToolSpec,
    pub(crate) arguments: Arc<PreparedArguments>,
    /// Of a tool that has `concurrency`.
    pub(crate) gate: Option<Arc<Gate>>,
}

/// A handler of an event.
pub(crate) struct RegisteredHandler<E, F> {
    pub(crate) spec: &'static HandlerSpec,
    pub(crate) run: fn(HandlerInvocation<E>) -> F,
    /// Of a handler that has `concurrency`.
    pub(crate) gate: Option<Arc<Gate>>,
}

/// The handler of assistant-requests.
pub(crate) type AnswersCalls = RegisteredHandler<AssistantRequest, AssistantFuture>;

/// The tools by their names.
pub(crate) type Tools = HashMap<&'static str, RegisteredTool, RandomState>;

/// The handlers that answer while somebody waits.
#[derive(Default)]
pub(crate) struct Handlers {
    pub(crate) tools: Tools,
    pub(crate) assistant_request: Option<AnswersCalls>,
}

/// How long the platform is made to wait at most.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Budgets {
    pub(crate) assistant_request: Duration,
    pub(crate) tool_calls: Duration,
}

/// Takes events to their handlers.
pub(crate) struct Router {
    pub(crate) handlers: Handlers,
    pub(crate) states: Arc<States>,
    pub(crate) budgets: Budgets,
    /// The answer to an assistant-request that no handler could answer.
    pub(crate) fallback: AssistantReply,
    /// What is handled after it was acknowledged.
    pub(crate) inbox: Inbox,
    pub(crate) once: Arc<Once>,
    /// Every task that runs a handler while somebody waits.
    pub(crate) running: Tasks,
    /// Who is told of tools that ended as none should.
    pub(crate) mishaps: Mishaps,
}

impl Router {
    /// Lets the handlers answer `event`, which stands in `payload`. The request's head was complete at `received`.
    ///
    /// What is waited for holds little of the calls of tools, which are much more frequent than the rest: that is boxed.
    pub(crate) fn dispatch<'a>(
        &'a self,
        event: Event,
        payload: &'a VerifiedPayload,
        received: Instant,
    ) -> impl Future<Output = Result<Handled, Rejection>> + 'a {
        let mut begun = match event {
            Event::ToolCalls(calls) => Ok(self.begin_calls(&calls, payload, received)),
            other => Err(Box::pin(self.answer(other, payload, received))),
        };
        async move {
            match &mut begun {
                Ok(begun) => self.await_results(begun).await,
                Err(answer) => answer.await,
            }
        }
    }

    async fn answer(&self, event: Event, payload: &VerifiedPayload, received: Instant) -> Result<Handled, Rejection> {
        match event {
            Event::AssistantRequest(request) => self.assistant_request(request, payload, received).await,
            notification => self.keep(&notification, payload).await,
        }
    }

    // -- tool-calls ---------------------------------------------------------------------------

    /// Begins all calls of a request at once, and prepares those of background tools.
    fn begin_calls(&self, calls: &ToolCalls, payload: &VerifiedPayload, received: Instant) -> Begun {
        let mut begun = Begun {
            started: SmallVec::with_capacity(calls.tool_call_list.len()),
            for_later: Vec::new(),
            allowed: None,
            received,
            first_turns: one_thread_does_everything(),
        };
        for call in &calls.tool_call_list {
            let tool_call_id = call.id.clone();
            let (name, tool) = match self.handlers.tools.get(call.name.as_str()) {
                None => (shorten(&call.name).into(), Started::not_run(self.no_such_tool(call), "unknown")),
                Some(tool) => (
                    Cow::Borrowed(tool.spec.name),
                    match tool.spec.background {
                        true => self.prepare_background(tool, &calls.context, call, payload, &mut begun.for_later),
                        false => {
                            let trace = payload.shared_trace();
                            self.start_tool(tool, call, &calls.context, trace, &mut begun)
                        }
                    },
                ),
            };
            begun.started.push((tool_call_id, name, tool));
        }
        begun
    }

    /// Keeps the calls of background tools and waits for the results, which come in the order of the request.
    async fn await_results(&self, begun: &mut Begun) -> Result<Handled, Rejection> {
        let Begun { started, for_later, allowed, received, .. } = begun;
        if let Some(late) = late(started) {
            let tools = joined(started, |(_, name, _)| name).into_owned();
            return Err(Rejection::Busy { seconds: seconds(late), tools: Some(tools) });
        }
        let are_kept = match for_later.is_empty() {
            true => true,
            false => Box::pin(self.keep_background(mem::take(for_later), *received)).await,
        };
        let mut results = ToolResults::with_capacity(started.len());
        let mut ended = SmallVec::with_capacity(started.len());
        for (tool_call_id, tool, started) in started {
            let Found { answer, outcome, attempt, .. } = match started {
                Started::Ended(found) => mem::take(found),
                Started::Running(running) => running.result(&self.once).await,
                Started::ForLater(spec) if are_kept => Found::not_run(accepted_object(spec.response), ACCEPTED),
                Started::ForLater(_) => Found::not_run(error_object(NEUTRAL), "failed"),
                Started::Refused { .. } => Found::not_run(error_object(BUSY), REFUSED),
            };
            results.add(tool_call_id.clone(), answer);
            ended.push(EndedCall { tool: mem::take(tool), outcome, attempt });
        }
        let allowed = allowed.unwrap_or(self.budgets.tool_calls);
        Ok(Handled { reply: Reply::Tools(results), ended: Ended::Tools(ended), allowed: Some(allowed) })
    }

    fn start_tool(
        &self,
        tool: &RegisteredTool,
        call: &ToolCall,
        context: &LazyContext,
        trace: Option<&Arc<TraceContext>>,
        begun: &mut Begun,
    ) -> Started {
        let (spec, received) = (tool.spec, begun.received);
        let span = ToolSpan::new(tool, context, &call.id);
        let time = spec.deadline.map_or(self.budgets.tool_calls, |own| own.min(self.budgets.tool_calls));
        let deadline = Deadline::at(received, time);
        let ticket = match tool.gate.as_ref().map(|gate| gate.admit(deadline)).transpose() {
            Ok(ticket) => ticket,
            Err(late) => {
                span.in_scope(|| {
                    debug!("{} was not called: too many calls of it wait already", spec.location);
                    count(spec, REFUSED);
                });
                return Started::Refused { late };
            }
        };
        begun.allowed = begun.allowed.max(Some(time));
        let key = ToolKey::new(context.call_id(), call);
        let about = Call::new(context.clone(), Some(call.id.clone()), deadline).in_trace(trace);
        let (prepared, states, once) = (tool.arguments.clone(), self.states.clone(), self.once.clone());
        let (teller, arguments) = (self.mishaps.of(context.call_id()), call.arguments.clone());
        let work = async move {
            let (lease, begin_by) = match spec.after_deadline {
                AfterDeadline::Cancel => (time, deadline),
                AfterDeadline::Finish => (FINISH_WITHIN, Deadline::never()),
            };
            let found = once.run(key, lease.saturating_add(LEASE_MARGIN), deadline, begin_by, |earlier| {
                let scope = Scope::new(states, about.with_attempt(earlier.saturating_add(1)));
                let invocation = ToolInvocation { arguments, prepared, scope };
                run_tool(spec, invocation, ticket, deadline, teller)
            });
            match found.await {
                Some(mut found) => {
                    if found.outcome == REPEATED {
                        count(spec, REPEATED);
                        // The tool was a background tool when it was first called.
                        if found.answer.is_empty() {
                            found.answer = accepted_object(spec.response);
                        }
                    }
                    found
                }
                None => {
                    count(spec, LATE);
                    Found::not_run(error_object(TOO_LATE), LATE)
                }
            }
        };
        // In a box, as everything that a task passes through would move it.
        let mut work = span.around(Box::pin(work));
        let run = |span| ToolRun { spec, key, received, deadline, span };
        if begun.first_turns
            && let Some(ended) = first_turn(&mut work)
        {
            return Started::Ended(run(work.span).found(Some(ended), 0));
        }
        let run = run(work.span.clone());
        Started::Running(Box::new(Running { run, task: self.running.spawn(work) }))
    }

    #[cold]
    fn no_such_tool(&self, call: &ToolCall) -> String {
        let name = shorten(&call.name);
        let mut known: Vec<_> = self.handlers.tools.keys().copied().collect();
        known.sort_unstable();
        let told = match nearest(&call.name, known.iter().copied()) {
            Some(known) => format!("there is no tool `{name}`; did you mean `{known}`?"),
            None if known.is_empty() => format!("there is no tool `{name}`; this server has no tools"),
            None => format!("there is no tool `{name}`{}", instead(&call.name, known, "tools")),
        };
        debug!(tool_call_id = %call.id, outcome = "unknown", "{told}");
        error_object(&told)
    }

    // -- assistant-request --------------------------------------------------------------------

    async fn assistant_request(
        &self,
        request: AssistantRequest,
        payload: &VerifiedPayload,
        received: Instant,
    ) -> Result<Handled, Rejection> {
        let handled = |reply, outcome| Handled {
            reply: Reply::Assistant(reply),
            ended: Ended::Event(outcome),
            allowed: Some(self.budgets.assistant_request),
        };
        let Some(handler) = &self.handlers.assistant_request else {
            debug!("no `#[assistant_request]` handler; answered with the fallback reply");
            return Ok(handled(self.fallback.clone(), "fallback"));
        };
        let (location, run) = (handler.spec.location, handler.run);
        let deadline = Deadline::at(received, self.budgets.assistant_request);
        let span = info_span!("assistant-request", call = &*call_id::logged(&request.call.id));
        let ticket = match handler.gate.as_ref().map(|gate| gate.admit(deadline)).transpose() {
            Ok(ticket) => ticket,
            Err(late) => {
                let _entered = span.enter();
                debug!("{location} was not called: too many calls wait for it already");
                crate::metrics::assistant_request(REFUSED);
                crate::telemetry::outcome(&span, REFUSED);
                return Err(Rejection::Busy { seconds: seconds(late), tools: None });
            }
        };
        let call = Call::new(request.context.clone(), None, deadline).in_trace(payload.shared_trace());
        let mut invocation = HandlerInvocation { event: request, scope: Scope::new(self.states.clone(), call) };
        let answer = async move {
            if let Some(ticket) = ticket {
                // A place may become free in the very moment in which it is too late.
                let place = deadline.bound(Box::pin(ticket.enter())).await.filter(|_| !deadline.is_over())?;
                invocation.scope.hold(place);
            }
            match deadline.bound(contained(run(invocation))).await? {
                Contained::Returned(outcome) => {
                    outcome.inspect_err(|error| error!(cause = chain(&**error), "{location} failed")).ok()
                }
                Contained::Panicked(text) => {
                    error!(panic = text, "{location} panicked");
                    None
                }
            }
        };
        let mut task = self.running.spawn(answer.instrument(span.clone()));
        let outcome = deadline.bound_task(&mut task).await;
        let word = if matches!(outcome, Some(Ok(Some(_)))) { "answered" } else { "fallback" };
        crate::metrics::assistant_request(word);
        crate::metrics::assistant_request_share(received, deadline);
        crate::telemetry::outcome(&span, word);
        match outcome {
            Some(Ok(Some(reply))) => return Ok(handled(reply, word)),
            Some(Err(error)) => error!(cause = %error, "{location} ended without an answer"),
            Some(Ok(None)) | None if deadline.is_over() => {
                error!(budget = ?self.budgets.assistant_request, "{location} was late");
            }
            Some(Ok(None)) | None => {}
        }
        debug!("answered with the fallback reply");
        Ok(handled(self.fallback.clone(), word))
    }

    // -- notifications ------------------------------------------------------------------------

    /// Keeps an event for its handlers; then it is acknowledged.
    async fn keep(&self, event: &Event, payload: &VerifiedPayload) -> Result<Handled, Rejection> {
        let handled = |outcome| Handled { reply: Reply::Acknowledged, ended: Ended::Event(outcome), allowed: None };
        let (kind, call_id) = (event.kind(), &event.context().call.id);
        let handlers = self.inbox.listeners().of_kind(kind.as_str());
        if handlers.is_empty() {
            if matches!(event, Event::Unknown(_)) {
                debug!("an event of an unknown type was acknowledged; an `#[event]` handler would get it");
            }
            return Ok(handled("acknowledged"));
        }
        // What the platform repeats has these in common (PROTOCOL.md §1.4).
        let key = match event {
            Event::StatusUpdate(update) if update.call.status.is_some() => {
                format!("status-update {call_id:?} {:?}", update.call.status)
            }
            Event::EndOfCallReport(_) => format!("end-of-call-report {call_id:?}"),
            _ => format!("event {}", base16ct::lower::encode_string(&Sha256::digest(payload.shared()))),
        };
        let event = NewEvent {
            key,
            remembered_for: REMEMBERED_FOR,
            kind: kind.as_str().to_owned(),
            call_id: call_id.clone(),
            body: payload.shared().clone(),
            trace: crate::telemetry::current(payload.trace_context()),
            handlers: handlers.to_vec(),
        };
        self.inbox.append(vec![event], Deadline::never()).await.map_err(Rejection::NotKept)?;
        Ok(handled(ACCEPTED))
    }
}

/// For how long a repeated event is recognised.
const REMEMBERED_FOR: Duration = Duration::from_secs(24 * 3600);
/// How much longer than its deadline a tool's claim lasts: until its result is kept.
const LEASE_MARGIN: Duration = Duration::from_secs(5);
/// How long a task takes at most to end whose tool has ended, unless its thread has to wait for a processor.
const AT_ITS_END: Duration = Duration::from_millis(5);
/// How long a tool may go on after its deadline before another server may begin it.
const FINISH_WITHIN: Duration = Duration::from_secs(600);

/// The refusal of what would have been late by so much.
fn seconds(late: Duration) -> u64 {
    late.as_secs() + 1
}

/// A tool that was begun.
struct ToolRun {
    spec: &'static ToolSpec,
    key: ToolKey,
    received: Instant,
    deadline: Deadline,
    span: ToolSpan,
}

/// A tool that runs in a task of its own.
struct Running {
    run: ToolRun,
    task: JoinHandle<Found>,
}

impl Running {
    /// Waits for the tool, at most until its deadline. Dropping this leaves the tool running.
    async fn result(&mut self, once: &Once) -> Found {
        let mut ended = self.run.deadline.bound_task(&mut self.task).await;
        let mut attempt = 0;
        if ended.is_none() {
            attempt = once.attempt(&self.run.key);
            if self.run.spec.after_deadline == AfterDeadline::Cancel {
                // The tool is given up in the same moment, and first, so that a repetition finds it gone.
                behind_others().await;
                // Where nobody is at it any more, another thread is about to say so, and how often it was tried.
                if self.task.is_finished() || attempt == 0 {
                    ended = Box::pin(timeout(AT_ITS_END, &mut self.task)).await.ok();
                }
            }
        }
        self.run.found(ended.map(|ended| ended.map_err(|error| error.to_string())), attempt)
    }
}

impl ToolRun {
    /// What is answered where the tool came to `outcome`; `None` is its deadline, which came in this `attempt`.
    fn found(&self, outcome: Option<Outcome<Found>>, attempt: u32) -> Found {
        crate::metrics::tool_share(self.spec.name, self.received, self.deadline);
        match outcome {
            Some(Ok(found)) if found.outcome != LATE => {
                if !found.is_counted {
                    self.span.in_scope(|| count(self.spec, found.outcome));
                }
                found
            }
            outcome => self.without_result(outcome, attempt),
        }
    }

    /// What is answered where the tool was late or ended in no way that it should.
    #[cold]
    fn without_result(&self, outcome: Option<Outcome<Found>>, attempt: u32) -> Found {
        let attempt = match &outcome {
            Some(Ok(found)) => found.attempt,
            Some(Err(_)) => 0,
            None => attempt,
        };
        let (answer, outcome) = self.span.in_scope(|| match outcome {
            Some(Err(cause)) => {
                error!(outcome = "failed", cause, "{} ended without a result", self.spec.location);
                (error_object(NEUTRAL), "failed")
            }
            Some(Ok(_)) | None => {
                // One that is cut off is counted where that happens.
                if outcome.is_none() && self.spec.after_deadline == AfterDeadline::Finish {
                    count(self.spec, LATE);
                }
                error!(outcome = LATE, "{} was not done at its deadline", self.spec.location);
                (error_object(TOO_LATE), LATE)
            }
        });
        Found { answer, outcome, attempt, is_counted: true }
    }
}

/// Runs a tool, once a place is free where places are few. What the user's own code prints of its errors is asked for
/// here, inside the tool's task or its first turn, where a panic harms nobody else.
#[expect(clippy::manual_async_fn, reason = "an `async fn` would hold what it is given twice")]
fn run_tool(
    spec: &'static ToolSpec,
    mut invocation: ToolInvocation,
    ticket: Option<Ticket>,
    deadline: Deadline,
    teller: Teller,
) -> impl Future<Output = Done> + Send {
    async move {
        if let Some(ticket) = ticket {
            // A place may become free in the very moment in which it is too late.
            match deadline.bound(Box::pin(ticket.enter())).await.filter(|_| !deadline.is_over()) {
                Some(place) => invocation.scope.hold(place),
                None => {
                    count(spec, LATE);
                    return Done { answer: error_object(TOO_LATE), outcome: LATE, is_final: false, is_counted: true };
                }
            }
        }
        let bound = match spec.after_deadline {
            AfterDeadline::Cancel => deadline,
            AfterDeadline::Finish => Deadline::never(),
        };
        let ended = bound.bound(contained((spec.run)(invocation))).await;
        let outcome = outcome(&ended);
        // What goes on after its deadline was counted as late there, unless it ended in that very moment.
        let is_counted = spec.after_deadline == AfterDeadline::Cancel || !deadline.is_over();
        if is_counted {
            count(spec, outcome);
        }
        let (answer, is_final) = match ended {
            Some(Contained::Returned(Ok(json))) => (result_object(json), true),
            Some(Contained::Returned(Err(error))) => {
                log_tool_error(spec, &error);
                (error_object(error.told()), error.kind() != ToolErrorKind::Internal)
            }
            Some(Contained::Panicked(text)) => (panicked(spec, text, &teller), false),
            None => {
                teller.note(&Mishap::Late);
                (error_object(TOO_LATE), false)
            }
        };
        Done { answer, outcome, is_final, is_counted }
    }
}

/// What is answered where a tool panicked.
#[cold]
fn panicked(spec: &ToolSpec, text: String, teller: &Teller) -> String {
    error!(outcome = "panicked", panic = text, "{} panicked", spec.location);
    teller.note(&Mishap::Panic(text));
    error_object(NEUTRAL)
}

/// Counts a tool call, whose span is entered, by how it ended.
fn count(spec: &ToolSpec, outcome: &'static str) {
    crate::metrics::tool_call(spec.name, outcome);
    crate::tool_span::outcome(outcome);
}

#[cold]
fn log_tool_error(spec: &ToolSpec, error: &ToolError) {
    let (location, told, causes) = (spec.location, error.told(), error.causes());
    match error.kind() {
        // These texts may quote what the caller said, so they are not for every log.
        ToolErrorKind::Told if causes.is_empty() => debug!(outcome = "told", "{location} told the model: {told}"),
        ToolErrorKind::Told => {
            warn!(outcome = "told", cause = causes, "{location} told the model what went wrong");
            debug!("{told}");
        }
        ToolErrorKind::Arguments => debug!(outcome = "arguments", "{location} was called with wrong arguments: {told}"),
        ToolErrorKind::Internal => error!(outcome = "failed", cause = causes, "{location} failed"),
    }
}
