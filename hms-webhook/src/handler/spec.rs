//! A handler as data: what the macros say of a function.

use std::{
    any::{Any, TypeId},
    fmt,
    num::NonZeroU32,
    time::Duration,
};

use serde::Serialize;

use super::{AssistantFuture, EventFuture, HandlerInvocation, ToolFuture, ToolInvocation};
use crate::{
    arguments::ArgumentSpec,
    event::{AssistantRequest, EndOfCallReport, StatusUpdate, UnknownEvent},
    retry::RetryPolicy,
};

/// Where a handler was written; for messages.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct Location {
    pub function: &'static str,
    pub file: &'static str,
    pub line: u32,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` ({}:{})", self.function, self.file, self.line)
    }
}

/// One borrowed parameter: what it is called and what type is looked up for it.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct Need {
    pub(crate) parameter: &'static str,
    pub(crate) type_id: fn() -> TypeId,
    pub(crate) type_name: fn() -> &'static str,
}

impl Need {
    // That `T` is a `State` is asked by `Scope::get` alone, so that a type which is none is reported once.
    pub const fn new<T: Any>(parameter: &'static str) -> Self {
        Self { parameter, type_id: TypeId::of::<T>, type_name: std::any::type_name::<T> }
    }
}

/// What becomes of a tool that is still running at its deadline.
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterDeadline {
    Cancel,
    Finish,
}

/// An annotated tool as data. Written by `#[tool]` as a constant.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct ToolSpec {
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
    pub(crate) location: Location,
    pub(crate) arguments: &'static [ArgumentSpec],
    /// The one argument is the whole object.
    pub(crate) whole: bool,
    pub(crate) needs: &'static [Need],
    pub(crate) run: fn(ToolInvocation) -> ToolFuture,
    pub(crate) deadline: Option<Duration>,
    pub(crate) after_deadline: AfterDeadline,
    pub(crate) background: bool,
    pub(crate) response: Option<&'static str>,
    pub(crate) message: Option<&'static str>,
    pub(crate) url: Option<&'static str>,
    /// Of a background tool.
    pub(crate) retry: RetryPolicy,
    pub(crate) concurrency: Option<NonZeroU32>,
}

impl ToolSpec {
    pub const fn new(
        name: &'static str,
        description: &'static str,
        location: Location,
        arguments: &'static [ArgumentSpec],
        needs: &'static [Need],
        run: fn(ToolInvocation) -> ToolFuture,
    ) -> Self {
        Self {
            name,
            description,
            location,
            arguments,
            whole: false,
            needs,
            run,
            deadline: None,
            after_deadline: AfterDeadline::Cancel,
            background: false,
            response: None,
            message: None,
            url: None,
            retry: RetryPolicy::DEFAULT,
            concurrency: None,
        }
    }

    pub const fn whole(mut self) -> Self {
        self.whole = true;
        self
    }

    pub const fn deadline_millis(mut self, milliseconds: u64) -> Self {
        self.deadline = Some(Duration::from_millis(milliseconds));
        self
    }

    pub const fn after_deadline(mut self, after: AfterDeadline) -> Self {
        self.after_deadline = after;
        self
    }

    pub const fn background(mut self) -> Self {
        self.background = true;
        self
    }

    pub const fn response(mut self, text: &'static str) -> Self {
        self.response = Some(text);
        self
    }

    pub const fn message(mut self, text: &'static str) -> Self {
        self.message = Some(text);
        self
    }

    pub const fn url(mut self, url: &'static str) -> Self {
        self.url = Some(url);
        self
    }

    pub const fn retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    pub const fn concurrency(mut self, calls: u32) -> Self {
        self.concurrency = NonZeroU32::new(calls);
        self
    }
}

/// A tool: a function that the model of a voice agent may call.
///
/// `#[tool]` implements it for a type of the function's own name, so that the name can be handed to
/// [`tools!`](crate::tools). Nothing else implements it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no tool",
    label = "no function of this name has `#[tool]`",
    note = "handlers of events are listed with `handlers![{Self}]`; a tool is a function with `#[tool]`"
)]
pub trait Tool {
    /// The name by which the model calls the tool (PROTOCOL.md §5.1).
    const NAME: &'static str;

    #[doc(hidden)]
    const SPEC: ToolSpec;
}

/// An annotated event handler as data.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct HandlerSpec {
    pub(crate) location: Location,
    pub(crate) needs: &'static [Need],
    pub(crate) run: HandlerRun,
    pub(crate) retry: RetryPolicy,
    /// Of assistant-requests.
    pub(crate) concurrency: Option<NonZeroU32>,
}

impl HandlerSpec {
    pub const fn new(location: Location, needs: &'static [Need], run: HandlerRun) -> Self {
        Self { location, needs, run, retry: RetryPolicy::DEFAULT, concurrency: None }
    }

    pub const fn retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    pub const fn concurrency(mut self, calls: u32) -> Self {
        self.concurrency = NonZeroU32::new(calls);
        self
    }

    /// The type of the events that it handles.
    pub(crate) fn event(&self) -> &'static str {
        match self.run {
            HandlerRun::AssistantRequest(_) => "assistant-request",
            HandlerRun::StatusUpdate(_) => "status-update",
            HandlerRun::EndOfCallReport(_) => "end-of-call-report",
            HandlerRun::Event(kind, _) => kind,
        }
    }
}

/// How an event handler is run, and so for which event.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub enum HandlerRun {
    AssistantRequest(fn(HandlerInvocation<AssistantRequest>) -> AssistantFuture),
    StatusUpdate(fn(HandlerInvocation<StatusUpdate>) -> EventFuture),
    EndOfCallReport(fn(HandlerInvocation<EndOfCallReport>) -> EventFuture),
    /// The type of the event, then how it is run.
    Event(&'static str, fn(HandlerInvocation<UnknownEvent>) -> EventFuture),
}

/// A handler of an event.
///
/// `#[assistant_request]`, `#[status_update]`, `#[end_of_call_report]` and `#[event]` implement it for a type of
/// the function's own name, so that the name can be handed to [`handlers!`](crate::handlers). Nothing else implements it.
pub trait Handler {
    #[doc(hidden)]
    const SPEC: HandlerSpec;
}

/// What `App::discover()` collects.
#[doc(hidden)]
#[derive(Debug)]
pub enum Registration {
    Tool(&'static ToolSpec),
    Handler(&'static HandlerSpec),
}

inventory::collect!(Registration);

/// An `example` or `default` as JSON for the schema.
#[doc(hidden)]
pub fn json<T: Serialize>(value: T) -> serde_json::Value {
    serde_json::to_value(value).unwrap_or_default()
}
