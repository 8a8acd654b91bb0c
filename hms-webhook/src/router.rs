//! Which handler an event goes to, and running it: in a task of its own, within its deadline, its panics contained.

use std::{collections::HashMap, sync::Arc, time::Duration};

use tokio::time::Instant;
use tokio_util::task::TaskTracker;
use tracing::{Instrument, Span, debug, error, info, info_span, warn};

use crate::{
    arguments::PreparedArguments,
    deadline::Deadline,
    event::{AssistantRequest, Call, Event, EventContext, ToolCall, ToolCalls},
    handler::{
        AfterDeadline, AssistantFuture, EventFuture, HandlerInvocation, HandlerSpec, NEUTRAL, Scope, States, ToolError,
        ToolErrorKind, ToolInvocation, ToolSpec, chain,
    },
    reply::AssistantReply,
    response::{Reply, ToolResult},
    words::nearest,
};

/// A tool with what start-up prepared for it.
#[derive(Debug)]
pub(crate) struct RegisteredTool {
    pub(crate) spec: &'static ToolSpec,
    pub(crate) arguments: Arc<PreparedArguments>,
}

/// A handler of an event.
pub(crate) struct RegisteredHandler<E, F> {
    pub(crate) spec: &'static HandlerSpec,
    pub(crate) run: fn(HandlerInvocation<E>) -> F,
}

type Notified<E> = Vec<RegisteredHandler<E, EventFuture>>;

/// All handlers of an app.
#[derive(Default)]
pub(crate) struct Handlers {
    pub(crate) tools: HashMap<&'static str, RegisteredTool>,
    pub(crate) assistant_request: Option<RegisteredHandler<AssistantRequest, AssistantFuture>>,
    pub(crate) status_update: Notified<crate::event::StatusUpdate>,
    pub(crate) end_of_call_report: Notified<crate::event::EndOfCallReport>,
    pub(crate) events: HashMap<&'static str, Notified<crate::event::UnknownEvent>>,
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
    /// Every task that runs a handler.
    pub(crate) running: TaskTracker,
}

impl Router {
    /// Lets the handlers answer `event`, whose request's head was complete at `received`.
    pub(crate) async fn dispatch(&self, event: Event, received: Instant) -> Reply {
        match event {
            Event::ToolCalls(calls) => self.tool_calls(calls, received).await,
            Event::AssistantRequest(request) => Reply::Assistant(self.assistant_request(request, received).await),
            Event::StatusUpdate(update) => {
                let call = Call::new(update.context.clone(), None, Deadline::never());
                self.notify(&self.handlers.status_update, update, &call)
            }
            Event::EndOfCallReport(report) => {
                let call = Call::new(report.context.clone(), None, Deadline::never());
                self.notify(&self.handlers.end_of_call_report, report, &call)
            }
            Event::Unknown(event) => match self.handlers.events.get(event.kind.as_str()) {
                Some(handlers) => {
                    let call = Call::new(event.context.clone(), None, Deadline::never());
                    self.notify(handlers, event, &call)
                }
                None => {
                    info!("an event of an unknown type was acknowledged; an `#[event]` handler would get it");
                    Reply::Acknowledged
                }
            },
        }
    }

    // -- tool-calls ---------------------------------------------------------------------------

    /// All calls run at once; the results come in the order of the request.
    async fn tool_calls(&self, calls: ToolCalls, received: Instant) -> Reply {
        let budget = Deadline::at(received, self.budgets.tool_calls);
        let started: Vec<_> = calls
            .tool_call_list
            .into_iter()
            .map(|call| (call.id.clone(), self.start_tool(call, &calls.context, received, budget)))
            .collect();
        let mut results = Vec::with_capacity(started.len());
        for (tool_call_id, started) in started {
            let result = match started {
                Started::Answered(result) => result,
                Started::Running(running) => running.result().await,
            };
            results.push(ToolResult { tool_call_id, result });
        }
        Reply::Tools(results)
    }

    fn start_tool(&self, call: ToolCall, context: &Arc<EventContext>, received: Instant, budget: Deadline) -> Started {
        let span = info_span!("tool", name = %call.name, tool_call_id = %call.id);
        let Some(tool) = self.handlers.tools.get(call.name.as_str()) else {
            let told = self.no_such_tool(&call.name);
            span.in_scope(|| warn!(outcome = "unknown", "{told}"));
            return Started::Answered(error_object(&told));
        };
        let spec = tool.spec;
        let own = spec.deadline.map_or(Deadline::never(), |duration| Deadline::at(received, duration));
        // Nobody waits for a background tool, so only a deadline of its own bounds it.
        let deadline = if spec.background { own } else { own.earlier(budget) };
        let invocation = ToolInvocation {
            arguments: call.arguments,
            prepared: tool.arguments.clone(),
            scope: Scope::new(self.states.clone(), Call::new(context.clone(), Some(call.id), deadline)),
        };
        let bound = match spec.after_deadline {
            AfterDeadline::Cancel => deadline,
            AfterDeadline::Finish => Deadline::never(),
        };
        let task = self.running.spawn(run_tool(spec, invocation, bound).instrument(span.clone()));
        let running = Running { spec, task, deadline, span };
        if spec.background {
            self.running.spawn(async move { running.result().await });
            return Started::Answered(accepted_object(spec.response));
        }
        Started::Running(running)
    }

    fn no_such_tool(&self, name: &str) -> String {
        let name_shown = crate::words::shorten(name);
        match nearest(name, self.handlers.tools.keys().copied()) {
            Some(known) => format!("there is no tool `{name_shown}`; did you mean `{known}`?"),
            None => format!("there is no tool `{name_shown}`; this server has no tools"),
        }
    }

    // -- assistant-request --------------------------------------------------------------------

    async fn assistant_request(&self, request: AssistantRequest, received: Instant) -> AssistantReply {
        let Some(handler) = &self.handlers.assistant_request else {
            debug!("no `#[assistant_request]` handler; answered with the fallback reply");
            return self.fallback.clone();
        };
        let (location, run) = (handler.spec.location, handler.run);
        let deadline = Deadline::at(received, self.budgets.assistant_request);
        let call = Call::new(request.context.clone(), None, deadline);
        let invocation = HandlerInvocation { event: request, scope: Scope::new(self.states.clone(), call) };
        let answer = async move {
            let outcome = deadline.bound(run(invocation)).await?;
            outcome.inspect_err(|error| error!(cause = chain(&**error), "{location} failed")).ok()
        };
        let task = self.running.spawn(answer.instrument(Span::current()));
        match deadline.bound(task).await {
            Some(Ok(Some(reply))) => return reply,
            Some(Err(error)) => error!(panic = panic_text(error), "{location} panicked"),
            Some(Ok(None)) | None if deadline.is_over() => {
                error!(budget = ?self.budgets.assistant_request, "{location} was late");
            }
            Some(Ok(None)) | None => {}
        }
        warn!("answered with the fallback reply");
        self.fallback.clone()
    }

    // -- notifications ------------------------------------------------------------------------

    /// Starts the handlers of a notification and does not wait for them: it is acknowledged at once.
    fn notify<E: Clone + Send + 'static>(&self, handlers: &Notified<E>, event: E, call: &Call) -> Reply {
        for RegisteredHandler { spec, run } in handlers {
            let (location, run) = (spec.location, *run);
            let scope = Scope::new(self.states.clone(), call.clone());
            let invocation = HandlerInvocation { event: event.clone(), scope };
            let task = self.running.spawn(async move { run(invocation).await }.instrument(Span::current()));
            let watch = async move {
                match task.await {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => error!(cause = chain(&*error), "{location} failed"),
                    Err(error) => error!(panic = panic_text(error), "{location} panicked"),
                }
            };
            self.running.spawn(watch.instrument(Span::current()));
        }
        Reply::Acknowledged
    }
}

/// A tool call after it was looked up.
enum Started {
    Answered(String),
    Running(Running),
}

/// A tool that runs in a task of its own.
struct Running {
    spec: &'static ToolSpec,
    task: tokio::task::JoinHandle<Option<String>>,
    deadline: Deadline,
    span: Span,
}

impl Running {
    /// Waits for the tool, at most until its deadline. Dropping this leaves the tool running.
    async fn result(self) -> String {
        let outcome = self.deadline.bound(self.task).await;
        let _entered = self.span.enter();
        match outcome {
            Some(Ok(Some(result))) => result,
            Some(Err(error)) => {
                error!(outcome = "panicked", panic = panic_text(error), "{} panicked", self.spec.location);
                error_object(NEUTRAL)
            }
            Some(Ok(None)) | None => {
                error!(outcome = "late", "{} was not done at its deadline", self.spec.location);
                error_object(TOO_LATE)
            }
        }
    }
}

const TOO_LATE: &str = "the tool took too long and was given up; tell the caller that this cannot be done right now";

/// Runs a tool; `None` when `bound` was over first. What the user's own code prints of its errors is asked for
/// here, inside the tool's task, where a panic harms nobody else.
async fn run_tool(spec: &'static ToolSpec, invocation: ToolInvocation, bound: Deadline) -> Option<String> {
    let result = match bound.bound((spec.run)(invocation)).await? {
        Ok(json) => result_object(json),
        Err(error) => {
            log_tool_error(spec, &error);
            error_object(error.told())
        }
    };
    Some(result)
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

fn panic_text(error: tokio::task::JoinError) -> String {
    match error.try_into_panic() {
        Ok(panic) => match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
            (Some(text), _) => (*text).to_owned(),
            (None, Some(text)) => text.clone(),
            (None, None) => "a value that is no text".to_owned(),
        },
        Err(_) => "its task was stopped together with its runtime".to_owned(),
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
