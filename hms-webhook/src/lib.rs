//! Typed handlers for the webhooks of voice agents.

pub mod arguments;
pub mod deadline;
pub mod event;
pub mod handler;
pub mod reply;
pub mod schema;
mod shape;

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
