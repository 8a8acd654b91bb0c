use hms_webhook::{App, testing::TestPlatform};
use serde_json::json;

#[tokio::test]
async fn end_of_call_report_is_answered() {
    // `App::discover()` finds what is annotated; put your own app here if it has state.
    let platform = TestPlatform::new(App::discover())
        .unwrap()
        .call_id("call-1")
        .caller(Some("+31612000111"));
    let answer = platform.event("end-of-call-report", json!({
        "duration_seconds": 182,
        "end_reason": "user_hangup",
        "summary": "The caller asked about an order and was told when it arrives.",
        "messages": [
            { "role": "assistant", "content": "Good morning, how can I help?" },
            { "role": "user", "content": "Where is my order?" },
        ],
    })).await;
    assert_eq!(answer.status, 200);
    platform.settled().await;
}
