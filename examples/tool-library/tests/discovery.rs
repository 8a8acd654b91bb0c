//! That a program finds the tools of a library crate: this test is such a program.

use hms_webhook::{App, testing::TestPlatform};
use serde_json::json;
use tool_library::Rates;

fn platform() -> TestPlatform {
    TestPlatform::new(App::discover().state(Rates(vec![("CHF".into(), 0.94)]))).unwrap()
}

#[tokio::test]
async fn a_tool_of_the_library_is_found_and_runs() {
    let reply = platform().call_tool("convert_euros", json!({ "euros": 25, "currency": "chf" })).await;
    assert_eq!(reply["result"], 23.5);
}

#[tokio::test]
async fn its_constraints_come_along() {
    let reply = platform().call_tool("convert_euros", json!({ "euros": -1, "currency": "francs" })).await;
    let error = reply.error().unwrap();
    assert!(error.contains("euros") && error.contains("currency"), "{error}");
}
