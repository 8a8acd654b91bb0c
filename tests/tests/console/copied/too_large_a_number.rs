use hms_webhook::{App, testing::TestPlatform};
use serde_json::json;

#[tokio::test]
async fn the_delivery_is_answered() {
    // `App::discover()` finds what is annotated; put your own app here if it has state.
    let platform = TestPlatform::new(App::discover()).unwrap();
    let answer = platform.deliver("{\"message\":{\"type\":\"tool-calls\",\"timestamp\":\"2026-02-05T12:00:00Z\",\"call\":{\"id\":\"call-1\",\"type\":\"inbound_phone_call\",\"status\":\"in-progress\"},\"phone_number\":{\"number\":\"+31201110000\"},\"customer\":{\"number\":\"+31612000111\"},\"tool_call_list\":[{\"id\":\"tool_1\",\"type\":\"function\",\"function\":{\"name\":\"find_slot\",\"arguments\":{\"limit\":1e999,\"day\":{}}}}]}}").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json(), json!({
        "results": [
            {
                "tool_call_id": "tool_1",
                "result": {
                    "error": "`limit` must be an integer from 0 to 4294967295, got the number 1e999. `day` must be a string, got an object",
                },
            },
        ],
    }));
}
