//! The program that the tests of whole processes start: what a user would write, with limits for the occasion.

use std::time::Duration;

use hms_webhook::{App, EndOfCallReport, StatusUpdate, end_of_call_report, status_update, tool};

/// Say hello.
#[tool]
async fn hello() -> &'static str {
    "hello"
}

/// Say hello after a while.
#[tool]
async fn hello_later() -> &'static str {
    tokio::time::sleep(Duration::from_millis(30)).await;
    "hello"
}

#[status_update]
async fn note(_update: StatusUpdate) {}

#[end_of_call_report]
async fn file(_report: EndOfCallReport) {}

#[tokio::main]
async fn main() -> hms_webhook::Result<()> {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<usize>().ok());
    let app = App::discover().limits(|limits| {
        limits.connections = 20_000;
        limits.connections_per_address = 20_000;
        limits.body = number("UNDER_FIRE_BODY").unwrap_or(limits.body);
        limits.bodies = limits.bodies.max(limits.body / 3 * 4 + 4);
        limits.idle_time = Duration::from_secs(60);
        limits.head_time = Duration::from_secs(60);
    });
    app.run().await
}
