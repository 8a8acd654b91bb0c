//! What a function returned, made into an outcome.

use super::{HandlerError, HandlerOutcome, ToolError, ToolOutcome, ToolOutput};
use crate::reply::AssistantReply;

/// What a user's function returned, not yet known to be a `Result` or not.
///
/// The inherent methods exist for a `Result` only and win over those of [`PlainReturn`], which everything
/// has. That is how a `Result` is told from another value without looking at how its type is spelled.
#[doc(hidden)]
#[derive(Debug)]
pub struct Returned<T>(pub T);

impl<T, E> Returned<Result<T, E>> {
    pub fn tool(self) -> ToolOutcome
    where
        T: ToolOutput,
        E: HandlerError,
    {
        match self.0 {
            Ok(value) => Returned(value).tool(),
            Err(error) => Err(ToolError::internal(error.into_boxed())),
        }
    }

    pub fn assistant(self) -> HandlerOutcome<AssistantReply>
    where
        T: AssistantReturn,
        E: HandlerError,
    {
        self.0.map(T::into_reply).map_err(E::into_boxed)
    }

    pub fn event(self) -> HandlerOutcome<()>
    where
        T: EventReturn,
        E: HandlerError,
    {
        self.0.map(|_| ()).map_err(E::into_boxed)
    }
}

/// See [`Returned`].
#[doc(hidden)]
pub trait PlainReturn {
    type Value;
    fn tool(self) -> ToolOutcome
    where
        Self::Value: ToolOutput;
    fn assistant(self) -> HandlerOutcome<AssistantReply>
    where
        Self::Value: AssistantReturn;
    fn event(self) -> HandlerOutcome<()>
    where
        Self::Value: EventReturn;
}

impl<T> PlainReturn for Returned<T> {
    type Value = T;

    fn tool(self) -> ToolOutcome
    where
        T: ToolOutput,
    {
        match self.0.to_json() {
            Ok(json) => Ok(json),
            Err(error) => Err(ToolError::internal(format!("the result cannot be written as JSON: {error}"))),
        }
    }

    fn assistant(self) -> HandlerOutcome<AssistantReply>
    where
        T: AssistantReturn,
    {
        Ok(self.0.into_reply())
    }

    fn event(self) -> HandlerOutcome<()>
    where
        T: EventReturn,
    {
        Ok(())
    }
}

/// What an `#[assistant_request]` function returns, by itself or in a `Result`.
#[diagnostic::on_unimplemented(
    message = "an `#[assistant_request]` handler cannot return `{Self}`",
    label = "write `AssistantReply` or `Result<AssistantReply, …>` here"
)]
pub trait AssistantReturn {
    #[doc(hidden)]
    fn into_reply(self) -> AssistantReply;
}

impl AssistantReturn for AssistantReply {
    fn into_reply(self) -> AssistantReply {
        self
    }
}

/// What the handler of a notification returns, by itself or in a `Result`: nothing.
#[diagnostic::on_unimplemented(
    message = "the handler of a notification cannot return `{Self}`",
    label = "write nothing, or `Result<(), …>` here",
    note = "the platform ignores the answer to a notification, so there is nothing to return"
)]
pub trait EventReturn {}

impl EventReturn for () {}
