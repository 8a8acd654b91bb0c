//! Tools that command the call they belong to, through the platform's call control.

use hms_webhook::{
    App, Call, ToolError,
    control::{CallCommand, CallControl},
    tool, tools,
};

/// The departments that a caller can be put through to.
#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Department {
    /// Repairs and appointments.
    Workshop,
    /// Invoices and payments.
    Accounts,
}

impl Department {
    fn number(&self) -> &'static str {
        match self {
            Self::Workshop => "+31201110009",
            Self::Accounts => "+31201110010",
        }
    }
}

/// Put the caller through to a person. Use it when the caller asks for one.
#[tool]
async fn put_through(
    /// Where to.
    department: Department,
    control: &CallControl,
    call: &Call,
) -> Result<&'static str, ToolError> {
    let transfer = CallCommand::transfer(department.number()).with_message("One moment, I put you through.");
    control.send(call.id(), &transfer).await.map_err(|error| match error.retry_after() {
        Some(_) => ToolError::tell("the line is busy; ask the caller to wait a moment, then try again").because(error),
        None => ToolError::from(error),
    })?;
    Ok("the caller is being put through")
}

/// Say goodbye and hang up. Use it when the caller has nothing more to ask.
#[tool]
async fn hang_up(control: &CallControl, call: &Call) -> Result<(), ToolError> {
    control.send(call.id(), &CallCommand::say_and_end("Thank you for calling. Goodbye!")).await?;
    Ok(())
}

/// The app, with a client of the platform's REST API that its tools borrow.
pub fn app(control: CallControl) -> App {
    App::new().tools(tools![put_through, hang_up]).state(control)
}
