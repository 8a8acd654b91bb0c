//! The slow tool and its deadline, on a paused clock: this test takes no time.

use std::time::Duration;

use hms_webhook::{App, testing::TestPlatform, tools};
use order_desk::stock;
use serde_json::json;
use tokio::time::Instant;

use crate::desk;

#[tokio::test(start_paused = true)]
async fn the_caller_waits_no_longer_than_the_deadline() {
    let platform = TestPlatform::new(App::new().tools(tools![stock::count_stock])).expect("the app is complete");
    let started = Instant::now();
    let reply = platform.call_tool("count_stock", json!({ "article": "rear light" })).await;
    assert_eq!(
        reply.error(),
        Some("the tool took too long and was given up; tell the caller that this cannot be done right now")
    );
    assert_eq!(started.elapsed().as_secs(), 3);
}

#[tokio::test(start_paused = true)]
async fn in_time_it_would_count() {
    let started = Instant::now();
    assert_eq!(stock::count_stock("bell".into()).await, "somebody counted seven pieces of bell");
    assert_eq!(started.elapsed(), Duration::from_secs(20));
}

#[tokio::test]
async fn it_is_there_only_if_asked_for() {
    let (platform, _) = desk();
    let reply = platform.call_tool("count_stock", json!({ "article": "bell" })).await;
    assert!(reply.error().is_some_and(|told| told.starts_with("there is no tool `count_stock`")), "{reply}");
}
