//! What an annotated function becomes: the traits its types must satisfy, its description as data,
//! and the generic functions that generated code calls.
//!
//! Choosing a handler and running it is the router's business, not this module's.

mod bounds;
mod invocation;
mod returned;
mod spec;
mod tool_error;

pub use self::{
    bounds::{AssistantRequestParameter, EndOfCallReportParameter, EventParameter, StatusUpdateParameter},
    invocation::{
        AssistantFuture, EventFuture, HandlerInvocation, HandlerOutcome, ToolFuture, ToolInvocation, ToolOutcome,
        handler_future, tool_future,
    },
    returned::{PlainReturn, Returned},
    spec::{AfterDeadline, Handler, HandlerRun, HandlerSpec, Location, Need, Registration, Tool, ToolSpec, json},
    tool_error::ToolError,
};
pub(crate) use self::{
    bounds::{HandlerError, State, ToolOutput},
    invocation::{Scope, States},
    tool_error::{NEUTRAL, ToolErrorKind},
};
