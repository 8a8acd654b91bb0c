//! The phone call that a handler runs for.

use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::{json, value::to_raw_value};

use super::{
    Assistant, CallInfo, CallStatus, CallType, Customer, EventContext, LazyContext, ParseError, PhoneNumber, Pipeline,
};
use crate::{Deadline, TraceContext};

/// The phone call that a handler runs for. A handler borrows it: `call: &Call`.
///
/// In a unit test, [`Call::example`] makes one:
///
/// ```
/// use hms_webhook::Call;
///
/// fn greeting(call: &Call) -> String {
///     format!("hello {}", call.customer_number().unwrap_or("there"))
/// }
///
/// let call = Call::example("call-1").with_customer_number("+31612000111");
/// assert_eq!(greeting(&call), "hello +31612000111");
/// assert_eq!(greeting(&Call::example("call-2")), "hello there");
/// ```
#[derive(Debug, Clone)]
pub struct Call {
    context: LazyContext,
    tool_call_id: Option<Arc<str>>,
    deadline: Deadline,
    attempt: u32,
    trace: Option<Arc<TraceContext>>,
}

impl Call {
    pub(crate) fn new(context: impl Into<LazyContext>, tool_call_id: Option<Arc<str>>, deadline: Deadline) -> Self {
        Self { context: context.into(), tool_call_id, deadline, attempt: 1, trace: None }
    }

    /// The call's id (P §3.0): opaque, and empty only in an `#[event]` handler whose event names no call.
    pub fn id(&self) -> &str {
        self.context.call_id()
    }

    /// How the call came about (P §3.0).
    pub fn call_type(&self) -> Option<&CallType> {
        self.context.call.call_type.as_ref()
    }

    /// Where the call stood when the event was sent (P §3.0, P §3.3).
    pub fn status(&self) -> Option<&CallStatus> {
        self.context.call.status.as_ref()
    }

    /// How speech is processed (P §3.0).
    pub fn pipeline(&self) -> Option<&Pipeline> {
        self.context.call.pipeline.as_ref()
    }

    /// The number of the other party, in E.164; `None` on web calls (P §3.0).
    pub fn customer_number(&self) -> Option<&str> {
        self.context.customer_number()
    }

    /// Your number (P §3.0).
    pub fn phone_number(&self) -> Option<&PhoneNumber> {
        self.context.phone_number.as_ref()
    }

    /// The assistant that is on the call, as far as the event tells (P §3.0).
    pub fn assistant(&self) -> Option<&Assistant> {
        self.context.assistant.as_ref()
    }

    /// The metadata that the answer to the assistant-request gave the call, as a type of yours (P §3.0, P §4).
    /// `None` where there is none.
    ///
    /// ```
    /// use hms_webhook::Call;
    /// use serde::Deserialize;
    ///
    /// #[derive(Deserialize)]
    /// struct Metadata { customer_ref: String }
    ///
    /// let call = Call::example("call-1").with_metadata(serde_json::json!({"customer_ref": "K-881"}));
    /// let metadata: Option<Metadata> = call.metadata()?;
    /// assert_eq!(metadata.map(|metadata| metadata.customer_ref).as_deref(), Some("K-881"));
    /// # Ok::<(), hms_webhook::event::ParseError>(())
    /// ```
    ///
    /// # Errors
    /// When there is metadata that `T` cannot be read from.
    pub fn metadata<T: DeserializeOwned>(&self) -> Result<Option<T>, ParseError> {
        self.context.metadata()
    }

    /// The id of the tool call that is being answered (P §3.2); `None` in the handler of another event.
    pub fn tool_call_id(&self) -> Option<&str> {
        self.tool_call_id.as_deref()
    }

    /// How long the answer may still take.
    pub fn deadline(&self) -> Deadline {
        self.deadline
    }

    /// Which attempt this is to handle the event or the tool call; the first is 1. One that a crash interrupted counts.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// Whether the same was begun before, and may have had a part of its effect: an attempt that failed, was late, or was
    /// interrupted.
    ///
    /// A repeated delivery of what was answered does not run a handler again.
    pub fn is_repeat(&self) -> bool {
        self.attempt > 1
    }

    /// The place in a trace that requests of the handler belong to: hand it on with them.
    ///
    /// It is what the delivery's headers `traceparent` and `tracestate` said, unchanged, as the Recommendation has it for
    /// those who record nothing of their own. Where `App::run` exports spans (feature `opentelemetry`), it is the
    /// span that is entered, which is a child of that, or the begin of a new trace. `None` otherwise: who records nothing
    /// begins no trace. A handler that runs from the inbox, when the delivery was answered long ago, has its place in the
    /// delivery's trace as well.
    pub fn trace_context(&self) -> Option<TraceContext> {
        crate::telemetry::current(self.trace.as_deref())
    }

    /// Everything that the event tells about the call.
    pub fn context(&self) -> &EventContext {
        &self.context
    }
}

/// Calls for unit tests.
impl Call {
    /// An inbound call in progress, made up for a unit test. Its numbers are unknown and its deadline never comes.
    pub fn example(id: impl Into<String>) -> Self {
        let call = CallInfo {
            id: id.into(),
            call_type: Some(CallType::INBOUND_PHONE_CALL),
            status: Some(CallStatus::IN_PROGRESS),
            ..CallInfo::default()
        };
        Self::new(EventContext { call, ..EventContext::default() }, None, Deadline::never())
    }

    /// The same call from this number.
    #[must_use]
    pub fn with_customer_number(mut self, number: impl Into<String>) -> Self {
        self.context.make_mut().customer = Some(Customer { number: Some(number.into()), ..Customer::default() });
        self
    }

    /// The same call with an assistant that has this metadata, and nothing else.
    #[must_use]
    pub fn with_metadata(mut self, metadata: serde_json::Value) -> Self {
        let assistant = to_raw_value(&json!({ "metadata": metadata })).ok();
        self.context.make_mut().assistant = assistant.and_then(|json| Assistant::read(&json));
        self
    }

    /// The same call, answering this tool call.
    #[must_use]
    pub fn with_tool_call_id(mut self, id: impl Into<String>) -> Self {
        self.tool_call_id = Some(id.into().into());
        self
    }

    /// The same call, in this attempt to handle it; the first is 1.
    #[must_use]
    pub fn with_attempt(mut self, attempt: u32) -> Self {
        self.attempt = attempt;
        self
    }

    /// The same call, as a part of this trace.
    #[must_use]
    pub fn with_trace_context(mut self, trace: TraceContext) -> Self {
        self.trace = Some(Arc::new(trace));
        self
    }

    pub(crate) fn in_trace(mut self, trace: Option<&Arc<TraceContext>>) -> Self {
        self.trace = trace.cloned();
        self
    }

    /// The same call with this deadline.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Deadline) -> Self {
        self.deadline = deadline;
        self
    }
}
