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

pub use hms_webhook_macros::{assistant_request, end_of_call_report, event, status_update, tool};
