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

#[cfg(test)]
mod tests {
    use hms_webhook::{App, testing::TestPlatform};
    use serde_json::json;

    #[tokio::test]
    async fn the_model_is_told_when_the_shop_closes() {
        let platform = TestPlatform::new(App::discover()).unwrap();
        let friday = platform.call_tool("closing_time", json!({ "day": "Friday" })).await;
        assert_eq!(friday["result"], "six in the evening");
        let sunday = platform.call_tool("closing_time", json!({ "day": "Sunday" })).await;
        assert_eq!(sunday.error(), Some("the shop is closed on Sundays"));
    }
}
