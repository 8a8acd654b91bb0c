//! The whole application, asked in process: its own route, the webhook, and the layer around both.

use std::time::{SystemTime, UNIX_EPOCH};

use axum::{
    body::Body,
    http::{Request, StatusCode},
    response::Response,
};
use hmac::{Hmac, KeyInit, Mac};
use http_body_util::BodyExt;
use in_axum::{Shop, application};
use serde_json::{Value, json};
use tower::ServiceExt;

const SECRET: &str = "demo-secret-1";

async fn ask(request: Request<Body>) -> (StatusCode, Value) {
    let (router, _) = application(Shop::demonstration(), SECRET).unwrap();
    let response: Response = router.oneshot(request).await.unwrap();
    assert_eq!(response.headers()["x-shop"], "garage-noord", "the layer saw it");
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap_or_default())
}

fn delivery(secret: &str) -> Request<Body> {
    let body = json!({ "message": {
        "type": "tool-calls",
        "call": { "id": "c-1", "type": "inbound_phone_call", "status": "in-progress" },
        "tool_call_list": [{
            "id": "tool_1", "type": "function",
            "function": { "name": "lookup_order", "arguments": { "order_id": "A-1042" } },
        }],
    } })
    .to_string();
    let timestamp = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("{timestamp}.{body}").as_bytes());
    let tag: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    Request::post("/webhooks/hms-sovereign")
        .header("x-webhook-timestamp", timestamp)
        .header("x-webhook-signature", format!("sha256={tag}"))
        .body(Body::from(body))
        .unwrap()
}

#[tokio::test]
async fn the_applications_own_route_answers() {
    let request = Request::get("/orders/A-1042").body(Body::empty()).unwrap();
    assert_eq!(ask(request).await, (StatusCode::OK, json!({ "order_id": "A-1042", "status": "shipped" })));
}

#[tokio::test]
async fn the_webhook_answers_from_the_same_orders() {
    let result = json!({ "order_id": "A-1042", "status": "shipped" });
    let answer = json!({ "results": [{ "tool_call_id": "tool_1", "result": result }] });
    assert_eq!(ask(delivery(SECRET)).await, (StatusCode::OK, answer));
}

#[tokio::test]
async fn another_secret_is_refused() {
    assert_eq!(ask(delivery("another")).await.0, StatusCode::UNAUTHORIZED);
}
