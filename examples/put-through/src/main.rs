//! Answers with tools that command the call; needs `HMS_API_KEY` beside `HMS_WEBHOOK_SECRET`.

use hms_webhook::control::CallControl;

#[tokio::main]
async fn main() -> hms_webhook::Result<()> {
    let api_key = std::env::var("HMS_API_KEY")
        .map_err(|_| std::io::Error::other("HMS_API_KEY is not set: set it to a key of the platform's REST API"))?;
    put_through::app(CallControl::new(api_key)?).run().await
}
