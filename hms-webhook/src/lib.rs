//! Typed handlers for the webhooks of voice agents.

pub mod arguments;
pub mod deadline;
pub mod event;
pub mod handler;
mod listed;
pub mod reply;
pub mod schema;
mod value;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;

pub use deadline::Deadline;
pub use event::{
    Assistant, AssistantRequest, Call, CallStatus, CallType, Customer, EndOfCallReport, EventContext, PhoneNumber,
    StatusUpdate, UnknownEvent,
};
pub use handler::ToolError;
pub use reply::AssistantReply;

#[doc(inline)]
pub use handler::{Handler, Tool};

pub use hms_webhook_macros::{assistant_request, end_of_call_report, event, status_update, tool};
