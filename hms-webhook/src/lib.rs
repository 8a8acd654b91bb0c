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

/// Makes a function a tool that the model of a voice agent can call.
///
#[doc = include_str!("../docs/tool.md")]
pub use hms_webhook_macros::tool;

/// Makes a function the one that chooses the assistant of a call.
///
#[doc = include_str!("../docs/assistant_request.md")]
pub use hms_webhook_macros::assistant_request;

/// Makes a function a listener to the states of a call: ringing, in progress, ended.
///
#[doc = include_str!("../docs/status_update.md")]
pub use hms_webhook_macros::status_update;

/// Makes a function the receiver of what is known of a call after its end.
///
#[doc = include_str!("../docs/end_of_call_report.md")]
pub use hms_webhook_macros::end_of_call_report;

/// Makes a function a listener to a type of event that has no macro of its own.
///
#[doc = include_str!("../docs/event.md")]
pub use hms_webhook_macros::event;
