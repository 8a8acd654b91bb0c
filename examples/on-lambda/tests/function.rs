//! The function as a process of its own, called through a stand-in of Lambda's runtime API.

use std::{
    process::Stdio,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use tokio::{net::TcpListener, process::Command, sync::mpsc};

const SECRET: &str = "demo-secret-1";

/// What waits to be asked for, and where answers go.
#[derive(Clone)]
struct RuntimeApi {
    events: Arc<Mutex<Vec<Value>>>,
    answers: mpsc::UnboundedSender<Value>,
}

async fn next(State(api): State<RuntimeApi>) -> Response {
    let event = api.events.lock().unwrap().pop();
    let Some(event) = event else { return std::future::pending().await };
    let headers = [
        ("lambda-runtime-aws-request-id", "request-1"),
        ("lambda-runtime-deadline-ms", "9999999999999"),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:eu-west-1:000000000000:function:desk"),
    ];
    (headers, Json(event)).into_response()
}

async fn respond(State(api): State<RuntimeApi>, answer: String) -> (StatusCode, &'static str) {
    let _ = api.answers.send(serde_json::from_str(&answer).expect("an answer is JSON"));
    (StatusCode::ACCEPTED, r#"{"status":"OK"}"#)
}

/// Calls the function with each event in turn.
async fn answers(mut events: Vec<Value>) -> Vec<Value> {
    let count = events.len();
    events.reverse();
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let api = RuntimeApi { events: Arc::new(Mutex::new(events)), answers: sender };
    let router = Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route("/2018-06-01/runtime/invocation/{request}/response", post(respond))
        .with_state(api);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async { axum::serve(listener, router).await });

    let function = Command::new(env!("CARGO_BIN_EXE_on-lambda"))
        .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
        .env("AWS_LAMBDA_FUNCTION_NAME", "desk")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
        .env("HMS_WEBHOOK_SECRET", SECRET)
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut answers = Vec::new();
    while answers.len() < count {
        let answer = tokio::time::timeout(Duration::from_secs(20), receiver.recv());
        answers.push(answer.await.expect("the function answers").unwrap());
    }
    drop(function);
    answers
}

/// A request to the function's URL (payload format 2.0) that delivers `message`.
fn event(message: Value, secret: &str) -> Value {
    let body = json!({ "message": message }).to_string();
    let timestamp = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("{timestamp}.{body}").as_bytes());
    let tag: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    let path = "/webhooks/hms-sovereign";
    json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {
            "content-type": "application/json",
            "x-webhook-timestamp": timestamp.to_string(),
            "x-webhook-signature": format!("sha256={tag}"),
        },
        "requestContext": {
            "accountId": "anonymous", "apiId": "desk", "domainName": "desk.example.com", "domainPrefix": "desk",
            "http": { "method": "POST", "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "HMS-Sovereign/1.0" },
            "requestId": "request-1", "routeKey": "$default", "stage": "$default",
            "time": "03/Feb/2026:09:15:00 +0000", "timeEpoch": 1_770_110_100_000_i64,
        },
        "body": body,
        "isBase64Encoded": false,
    })
}

fn message(kind: &str, more: Value) -> Value {
    let mut message = json!({
        "type": kind,
        "call": { "id": "c-1", "type": "inbound_phone_call", "status": "in-progress" },
    });
    message.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
    message
}

#[tokio::test]
async fn a_signed_delivery_is_answered_and_an_unsigned_one_refused() {
    let function = json!({ "name": "closing_time", "arguments": { "day": "Friday" } });
    let calls = json!({ "tool_call_list": [{ "id": "tool_1", "type": "function", "function": function }] });
    let answers = answers(vec![
        event(message("tool-calls", calls.clone()), SECRET),
        event(message("end-of-call-report", json!({ "duration_seconds": 182 })), SECRET),
        event(message("tool-calls", calls), "another"),
    ])
    .await;
    let statuses: Vec<_> = answers.iter().map(|answer| answer["statusCode"].as_u64().unwrap()).collect();
    assert_eq!(statuses, [200, 200, 401], "{answers:#?}");
    let body: Value = serde_json::from_str(answers[0]["body"].as_str().unwrap()).unwrap();
    assert_eq!(body["results"][0], json!({ "tool_call_id": "tool_1", "result": { "result": "six in the evening" } }));
}
