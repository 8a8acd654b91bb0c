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
#[cfg(feature = "push")]
mod push;
mod rejection;
pub mod reply;
mod response;
mod router;
mod schema;
#[cfg(feature = "server")]
mod server;
mod service;
pub mod signature;
pub mod testing;
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
pub use handler::{Handler, Tool, ToolError};
pub use reply::AssistantReply;
pub use response::ReplyBody;
pub use service::WebhookService;

/// Lists tools by hand: `App::new().tools(tools![lookup_order, book_slot])`.
#[macro_export]
macro_rules! tools {
    ($($tool:path),* $(,)?) => { [$(&<$tool as $crate::Tool>::SPEC),*] };
}

/// Lists event handlers by hand: `App::new().handlers(handlers![greet, file_report])`.
#[macro_export]
macro_rules! handlers {
    ($($handler:path),* $(,)?) => { [$(&<$handler as $crate::Handler>::SPEC),*] };
}
