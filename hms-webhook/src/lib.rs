//! Typed handlers for the webhooks of voice agents.

mod app;
mod arguments;
#[cfg(feature = "cli")]
mod cli;
mod deadline;
mod delivery;
mod error;
pub mod event;
mod handler;
mod listed;
mod rejection;
pub mod reply;
mod response;
mod router;
mod schema;
#[cfg(feature = "server")]
mod server;
mod service;
mod shape;
pub mod signature;
pub mod testing;
mod value;
mod words;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;

pub use app::{App, DEFAULT_PATH};
#[cfg(feature = "cli")]
pub use cli::run;
pub use deadline::Deadline;
pub use error::{Error, Result, StartupError};
pub use event::{
    Assistant, AssistantRequest, Call, CallStatus, CallType, Customer, EndOfCallReport, EndReason, EventContext,
    MessageRole, PhoneNumber, StatusUpdate, UnknownEvent,
};
pub use handler::ToolError;
pub use reply::{AnalysisPlan, AssistantConfig, AssistantReply, LlmConfig, SttConfig, TtsConfig};
pub use response::ReplyBody;
pub use schema::ToolDefinition;
pub use service::WebhookService;

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
