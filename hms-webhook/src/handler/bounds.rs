//! What the types in a handler's signature must satisfy, with what to write where they do not.

use std::{any::Any, error::Error};

use serde::Serialize;

use crate::event::{AssistantRequest, EndOfCallReport, StatusUpdate, UnknownEvent};

/// A value that a tool may return. Implemented for everything that implements [`serde::Serialize`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the result of a tool",
    label = "this does not implement `serde::Serialize`",
    note = "a tool's result is sent as JSON: `{Self}`, or what it holds, needs `#[derive(serde::Serialize)]`"
)]
pub trait ToolOutput {
    #[doc(hidden)]
    fn to_json(&self) -> serde_json::Result<String>;
}

#[diagnostic::do_not_recommend]
impl<T: Serialize> ToolOutput for T {
    fn to_json(&self) -> serde_json::Result<String> {
        serde_json::to_string(self)
    }
}

/// An error that a handler may return: [`ToolError`], every [`std::error::Error`], and what converts into a boxed one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the error of a handler",
    label = "this does not implement `std::error::Error`",
    note = "return `hms_webhook::ToolError`, or implement `std::error::Error` for `{Self}`"
)]
pub trait HandlerError {
    #[doc(hidden)]
    fn into_boxed(self) -> Box<dyn Error + Send + Sync>;
}

#[diagnostic::do_not_recommend]
impl<E: Into<Box<dyn Error + Send + Sync>>> HandlerError for E {
    fn into_boxed(self) -> Box<dyn Error + Send + Sync> {
        self.into()
    }
}

/// A value that handlers may borrow from the server. Implemented for everything that threads can share.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be borrowed from the server",
    label = "threads cannot share this",
    note = "handlers run on several threads at once: what they borrow must be `Send + Sync + 'static`; \
            `Arc` instead of `Rc` and a `Mutex` instead of a `RefCell` usually do"
)]
pub trait State: Any + Send + Sync {}

#[diagnostic::do_not_recommend]
impl<T: Any + Send + Sync> State for T {}

macro_rules! event_parameter {
    ($(#[$attribute:meta])* $name:ident, $event:ty) => {
        $(#[$attribute])*
        pub trait $name {
            #[doc(hidden)]
            fn from_event(event: $event) -> Self;
        }

        impl $name for $event {
            fn from_event(event: $event) -> Self {
                event
            }
        }
    };
}

event_parameter!(
    /// The owned parameter of an `#[assistant_request]` function.
    #[diagnostic::on_unimplemented(
        message = "`{Self}` is not what an `#[assistant_request]` handler is given",
        label = "write `AssistantRequest` here",
        note = "its one owned parameter is `hms_webhook::AssistantRequest`; everything else is borrowed, like `&Call`"
    )]
    AssistantRequestParameter, AssistantRequest
);
event_parameter!(
    /// The owned parameter of a `#[status_update]` function.
    #[diagnostic::on_unimplemented(
        message = "`{Self}` is not what a `#[status_update]` handler is given",
        label = "write `StatusUpdate` here",
        note = "its one owned parameter is `hms_webhook::StatusUpdate`; everything else is borrowed, like `&Call`"
    )]
    StatusUpdateParameter, StatusUpdate
);
event_parameter!(
    /// The owned parameter of an `#[end_of_call_report]` function.
    #[diagnostic::on_unimplemented(
        message = "`{Self}` is not what an `#[end_of_call_report]` handler is given",
        label = "write `EndOfCallReport` here",
        note = "its one owned parameter is `hms_webhook::EndOfCallReport`; everything else is borrowed, like `&Call`"
    )]
    EndOfCallReportParameter, EndOfCallReport
);
event_parameter!(
    /// The owned parameter of an `#[event("…")]` function.
    #[diagnostic::on_unimplemented(
        message = "`{Self}` is not what an `#[event]` handler is given",
        label = "write `UnknownEvent` here",
        note = "its one owned parameter is `hms_webhook::UnknownEvent`; everything else is borrowed, like `&Call`"
    )]
    EventParameter, UnknownEvent
);
