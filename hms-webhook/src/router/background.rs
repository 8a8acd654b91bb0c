//! Calls of background tools: kept now, answered as accepted, and run from the inbox.

use tokio::time::Instant;
use tracing::error;

use super::{
    REMEMBERED_FOR, RegisteredTool, Router,
    begun::Started,
    log_tool_error,
    result::{error_object, outcome_of},
};
use crate::{
    arguments::Arguments,
    deadline::Deadline,
    error::chain,
    event::{EventType, LazyContext, ToolCall},
    handler::ToolSpec,
    signature::VerifiedPayload,
    store::NewEvent,
    tool_key::ToolKey,
    tool_span::ToolSpan,
};

/// A call of a background tool.
pub(super) struct ForLater {
    event: NewEvent,
    spec: &'static ToolSpec,
    span: ToolSpan,
}

impl Router {
    /// Adds a call of a background tool to what is kept `for_later`, unless it has the wrong arguments.
    pub(super) fn prepare_background(
        &self,
        tool: &RegisteredTool,
        context: &LazyContext,
        call: &ToolCall,
        payload: &VerifiedPayload,
        for_later: &mut Vec<ForLater>,
    ) -> Started {
        let spec = tool.spec;
        let span = ToolSpan::new(tool, context, &call.id);
        // Nobody would hear of them afterwards.
        let mut arguments = Arguments::new(call.arguments.clone(), tool.arguments.clone());
        if !span.in_scope(|| arguments.complete())
            && let Err(error) = arguments.refuse()
        {
            span.in_scope(|| log_tool_error(spec, &error));
            return Started::not_run(error_object(error.told()), outcome_of(&error));
        }
        let event = NewEvent {
            key: ToolKey::new(context.call_id(), call).as_str().to_owned(),
            remembered_for: REMEMBERED_FOR,
            kind: EventType::TOOL_CALLS.as_str().to_owned(),
            call_id: context.call_id().to_owned(),
            body: payload.shared().clone(),
            trace: span.in_scope(|| crate::telemetry::current(payload.trace_context())),
            handlers: vec![spec.name.to_owned()],
        };
        for_later.push(ForLater { event, spec, span });
        Started::ForLater(spec)
    }

    /// Keeps calls of background tools, all or none. Whether they are kept.
    pub(super) async fn keep_background(&self, calls: Vec<ForLater>, received: Instant) -> bool {
        let deadline = Deadline::at(received, self.budgets.tool_calls);
        let (events, logs): (Vec<_>, Vec<_>) =
            calls.into_iter().map(|ForLater { event, spec, span }| (event, (spec, span))).unzip();
        let Err(failure) = self.inbox.append(events, deadline).await else { return true };
        for (spec, span) in logs {
            span.in_scope(|| error!(cause = chain(&failure), "{} cannot be begun", spec.location));
        }
        false
    }
}
