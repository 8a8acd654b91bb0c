//! Which handler an event goes to, and running it: in a task of its own, within its deadline, its panics contained.

use std::{collections::HashMap, sync::Arc, time::Duration};

use bytes::Bytes;
use sha2::{Digest, Sha256};
use smallvec::SmallVec;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;
use tracing::{Instrument, Span, debug, error, info, info_span, warn};

use crate::{
    arguments::{Arguments, PreparedArguments},
    contained::{Contained, contained},
    deadline::Deadline,
    event::{AssistantRequest, Call, Event, EventType, LazyContext, ToolCall, ToolCalls},
    gate::{Gate, Ticket},
    handler::{
        AfterDeadline, AssistantFuture, HandlerInvocation, HandlerSpec, NEUTRAL, Scope, States, ToolError,
        ToolErrorKind, ToolInvocation, ToolSpec, chain,
    },
    inbox::Inbox,
    mishap::{Mishap, Mishaps},
    once::{Done, Once},
    rejection::Rejection,
    reply::AssistantReply,
    response::{Reply, ToolResults},
    store::NewEvent,
    tool_key::ToolKey,
    words::nearest,
};

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
}

/// The handler of assistant-requests.
pub(crate) type AnswersCalls = RegisteredHandler<AssistantRequest, AssistantFuture>;

/// The handlers that answer while somebody waits.
#[derive(Default)]
pub(crate) struct Handlers {
    pub(crate) tools: HashMap<&'static str, RegisteredTool>,
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
    pub(crate) running: TaskTracker,
    /// Who is told of tools that ended as none should.
    pub(crate) mishaps: Mishaps,
}

impl Router {
    /// Lets the handlers answer `event`, which stands in `body`. The request's head was complete at `received`.
    pub(crate) async fn dispatch(&self, event: Event, body: Bytes, received: Instant) -> Result<Reply, Rejection> {
        match event {
            Event::ToolCalls(calls) => self.tool_calls(calls, body, received).await,
            // Boxed, so that the much more frequent calls of tools do not carry its size around.
            Event::AssistantRequest(request) => {
                Ok(Reply::Assistant(Box::pin(self.assistant_request(request, received)).await))
            }
            notification => self.keep(&notification, body).await,
        }
    }

    // -- tool-calls ---------------------------------------------------------------------------

    /// All calls run at once; the results come in the order of the request. Where no call could be answered in time,
    /// the request is refused.
    async fn tool_calls(&self, calls: ToolCalls, body: Bytes, received: Instant) -> Result<Reply, Rejection> {
        let budget = Deadline::at(received, self.budgets.tool_calls);
        let ToolCalls { context, tool_call_list, .. } = calls;
        let mut started = SmallVec::<[_; 1]>::with_capacity(tool_call_list.len());
        for call in tool_call_list {
            let tool_call_id = call.id.clone();
            let tool = match self.handlers.tools.get(call.name.as_str()) {
                None => Started::Answered(self.no_such_tool(&call)),
                Some(tool) if tool.spec.background => {
                    Started::Answered(self.accept_background(tool, &context, &call, &body).await)
                }
                Some(tool) => self.start_tool(tool, call, &context, received, budget),
            };
            started.push((tool_call_id, tool));
        }
        if let Some(late) = late(&started) {
            return Err(Rejection::Busy { seconds: late.as_secs() + 1 });
        }
        let mut results = ToolResults::with_capacity(started.len());
        for (tool_call_id, started) in started {
            let result = match started {
                Started::Answered(result) => result,
                Started::Running(running) => running.result().await,
                Started::Refused { .. } => error_object(BUSY),
            };
            results.add(&tool_call_id, &result);
        }
        Ok(Reply::Tools(results))
    }

    fn start_tool(
        &self,
        tool: &RegisteredTool,
        call: ToolCall,
        context: &LazyContext,
        received: Instant,
        budget: Deadline,
    ) -> Started {
        let span = info_span!("tool", call = context.call_id(), name = call.name, tool_call_id = &*call.id);
        let spec = tool.spec;
        let own = spec.deadline.map_or(Deadline::never(), |duration| Deadline::at(received, duration));
        let deadline = own.earlier(budget);
        let ticket = match tool.gate.as_ref().map(|gate| gate.admit(deadline)).transpose() {
            Ok(ticket) => ticket,
            Err(late) => {
                span.in_scope(|| warn!("{} was not called: too many calls of it wait already", spec.location));
                crate::metrics::tool_call(spec.name, "refused");
                return Started::Refused { late };
            }
        };
        let key = ToolKey::new(context.call_id(), &call);
        let about = Call::new(context.clone(), Some(call.id), deadline);
        let (prepared, states, once) = (tool.arguments.clone(), self.states.clone(), self.once.clone());
        let mishaps = self.mishaps.clone();
        let work = async move {
            let mut is_run = false;
            let lease = match spec.after_deadline {
                AfterDeadline::Cancel => deadline.remaining(),
                AfterDeadline::Finish => FINISH_WITHIN,
            };
            let answer = once.run(key, lease.saturating_add(LEASE_MARGIN), |earlier| {
                is_run = true;
                let scope = Scope::new(states, about.with_attempt(earlier.saturating_add(1)));
                let invocation = ToolInvocation { arguments: call.arguments, prepared, scope };
                run_tool(spec, invocation, ticket, deadline, mishaps)
            });
            let answer = answer.await;
            if !is_run {
                crate::metrics::tool_call(spec.name, "repeated");
            }
            answer
        };
        let task = self.running.spawn(work.instrument(span.clone()));
        Started::Running(Running { spec, task, received, deadline, span })
    }

    /// Keeps a call of a background tool, and answers that it was accepted.
    async fn accept_background(
        &self,
        tool: &RegisteredTool,
        context: &LazyContext,
        call: &ToolCall,
        body: &Bytes,
    ) -> String {
        let spec = tool.spec;
        let span = info_span!("tool", call = context.call_id(), name = call.name, tool_call_id = &*call.id);
        // Nobody would hear of them afterwards.
        let mut arguments = Arguments::new(call.arguments.clone(), tool.arguments.clone());
        if !arguments.complete()
            && let Err(error) = arguments.refuse()
        {
            span.in_scope(|| log_tool_error(spec, &error));
            return error_object(error.told());
        }
        let event = NewEvent {
            key: ToolKey::new(context.call_id(), call).as_str().to_owned(),
            remembered_for: REMEMBERED_FOR,
            kind: EventType::TOOL_CALLS.as_str().to_owned(),
            call_id: context.call_id().to_owned(),
            body: body.clone(),
            handlers: vec![spec.name.to_owned()],
        };
        match self.inbox.append(vec![event]).instrument(span.clone()).await {
            Ok(()) => accepted_object(spec.response),
            Err(failure) => {
                span.in_scope(|| error!(cause = chain(&failure), "{} cannot be begun", spec.location));
                error_object(NEUTRAL)
            }
        }
    }

    fn no_such_tool(&self, call: &ToolCall) -> String {
        let name = crate::words::shorten(&call.name);
        let told = match nearest(&call.name, self.handlers.tools.keys().copied()) {
            Some(known) => format!("there is no tool `{name}`; did you mean `{known}`?"),
            None => format!("there is no tool `{name}`; this server has no tools"),
        };
        warn!(tool_call_id = %call.id, outcome = "unknown", "{told}");
        error_object(&told)
    }

    // -- assistant-request --------------------------------------------------------------------

    async fn assistant_request(&self, request: AssistantRequest, received: Instant) -> AssistantReply {
        let Some(handler) = &self.handlers.assistant_request else {
            debug!("no `#[assistant_request]` handler; answered with the fallback reply");
            return self.fallback.clone();
        };
        let (location, run) = (handler.spec.location, handler.run);
        let deadline = Deadline::at(received, self.budgets.assistant_request);
        let call_id = request.call.id.clone();
        let call = Call::new(request.context.clone(), None, deadline);
        let invocation = HandlerInvocation { event: request, scope: Scope::new(self.states.clone(), call) };
        let answer = async move {
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
        let span = info_span!("assistant-request", call = call_id);
        let task = self.running.spawn(answer.instrument(span));
        let outcome = deadline.bound_task(task).await;
        crate::metrics::assistant_request(matches!(outcome, Some(Ok(Some(_)))), received, deadline);
        match outcome {
            Some(Ok(Some(reply))) => return reply,
            Some(Err(error)) => error!(cause = %error, "{location} ended without an answer"),
            Some(Ok(None)) | None if deadline.is_over() => {
                error!(budget = ?self.budgets.assistant_request, "{location} was late");
            }
            Some(Ok(None)) | None => {}
        }
        warn!("answered with the fallback reply");
        self.fallback.clone()
    }

    // -- notifications ------------------------------------------------------------------------

    /// Keeps an event for its handlers; then it is acknowledged.
    async fn keep(&self, event: &Event, body: Bytes) -> Result<Reply, Rejection> {
        let (kind, call_id) = (event.kind(), &event.context().call.id);
        let handlers = self.inbox.listeners().of_kind(kind.as_str());
        if handlers.is_empty() {
            if matches!(event, Event::Unknown(_)) {
                info!("an event of an unknown type was acknowledged; an `#[event]` handler would get it");
            }
            return Ok(Reply::Acknowledged);
        }
        // What the platform repeats has these in common (PROTOCOL.md §1.4).
        let key = match event {
            Event::StatusUpdate(update) => format!("status-update {call_id:?} {:?}", update.call.status),
            Event::EndOfCallReport(_) => format!("end-of-call-report {call_id:?}"),
            _ => format!("event {}", base16ct::lower::encode_string(&Sha256::digest(&body))),
        };
        let event = NewEvent {
            key,
            remembered_for: REMEMBERED_FOR,
            kind: kind.as_str().to_owned(),
            call_id: call_id.clone(),
            body,
            handlers: handlers.to_vec(),
        };
        self.inbox.append(vec![event]).await.map_err(Rejection::NotKept)?;
        Ok(Reply::Acknowledged)
    }
}

/// For how long a repeated event is recognised.
const REMEMBERED_FOR: Duration = Duration::from_secs(24 * 3600);
/// How much longer than its deadline a tool's claim lasts: until its result is kept.
const LEASE_MARGIN: Duration = Duration::from_secs(5);
/// How long a tool may go on after its deadline before another server may begin it.
const FINISH_WITHIN: Duration = Duration::from_secs(600);

/// A tool call after it was looked up.
enum Started {
    Answered(String),
    Running(Running),
    /// It would have been late by so much.
    Refused {
        late: Duration,
    },
}

/// How late the earliest call would have been, if all of them were refused.
fn late(started: &[(Arc<str>, Started)]) -> Option<Duration> {
    let late = started.iter().map(|(_, started)| match started {
        Started::Refused { late } => Some(*late),
        Started::Answered(_) | Started::Running(_) => None,
    });
    late.reduce(|one, other| Some(one?.min(other?))).flatten()
}

/// A tool that runs in a task of its own.
struct Running {
    spec: &'static ToolSpec,
    task: tokio::task::JoinHandle<String>,
    received: Instant,
    deadline: Deadline,
    span: Span,
}

impl Running {
    /// Waits for the tool, at most until its deadline. Dropping this leaves the tool running.
    async fn result(self) -> String {
        let outcome = self.deadline.bound_task(self.task).await;
        crate::metrics::tool_share(self.spec.name, self.received, self.deadline);
        let outcome = match outcome {
            Some(Ok(result)) => return result,
            outcome => outcome,
        };
        let _entered = self.span.enter();
        match outcome {
            Some(Err(error)) => {
                error!(outcome = "failed", cause = %error, "{} ended without a result", self.spec.location);
                error_object(NEUTRAL)
            }
            Some(Ok(_)) | None => {
                // One that is cut off is counted where that happens.
                if self.spec.after_deadline == AfterDeadline::Finish {
                    crate::metrics::tool_call(self.spec.name, "late");
                }
                error!(outcome = "late", "{} was not done at its deadline", self.spec.location);
                error_object(TOO_LATE)
            }
        }
    }
}

const TOO_LATE: &str = "the tool took too long and was given up; tell the caller that this cannot be done right now";

const BUSY: &str = "too many callers ask for this right now; tell the caller that it cannot be done at the moment";

/// Runs a tool, once a place is free where places are few. What the user's own code prints of its errors is asked for
/// here, inside the tool's task, where a panic harms nobody else.
async fn run_tool(
    spec: &'static ToolSpec,
    mut invocation: ToolInvocation,
    ticket: Option<Ticket>,
    deadline: Deadline,
    mishaps: Mishaps,
) -> Done {
    let again = |answer| Done { answer, is_final: false };
    if let Some(ticket) = ticket {
        // A place may become free in the very moment in which it is too late.
        match deadline.bound(Box::pin(ticket.enter())).await.filter(|_| !deadline.is_over()) {
            Some(place) => invocation.scope.hold(place),
            None => {
                crate::metrics::tool_call(spec.name, "late");
                return again(error_object(TOO_LATE));
            }
        }
    }
    let bound = match spec.after_deadline {
        AfterDeadline::Cancel => deadline,
        AfterDeadline::Finish => Deadline::never(),
    };
    let ended = bound.bound(contained((spec.run)(invocation))).await;
    // What goes on after its deadline was counted as late at the deadline.
    if spec.after_deadline == AfterDeadline::Cancel || !deadline.is_over() {
        crate::metrics::tool_call(spec.name, outcome(&ended));
    }
    match ended {
        Some(Contained::Returned(Ok(json))) => Done { answer: result_object(json), is_final: true },
        Some(Contained::Returned(Err(error))) => {
            log_tool_error(spec, &error);
            Done { answer: error_object(error.told()), is_final: error.kind() != ToolErrorKind::Internal }
        }
        Some(Contained::Panicked(text)) => {
            error!(outcome = "panicked", panic = text, "{} panicked", spec.location);
            mishaps.note(Mishap::Panic(text));
            again(error_object(NEUTRAL))
        }
        None => {
            mishaps.note(Mishap::Late);
            again(error_object(TOO_LATE))
        }
    }
}

/// What a tool's end is counted as.
fn outcome(ended: &Option<Contained<Result<String, ToolError>>>) -> &'static str {
    match ended {
        Some(Contained::Returned(Ok(_))) => "answered",
        Some(Contained::Returned(Err(error))) => match error.kind() {
            ToolErrorKind::Told => "told",
            ToolErrorKind::Arguments => "arguments",
            ToolErrorKind::Internal => "failed",
        },
        Some(Contained::Panicked(_)) => "panicked",
        None => "late",
    }
}

fn log_tool_error(spec: &ToolSpec, error: &ToolError) {
    let (location, told, causes) = (spec.location, error.told(), error.causes());
    match error.kind() {
        ToolErrorKind::Told if causes.is_empty() => info!(outcome = "told", "{location} told the model: {told}"),
        ToolErrorKind::Told => warn!(outcome = "told", cause = causes, "{location} told the model: {told}"),
        // The text may quote what the caller said, so it is not for every log.
        ToolErrorKind::Arguments => {
            warn!(outcome = "arguments", "{location} was called with wrong arguments");
            debug!("{told}");
        }
        ToolErrorKind::Internal => error!(outcome = "failed", cause = causes, "{location} failed"),
    }
}

/// An object stays as it is; everything else is wrapped in one (PROTOCOL.md §7.14).
fn result_object(json: String) -> String {
    if json.starts_with('{') { json } else { format!(r#"{{"result":{json}}}"#) }
}

fn error_object(told: &str) -> String {
    serde_json::json!({ "error": told }).to_string()
}

fn accepted_object(response: Option<&str>) -> String {
    serde_json::json!({ "result": response.unwrap_or("accepted") }).to_string()
}
