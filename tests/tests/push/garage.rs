//! A program with two tools, as a user writes it.

use hms_webhook::tool;

/// Find free workshop slots for a day.
#[tool]
async fn find_slot(
    /// The day, as YYYY-MM-DD.
    day: String,
    /// How many slots to read out.
    limit: Option<u32>,
) -> Vec<String> {
    vec![day; limit.unwrap_or(1) as usize]
}

/// Send the price list by mail.
#[tool(background, response = "It is on its way.")]
async fn send_prices() {}

#[tokio::main]
async fn main() -> hms_webhook::Result<()> {
    hms_webhook::run().await
}
