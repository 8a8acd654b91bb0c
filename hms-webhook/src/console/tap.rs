//! Notes what goes by.

use std::{
    convert::Infallible,
    error::Error,
    time::{Instant, SystemTime},
};

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use serde_json::Value;
use tower::Service;

use super::{
    deliver::TICKET,
    feed::{Feed, Record, ToolRun},
};
use crate::{ReplyBody, WebhookService};

pub(super) async fn tap<B>(feed: &Feed, mut webhook: WebhookService, request: Request<B>) -> Response<ReplyBody>
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let begun = Instant::now();
    let (head, body) = request.into_parts();
    let body = match body.collect().await {
        Ok(body) => body.to_bytes(),
        Err(_) => Bytes::new(),
    };
    let id = feed.begin(record(&head.headers, &body));
    let Ok::<_, Infallible>(answer) = webhook.call(Request::from_parts(head, Full::new(body))).await;
    let (head, body) = answer.into_parts();
    let Ok(reply) = body.collect().await;
    let reply = reply.to_bytes();
    let took = begun.elapsed().as_secs_f64() * 1000.0;
    feed.note(id, |record| {
        record.status = Some(head.status.as_u16());
        record.answered_ms = Some(took);
        record.verified = Some(head.status != StatusCode::UNAUTHORIZED);
        record.verdict = if record.verified == Some(true) { "signed".into() } else { "refused".into() };
        let json: Value = serde_json::from_slice(&reply).unwrap_or_default();
        for (run, result) in record.tools.iter_mut().zip(json["results"].as_array().into_iter().flatten()) {
            run.ended_ms = Some(took);
            run.outcome = Some(if result["result"]["error"].is_string() { "told" } else { "ok" });
            run.result = Some(result["result"].to_string());
        }
        record.reply = Some(String::from_utf8_lossy(&reply).into_owned());
    });
    let again = ReplyBody::new(reply);
    Response::from_parts(head, again)
}

fn record(headers: &HeaderMap, body: &Bytes) -> Record {
    let json: Value = serde_json::from_slice(body).unwrap_or_default();
    let message = &json["message"];
    let ticket = headers.get(TICKET).and_then(|ticket| ticket.to_str().ok()).map(str::to_owned);
    let event = message["type"].as_str().map(str::to_owned);
    let times = match event.as_deref() {
        Some("tool-calls") => (Some(9000.0), Some(10000.0)),
        Some("assistant-request") => (Some(4500.0), Some(5000.0)),
        _ => (None, None),
    };
    Record {
        at: SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_millis() as u64,
        from_console: ticket.is_some(),
        ticket,
        headers: headers
            .iter()
            .filter(|(name, _)| **name != TICKET)
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect(),
        body: String::from_utf8_lossy(body).into_owned(),
        bytes: body.len(),
        call_id: message["call"]["id"].as_str().map(str::to_owned),
        budget_ms: times.0,
        limit_ms: times.1,
        event,
        tools: message["tool_call_list"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|call| ToolRun {
                tool_call_id: call["id"].as_str().unwrap_or_default().into(),
                name: call["function"]["name"].as_str().unwrap_or_default().into(),
                arguments: call["function"]["arguments"].to_string(),
                ..ToolRun::default()
            })
            .collect(),
        ..Record::default()
    }
}
