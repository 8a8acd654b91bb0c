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
    Tools(Vec<ToolResult>),
    /// The answer of a health endpoint, and whether all is well.
    Health {
        well: bool,
        state: &'static str,
    },
}

/// The result of one tool call: a JSON object, whatever became of it.
#[derive(Debug)]
pub(crate) struct ToolResult {
    pub(crate) tool_call_id: String,
    pub(crate) result: String,
}

impl Reply {
    pub(crate) fn into_response(self) -> Response<ReplyBody> {
        match self {
            Self::Acknowledged => json_response(StatusCode::OK, "{}"),
            Self::Assistant(reply) => json_response(StatusCode::OK, to_json(&reply)),
            Self::Tools(results) => json_response(StatusCode::OK, results_json(&results)),
            Self::Health { well, state } => {
                let status = if well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
                json_response(status, format!("{{\"status\":\"{state}\"}}"))
            }
        }
    }
}

/// `{"results":[{"tool_call_id":"…","result":{…}}]}` (PROTOCOL.md §3.2): the only form that answers several calls.
fn results_json(results: &[ToolResult]) -> String {
    let mut json = String::with_capacity(32 + results.iter().map(|one| one.result.len() + 96).sum::<usize>());
    json.push_str(r#"{"results":["#);
    for (index, one) in results.iter().enumerate() {
        json.push_str(if index == 0 { r#"{"tool_call_id":"# } else { r#",{"tool_call_id":"# });
        json.push_str(&to_json(&one.tool_call_id));
        json.push_str(r#","result":"#);
        json.push_str(&one.result);
        json.push('}');
    }
    json.push_str("]}");
    json
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
