use hms_webhook::{App, testing::TestPlatform};
use serde_json::json;

#[tokio::test]
async fn find_slot_says_why_not() {
    // `App::discover()` finds what is annotated; put your own app here if it has state.
    let platform = TestPlatform::new(App::discover())
        .unwrap()
        .call_id("call-1")
        .caller(Some("+31612000111"));
    let reply = platform.call_tool("find_slot", json!({
        "limit": [
            5000000000_i64,
            -9223372036854775808_i64,
            18446744073709551615_u64,
            1.2345678901234568e+29,
            9007199254740994.0,
            1.0,
            -0.0,
            1e-7,
        ],
        "day": {},
    })).await;
    assert_eq!(reply.value(), &json!({
        "error": "`limit` must be an integer, got an array. `day` must be a string, got an object",
    }));
}
