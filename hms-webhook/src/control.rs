//! Commands to a phone call that is going on: speak, add to the model's context, transfer, hang up (PROTOCOL.md §6).
//!
//! ```
//! use hms_webhook::{Call, ToolError, control::{CallControl, CallCommand}, tool};
//!
//! /// Put the caller through to a person in the workshop.
//! #[tool]
//! async fn to_the_workshop(control: &CallControl, call: &Call) -> Result<&'static str, ToolError> {
//!     let transfer = CallCommand::transfer("+31201110009").with_message("One moment, I put you through.");
//!     control.send(call.id(), &transfer).await?;
//!     Ok("the caller is being put through")
//! }
//! ```
//!
//! Give the app one with `.state(CallControl::new(api_key)?)`. A handler borrows it like every other state.

use std::{error, fmt, time::Duration};

use http::{Method, StatusCode};
use serde::Serialize;

use crate::rest::{Credential, DEFAULT_API_URL, Failure, Resource, RestClient};

/// A client of the platform's call control (PROTOCOL.md §6). It is cheap to clone, and no form of it shows the key.
#[derive(Debug, Clone)]
pub struct CallControl {
    rest: RestClient,
}

impl CallControl {
    /// A client that identifies itself by `api_key` to the platform's public API.
    ///
    /// # Errors
    /// When the key has a character that no header can carry.
    pub fn new(api_key: impl Into<String>) -> Result<Self, ControlError> {
        Self::with_api_url(api_key, DEFAULT_API_URL)
    }

    /// The same for an API at another address: `https://…`, or `http://` on this machine, as in a test.
    ///
    /// # Errors
    /// Says what is wrong with the address or the key.
    pub fn with_api_url(api_key: impl Into<String>, api_url: &str) -> Result<Self, ControlError> {
        let key = Credential::new(api_key.into());
        let rest = RestClient::new(api_url, &key, Resource::Call).map_err(|problem| ControlError(Why::Set(problem)))?;
        Ok(Self { rest })
    }

    /// Sends `command` to the call with this id, which has to be in progress.
    ///
    /// It is sent once: a command whose answer got lost may have been carried out, and saying something twice is
    /// worse than being told that it failed. The platform takes ten commands a minute for each call (PROTOCOL.md §6);
    /// [`ControlError::retry_after`] says how long to wait beyond that.
    ///
    /// # Errors
    /// When the platform refuses the command, or gives no answer.
    pub async fn send(&self, call_id: &str, command: &CallCommand) -> Result<(), ControlError> {
        if call_id.is_empty() || call_id == "." || call_id == ".." {
            return Err(ControlError(Why::Set("the call's id is empty: a handler's `Call::id` has it".into())));
        }
        let url = self.rest.url(&["calls", call_id, "control"]);
        // `{"success": true, "message": "…"}` says no more than the status does.
        let sent = self.rest.exchange(Method::POST, url, Some(command), None).await;
        sent.map(drop).map_err(|failure| ControlError(Why::Failed(failure)))
    }
}

/// What a call can be told to do (PROTOCOL.md §6).
///
/// ```
/// use hms_webhook::control::CallCommand;
/// use serde_json::json;
///
/// let closing = CallCommand::end_call().with_message("Thank you for calling.");
/// assert_eq!(serde_json::to_value(&closing)?, json!({ "type": "end-call", "message": "Thank you for calling." }));
///
/// let hint = CallCommand::inform("The order was shipped this morning.");
/// assert_eq!(
///     serde_json::to_value(&hint)?,
///     json!({ "type": "inject-context", "content": "The order was shipped this morning.", "trigger_response": false }),
/// );
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum CallCommand {
    /// Adds to what the model knows of the conversation.
    InjectContext {
        /// What is added.
        content: String,
        /// Whether the model answers to it at once.
        trigger_response: bool,
    },
    /// Speaks.
    Say {
        /// The words.
        content: String,
        /// Whether the call ends afterwards.
        end_after: bool,
    },
    /// Hangs up.
    EndCall {
        /// What is said before.
        #[serde(skip_serializing_if = "Option::is_none")]
        message: Option<String>,
    },
    /// Puts the caller through.
    Transfer {
        /// A number in E.164 or a SIP address.
        destination: String,
        /// What is said before.
        #[serde(skip_serializing_if = "Option::is_none")]
        message: Option<String>,
    },
}

impl CallCommand {
    /// Speaks `content`, and the conversation goes on.
    pub fn say(content: impl Into<String>) -> Self {
        Self::Say { content: content.into(), end_after: false }
    }

    /// Speaks `content` and hangs up.
    pub fn say_and_end(content: impl Into<String>) -> Self {
        Self::Say { content: content.into(), end_after: true }
    }

    /// Lets the model know `content`, without answering to it.
    pub fn inform(content: impl Into<String>) -> Self {
        Self::InjectContext { content: content.into(), trigger_response: false }
    }

    /// Lets the model know `content` and answer to it at once.
    pub fn inform_and_respond(content: impl Into<String>) -> Self {
        Self::InjectContext { content: content.into(), trigger_response: true }
    }

    /// Puts the caller through to `destination`: a number in E.164 or a SIP address.
    pub fn transfer(destination: impl Into<String>) -> Self {
        Self::Transfer { destination: destination.into(), message: None }
    }

    /// Hangs up.
    pub fn end_call() -> Self {
        Self::EndCall { message: None }
    }

    /// What is said before a transfer or before hanging up. The other commands have words of their own and stay as they are.
    #[must_use]
    pub fn with_message(mut self, text: impl Into<String>) -> Self {
        if let Self::EndCall { message } | Self::Transfer { message, .. } = &mut self {
            *message = Some(text.into());
        }
        self
    }
}

/// Why a command was not carried out, in one line without the key.
///
/// ```
/// use hms_webhook::{ToolError, control::ControlError};
///
/// fn told(error: ControlError) -> ToolError {
///     match error.retry_after() {
///         Some(wait) => ToolError::tell(format!("not put through: try again in {} seconds", wait.as_secs())),
///         None if error.may_have_been_carried_out() => ToolError::tell("the caller may have been put through"),
///         None => ToolError::internal(error),
///     }
/// }
/// ```
pub struct ControlError(Why);

enum Why {
    /// Something that this program has set.
    Set(String),
    Failed(Failure),
}

impl ControlError {
    /// The platform's status, where it answered: 400 when the call is not in progress or the command is not taken, 404
    /// when there is no such call, 429 after too many commands (PROTOCOL.md §6).
    pub fn status(&self) -> Option<StatusCode> {
        match &self.0 {
            Why::Set(_) => None,
            Why::Failed(failure) => failure.status(),
        }
    }

    /// How long the platform asks to wait before the next command.
    pub fn retry_after(&self) -> Option<Duration> {
        match &self.0 {
            Why::Set(_) => None,
            Why::Failed(failure) => failure.asked_wait(),
        }
    }

    /// Whether the command may have been carried out all the same, as when the answer got lost.
    pub fn may_have_been_carried_out(&self) -> bool {
        matches!(&self.0, Why::Failed(failure) if failure.leaves_open())
    }
}

impl fmt::Display for ControlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Why::Set(problem) => f.write_str(problem),
            Why::Failed(failure) => failure.fmt(f),
        }
    }
}

impl fmt::Debug for ControlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl error::Error for ControlError {}
