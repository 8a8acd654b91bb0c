//! One tool and a server that answers for it.

use hms_webhook::{ToolError, tool};

/// Say until when the shop is open on a day of the week.
#[tool]
async fn closing_time(
    /** The day in English, for example "Friday". */
    day: String,
) -> Result<String, ToolError> {
    match day.to_lowercase().as_str() {
        "sunday" => Err(ToolError::tell("the shop is closed on Sundays")),
        _ => Ok("six in the evening".into()),
    }
}

#[tokio::main]
async fn main() -> hms_webhook::Result<()> {
    hms_webhook::run().await
}
