//! The tools, with a stand-in of the platform's REST API that notes what it is told.

use std::sync::{Arc, Mutex};

use axum::{
    Json, Router,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    routing::post,
};
use hms_webhook::{control::CallControl, testing::TestPlatform};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// What came: the call, and the command.
type Told = Arc<Mutex<Vec<(String, Value)>>>;

async fn control(
    State((told, busy)): State<(Told, bool)>,
    Path(call): Path<String>,
    headers: HeaderMap,
    Json(command): Json<Value>,
) -> (StatusCode, [(&'static str, &'static str); 1], Json<Value>) {
    assert_eq!(headers["authorization"], "Bearer fl_live_example");
    if busy {
        let body = json!({ "error": "Too many commands", "retry_after": 7 });
        return (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "7")], Json(body));
    }
    told.lock().unwrap().push((call, command));
    (StatusCode::OK, [("x-ratelimit-remaining", "9")], Json(json!({ "success": true, "message": "done" })))
}

async fn desk(busy: bool) -> (TestPlatform, Told) {
    let told = Told::default();
    let router = Router::new().route("/api/v1/calls/{call}/control", post(control)).with_state((told.clone(), busy));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let api_url = format!("http://{}/api/v1", listener.local_addr().unwrap());
    tokio::spawn(async { axum::serve(listener, router).await });
    let control = CallControl::with_api_url("fl_live_example", &api_url).unwrap();
    (TestPlatform::new(put_through::app(control)).unwrap().call_id("call-_+31_a"), told)
}

#[tokio::test]
async fn a_caller_is_put_through() {
    let (platform, told) = desk(false).await;
    let reply = platform.call_tool("put_through", json!({ "department": "workshop" })).await;
    assert_eq!(reply["result"], "the caller is being put through");
    let command = json!({
        "type": "transfer", "destination": "+31201110009", "message": "One moment, I put you through.",
    });
    assert_eq!(*told.lock().unwrap(), [("call-_+31_a".to_owned(), command)]);
}

#[tokio::test]
async fn a_call_is_ended_with_words() {
    let (platform, told) = desk(false).await;
    assert_eq!(platform.call_tool("hang_up", json!({})).await.error(), None);
    let command = json!({ "type": "say", "content": "Thank you for calling. Goodbye!", "end_after": true });
    assert_eq!(told.lock().unwrap()[0].1, command);
}

#[tokio::test]
async fn a_busy_platform_is_told_to_the_model() {
    let (platform, told) = desk(true).await;
    let reply = platform.call_tool("put_through", json!({ "department": "accounts" })).await;
    assert_eq!(reply.error(), Some("the line is busy; ask the caller to wait a moment, then try again"));
    assert!(told.lock().unwrap().is_empty());
}
