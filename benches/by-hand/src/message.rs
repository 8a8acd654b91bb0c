//! The messages, typed; what can be borrowed from the body is.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    message: Message<'a>,
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct Message<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    timestamp: Cow<'a, str>,
    #[serde(borrow)]
    call: Call<'a>,
    #[serde(borrow)]
    phone_number: PhoneNumber<'a>,
    #[serde(borrow)]
    customer: Customer<'a>,
    #[serde(borrow)]
    tool_call_list: Vec<ToolCall<'a>>,
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct Call<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    status: Cow<'a, str>,
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct PhoneNumber<'a> {
    #[serde(borrow)]
    number: Cow<'a, str>,
    #[serde(borrow)]
    name: Cow<'a, str>,
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct Customer<'a> {
    #[serde(borrow)]
    number: Cow<'a, str>,
}

#[derive(Deserialize)]
pub struct ToolCall<'a> {
    #[serde(borrow)]
    pub id: Cow<'a, str>,
    #[serde(rename = "type", borrow)]
    pub kind: Cow<'a, str>,
    #[serde(borrow)]
    pub function: Function<'a>,
}

#[derive(Deserialize)]
pub struct Function<'a> {
    #[serde(borrow)]
    pub name: Cow<'a, str>,
    #[serde(borrow)]
    pub arguments: &'a RawValue,
}

#[derive(Deserialize)]
pub struct LookupOrder {
    pub order_id: String,
}

#[derive(Serialize)]
pub struct OrderStatus {
    pub order_id: String,
    pub status: &'static str,
    pub eta_days: u32,
}

pub async fn lookup_order(arguments: LookupOrder) -> Result<OrderStatus, String> {
    Ok(OrderStatus { order_id: arguments.order_id, status: "shipped", eta_days: 2 })
}

#[derive(Serialize)]
pub struct ToolResult<'a> {
    tool_call_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<OrderStatus>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl<'a> ToolResult<'a> {
    pub fn new(tool_call_id: &'a str, outcome: Result<OrderStatus, String>) -> Self {
        let (result, error) = match outcome {
            Ok(result) => (Some(result), None),
            Err(error) => (None, Some(error)),
        };
        Self { tool_call_id, result, error }
    }
}

#[derive(Serialize)]
pub struct Reply<'a> {
    pub results: Vec<ToolResult<'a>>,
}

/// The calls in a body that is a `tool-calls` event.
pub fn tool_calls(body: &[u8]) -> Option<Vec<ToolCall<'_>>> {
    let envelope: Envelope<'_> = serde_json::from_slice(body).ok()?;
    (envelope.message.kind == "tool-calls").then_some(envelope.message.tool_call_list)
}

pub fn arguments(json: &RawValue) -> Option<LookupOrder> {
    serde_json::from_str(json.get()).ok()
}

pub fn write(reply: &Reply<'_>) -> Vec<u8> {
    let mut json = Vec::with_capacity(64 + 128 * reply.results.len());
    serde_json::to_writer(&mut json, reply).expect("it can be written");
    json
}
