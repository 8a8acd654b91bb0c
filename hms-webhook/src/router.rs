//! Which handler an event goes to, and running it: in a task of its own, within its deadline, its panics contained.

mod background;
mod result;
mod tool_calls;

use std::{collections::HashMap, sync::Arc, time::Duration};

use hashbrown::DefaultHashBuilder;
use sha2::{Digest, Sha256};
use tokio::time::Instant;
use tokio_util::task::TaskTracker;
use tracing::{Instrument, debug, error, info_span};

use crate::{
    arguments::PreparedArguments,
    call_id,
    contained::{Contained, contained},
    deadline::Deadline,
    error::chain,
    event::{AssistantRequest, Call, Event},
    gate::Gate,
    handled::{ACCEPTED, Ended, Handled, REFUSED},
    handler::{AssistantFuture, HandlerInvocation, HandlerSpec, Scope, States, ToolSpec},
    inbox::Inbox,
    mishap::Mishaps,
    once::Once,
    rejection::Rejection,
    reply::AssistantReply,
    response::Reply,
    signature::VerifiedPayload,
    store::NewEvent,
};
use tool_calls::seconds;

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
pub(crate) type Tools = HashMap<&'static str, RegisteredTool, DefaultHashBuilder>;

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
    pub(crate) running: TaskTracker,
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
                Ok(begun) => self.await_results(begun, received).await,
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
