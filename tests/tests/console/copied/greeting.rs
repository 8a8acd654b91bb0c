use hms_webhook::{App, testing::TestPlatform};
use serde_json::json;

#[tokio::test]
async fn assistant_request_is_answered() {
    // `App::discover()` finds what is annotated; put your own app here if it has state.
    let platform = TestPlatform::new(App::discover())
        .unwrap()
        .call_id("call-1")
        .caller(Some("+31612000111"));
    let answer = platform.event("assistant-request", json!({})).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json(), json!({}));
}
