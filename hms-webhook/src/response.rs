//! From what was decided to an HTTP response.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;

use crate::reply::AssistantReply;

/// The body of every response of a [`WebhookService`](crate::WebhookService).
#[derive(Debug, Clone, Default)]
pub struct ReplyBody(Full<Bytes>);

/// The body as it was, after somebody had a look at it.
#[cfg(feature = "console")]
impl From<Bytes> for ReplyBody {
    fn from(bytes: Bytes) -> Self {
        Self(Full::new(bytes))
    }
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Pin::new(&mut self.0).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}

/// What the platform is answered once an event was dispatched.
#[derive(Debug)]
pub(crate) enum Reply {
    /// A notification was taken.
    Acknowledged,
    Assistant(AssistantReply),
    Tools(ToolResults),
    /// The answer of a health endpoint, and whether all is well.
    Health {
        well: bool,
        state: &'static str,
    },
}

impl Reply {
    pub(crate) fn into_response(self) -> Response<ReplyBody> {
        match self {
            Self::Acknowledged => json_response(StatusCode::OK, "{}"),
            Self::Assistant(reply) => json_response(StatusCode::OK, to_json(&reply)),
            Self::Tools(results) => json_response(StatusCode::OK, results.finish()),
            Self::Health { well, state } => {
                let status = if well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
                json_response(status, format!("{{\"status\":\"{state}\"}}"))
            }
        }
    }
}

/// The results of tool calls, in the order of the request.
///
/// `{"results":[{"tool_call_id":"…","result":{…}}]}` (PROTOCOL.md §3.2): the only form that answers several calls.
#[derive(Debug)]
pub(crate) struct ToolResults(Vec<u8>);

impl ToolResults {
    /// None yet, with room for this many small ones.
    pub(crate) fn with_capacity(count: usize) -> Self {
        let mut json = Vec::with_capacity(32 + count * 192);
        json.extend_from_slice(br#"{"results":["#);
        Self(json)
    }

    /// Adds `result`, which is a JSON object, whatever became of the call.
    pub(crate) fn add(&mut self, tool_call_id: &str, result: &str) {
        if !self.0.ends_with(b"[") {
            self.0.push(b',');
        }
        self.0.extend_from_slice(br#"{"tool_call_id":"#);
        // A text can always be written.
        let _ = serde_json::to_writer(&mut self.0, tool_call_id);
        self.0.extend_from_slice(br#","result":"#);
        self.0.extend_from_slice(result.as_bytes());
        self.0.push(b'}');
    }

    fn finish(mut self) -> Vec<u8> {
        self.0.extend_from_slice(b"]}");
        self.0
    }
}

fn to_json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| "{}".into())
}

pub(crate) fn json_response(status: StatusCode, json: impl Into<Bytes>) -> Response<ReplyBody> {
    let mut response = Response::new(ReplyBody(Full::new(json.into())));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
