//! Every name that generated code may write. Not for users: it changes without notice.

pub use inventory;

pub use crate::arguments::{Argument, ArgumentSpec, Arguments, Bound, DecodeFault, HasRules, Range, Violation};
pub use crate::blocking::blocking;
pub use crate::event::{AssistantRequest, EndOfCallReport, StatusUpdate, UnknownEvent};
pub use crate::handler::{
    AfterDeadline, AssistantFuture, AssistantRequestParameter, EndOfCallReportParameter, EventFuture, EventParameter,
    Handler, HandlerInvocation, HandlerOutcome, HandlerRun, HandlerSpec, Location, Need, PlainReturn, Registration,
    Returned, StatusUpdateParameter, Tool, ToolFuture, ToolInvocation, ToolOutcome, ToolSpec, handler_future, json,
    tool_future,
};
pub use crate::listed::{count, distinct};
pub use crate::retry::RetryPolicy;
#[cfg(feature = "testing")]
pub use crate::testing::snapshot::assert_tools_snapshot;
pub use crate::value::{ValueOf, example, value};
