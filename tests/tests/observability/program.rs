//! The program whose metrics are looked at: handlers that end in every way.

use hms_webhook::{
    App, AssistantReply, AssistantRequest, StatusUpdate, ToolError, assistant_request, status_update, tool,
};

/// Answer.
#[tool]
async fn good() -> &'static str {
    "hello"
}

/// Never answer.
#[tool(deadline = "50ms")]
async fn slow() {
    std::future::pending::<()>().await;
}

/// Panic.
#[tool]
async fn panics() {
    panic!("as it is meant to");
}

/// Tell something.
#[tool]
async fn tells() -> Result<(), ToolError> {
    Err(ToolError::tell("no"))
}

/// Fail.
#[tool]
async fn fails() -> Result<(), ToolError> {
    Err(ToolError::internal("no network"))
}

/// Take a number.
#[tool]
async fn takes(
    /** A number. */
    number: u8,
) -> u8 {
    number
}

#[assistant_request]
async fn answer(_request: AssistantRequest) -> AssistantReply {
    AssistantReply::saved()
}

#[status_update]
async fn note(_update: StatusUpdate) {}

#[tokio::main]
async fn main() -> hms_webhook::Result<()> {
    App::discover().run().await
}
