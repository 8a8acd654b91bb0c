//! Notes what goes by on its way to the webhook and back, and changes nothing of it.

use std::{
    error::Error,
    net::IpAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::{Duration, SystemTime},
};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Request, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use serde_json::Value;
use tracing::{Instrument, debug_span};

use super::{
    deliver::TICKET,
    feed::{Feed, Record, ToolRun},
    info::Limits,
    watch,
};
use crate::{
    ReplyBody, WebhookService,
    handled::ACCEPTED,
    signature::{SIGNATURE_HEADER, TIMESTAMP_HEADER},
};

/// The longest body that is remembered; a longer one is remembered in part.
const REMEMBERED: usize = 1024 * 1024;

/// The outcome of tools whose delivery was refused.
const NOT_RUN: &str = "not run";

/// Lets `webhook` answer, and notes in `feed` what came and what became of it.
pub(super) async fn tap<B>(
    feed: &Arc<Feed>,
    limits: &Arc<Limits>,
    webhook: &WebhookService,
    request: Request<B>,
    client: Option<IpAddr>,
) -> Response<ReplyBody>
where
    B: Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + Send + Unpin + 'static,
{
    let (head, body) = request.into_parts();
    let id = feed.begin(begun(&head, feed));
    let heard = Heard {
        inner: body,
        feed: feed.clone(),
        limits: limits.clone(),
        id,
        read: BytesMut::new(),
        total: 0,
        told: false,
    };
    // Below what the log shows: it is there for `watch` only.
    let span = debug_span!(target: watch::TARGET, watch::DELIVERY, id);
    let answering = span.in_scope(|| webhook.answer(Request::from_parts(head.clone(), heard), client));
    let (answer_head, body) = answering.instrument(span).await.response.into_parts();
    let Ok(body) = body.collect().await;
    let body = body.to_bytes();
    let reply = feed.shown(&body);
    feed.note(id, |record| answered(record, &head.headers, answer_head.status, reply));
    Response::from_parts(answer_head, body.into())
}

fn begun(head: &http::request::Parts, feed: &Feed) -> Record {
    let ticket = head.headers.get(TICKET).and_then(|ticket| ticket.to_str().ok()).map(str::to_owned);
    Record {
        at: unix_time().as_millis() as u64,
        from_console: ticket.is_some(),
        ticket,
        method: head.method.to_string(),
        path: head.uri.path().to_owned(),
        headers: shown(&head.headers, feed),
        ..Record::default()
    }
}

/// Headers as they are shown: a signature in part only, since whoever has it can send the delivery again.
fn shown(headers: &HeaderMap, feed: &Feed) -> Vec<(String, String)> {
    let shown = |name: &http::HeaderName, value: &http::HeaderValue| {
        let value = String::from_utf8_lossy(value.as_bytes());
        match value.char_indices().nth(15) {
            Some((end, _)) if *name == SIGNATURE_HEADER => format!("{}…", &value[..end]),
            _ => feed.shown_header(name.as_str(), &value),
        }
    };
    headers
        .iter()
        .filter(|(name, _)| **name != TICKET)
        .map(|(name, value)| (name.to_string(), shown(name, value)))
        .collect()
}

/// `body` is what of `came` is shown.
fn received(record: &mut Record, limits: &Limits, came: Bytes, body: String, total: usize) {
    let json: Value = serde_json::from_str(&body).unwrap_or_default();
    record.body = body;
    record.came = came;
    record.bytes = total;
    let message = &json["message"];
    record.event = message["type"].as_str().map(str::to_owned);
    record.call_id = message["call"]["id"].as_str().map(str::to_owned);
    (record.budget_ms, record.limit_ms) = limits.of_event(record.event.as_deref());
    let calls = message["tool_call_list"].as_array().or_else(|| message["toolCallList"].as_array());
    record.tools = calls.into_iter().flatten().map(|call| tool_run(call, limits)).collect();
}

fn tool_run(call: &Value, limits: &Limits) -> ToolRun {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let name = text(&call["function"]["name"]);
    let arguments = &call["function"]["arguments"];
    let (deadline_ms, background) = limits.of_tool(&name);
    ToolRun {
        tool_call_id: text(&call["id"]),
        name,
        // Arguments may come as a text that holds JSON (PROTOCOL.md §3.2).
        arguments: arguments.as_str().map_or_else(|| arguments.to_string(), str::to_owned),
        deadline_ms,
        background,
        ..ToolRun::default()
    }
}

fn answered(record: &mut Record, headers: &HeaderMap, status: StatusCode, reply: String) {
    let now = record.elapsed_ms();
    record.status = Some(status.as_u16());
    record.answered_ms = Some(now);
    record.verified = match status {
        StatusCode::UNAUTHORIZED => Some(false),
        // What is refused for its form was verified before.
        StatusCode::OK | StatusCode::BAD_REQUEST => Some(true),
        _ => None,
    };
    if record.verified == Some(true) {
        record.verdict = verdict(headers);
    }
    if status != StatusCode::OK {
        for run in &mut record.tools {
            run.outcome.get_or_insert_with(|| NOT_RUN.into());
        }
    }
    let json: Value = serde_json::from_str(&reply).unwrap_or_default();
    record.reply = Some(reply);
    let results = json["results"].as_array().into_iter().flatten();
    for (run, answer) in record.tools.iter_mut().zip(results) {
        let result = &answer["result"];
        run.result = Some(result.to_string());
        // A program with a logger of its own tells nothing of the single tools.
        run.ended_ms.get_or_insert(now);
        let ended = if run.background { ACCEPTED } else { "answered" };
        run.outcome.get_or_insert_with(|| if result["error"].is_string() { "told" } else { ended }.into());
    }
}

fn verdict(headers: &HeaderMap) -> String {
    if headers.get(SIGNATURE_HEADER).is_none_or(|signature| signature.is_empty()) {
        return "not signed; this server also accepts that (--allow-unsigned)".into();
    }
    let timestamp = headers.get(TIMESTAMP_HEADER).and_then(|text| text.to_str().ok()?.parse::<i64>().ok());
    match timestamp.map(|seconds| unix_time().as_secs() as i64 - seconds) {
        Some(0) => "signed with this server's secret, just now".into(),
        Some(age) if age > 0 => format!("signed with this server's secret, {age} s ago"),
        Some(age) => format!("signed with this server's secret, by a clock that is {} s ahead", -age),
        None => "signed with this server's secret".into(),
    }
}

fn unix_time() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}

/// A body that is remembered while the webhook reads it.
struct Heard<B> {
    inner: B,
    feed: Arc<Feed>,
    limits: Arc<Limits>,
    id: u64,
    read: BytesMut,
    total: usize,
    told: bool,
}

impl<B> Heard<B> {
    fn tell(&mut self) {
        if !std::mem::replace(&mut self.told, true) {
            let came = std::mem::take(&mut self.read).freeze();
            let body = self.feed.shown(&came);
            self.feed.note(self.id, |record| received(record, &self.limits, came, body, self.total));
        }
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for Heard<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let this = &mut *self;
        let frame = ready!(Pin::new(&mut this.inner).poll_frame(context));
        match &frame {
            Some(Ok(frame)) => {
                if let Some(data) = frame.data_ref() {
                    let room = REMEMBERED.saturating_sub(this.read.len());
                    this.read.extend_from_slice(&data[..data.len().min(room)]);
                    this.total += data.len();
                }
                if this.inner.is_end_stream() {
                    this.tell();
                }
            }
            Some(Err(_)) | None => this.tell(),
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// What was read of a body that was given up is shown too.
impl<B> Drop for Heard<B> {
    fn drop(&mut self) {
        self.tell();
    }
}
