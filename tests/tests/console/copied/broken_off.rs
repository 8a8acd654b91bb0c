use hms_webhook::{App, testing::TestPlatform};
use serde_json::json;

#[tokio::test]
async fn status_update_is_answered() {
    // `App::discover()` finds what is annotated; put your own app here if it has state.
    let platform = TestPlatform::new(App::discover())
        .unwrap()
        .call_id("call-1")
        .caller(Some("+31612000111"));
    let answer = platform.event("status-update", json!({
        "call": { "id": "call-1", "type": "inbound_phone_call", "status": "ended-with-error" },
        "error": "speech recognition lost",
        "end_reason": "error",
    })).await;
    assert_eq!(answer.status, 200);
    platform.settled().await;
}
