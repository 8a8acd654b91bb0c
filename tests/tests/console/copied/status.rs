use hms_webhook::{App, CallStatus, testing::TestPlatform};

#[tokio::test]
async fn status_update_is_answered() {
    // `App::discover()` finds what is annotated; put your own app here if it has state.
    let platform = TestPlatform::new(App::discover())
        .unwrap()
        .call_id("call-1")
        .caller(Some("+31612000111"));
    platform.status_update(CallStatus::IN_PROGRESS).await;
    platform.settled().await;
}
