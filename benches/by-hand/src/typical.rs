//! The same work as it is written in a hurry: owned strings, an internally tagged enum, `Value` for the arguments,
//! the key made anew for each request.

use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::{DEADLINE, LookupOrder, TOLERANCE, decode_tag, lookup_order, now};

#[derive(Deserialize)]
struct Envelope {
    message: Message,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
#[allow(dead_code)]
enum Message {
    ToolCalls(ToolCalls),
    StatusUpdate { status: String },
    EndOfCallReport { summary: String },
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct ToolCalls {
    timestamp: String,
    call: Call,
    phone_number: PhoneNumber,
    customer: Customer,
    tool_call_list: Vec<ToolCall>,
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct Call {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    status: String,
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct PhoneNumber {
    number: String,
    name: String,
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct Customer {
    number: String,
}

#[derive(Deserialize)]
struct ToolCall {
    id: String,
    function: Function,
}

#[derive(Deserialize)]
struct Function {
    name: String,
    arguments: Value,
}

pub async fn answer(secret: &[u8], headers: &HeaderMap, body: &[u8]) -> Result<Value, StatusCode> {
    const REFUSED: StatusCode = StatusCode::UNAUTHORIZED;
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).ok_or(REFUSED);
    let timestamp = text("x-webhook-timestamp")?;
    let seconds: u64 = timestamp.parse().map_err(|_| REFUSED)?;
    if now().abs_diff(seconds) > TOLERANCE {
        return Err(REFUSED);
    }
    let digits = text("x-webhook-signature")?.strip_prefix("sha256=").ok_or(REFUSED)?;
    let tag = decode_tag(digits.as_bytes()).ok_or(REFUSED)?;
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).map_err(|_| REFUSED)?;
    mac.update(format!("{timestamp}.").as_bytes());
    mac.update(body);
    mac.verify_slice(&tag).map_err(|_| REFUSED)?;

    let envelope: Envelope = serde_json::from_slice(body).map_err(|_| StatusCode::BAD_REQUEST)?;
    let Message::ToolCalls(message) = envelope.message else { return Err(StatusCode::BAD_REQUEST) };
    let mut results = Vec::new();
    for call in message.tool_call_list {
        results.push(match run(&call.function.name, call.function.arguments).await {
            Ok(result) => json!({"tool_call_id": call.id, "result": result}),
            Err(error) => json!({"tool_call_id": call.id, "error": error}),
        });
    }
    Ok(json!({ "results": results }))
}

async fn run(name: &str, arguments: Value) -> Result<Value, String> {
    match name {
        "lookup_order" => {
            let arguments: LookupOrder = serde_json::from_value(arguments).map_err(|error| error.to_string())?;
            let outcome = tokio::time::timeout(DEADLINE, lookup_order(arguments)).await;
            serde_json::to_value(outcome.map_err(|_| "too late")??).map_err(|error| error.to_string())
        }
        other => Err(format!("there is no tool {other}")),
    }
}
