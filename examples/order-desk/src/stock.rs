//! A tool that is slower than anyone on the phone would wait.

use std::time::Duration;

use hms_webhook::tool;

/// Count how many pieces of an article are on the shelf.
#[tool(deadline = "3s", message = "One moment, I am walking to the shelf.")]
pub async fn count_stock(
    /// The article, for example rear light.
    article: String,
) -> String {
    tokio::time::sleep(Duration::from_secs(20)).await;
    format!("somebody counted seven pieces of {article}")
}
