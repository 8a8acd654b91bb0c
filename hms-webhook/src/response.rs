//! From what was decided to an HTTP response.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;
use smallvec::SmallVec;

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
            Self::Tools(results) => json_response(StatusCode::OK, results.into_json()),
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
pub(crate) struct ToolResults(SmallVec<[(Arc<str>, String); 1]>);

impl ToolResults {
    /// None yet, with room for this many.
    pub(crate) fn with_capacity(count: usize) -> Self {
        Self(SmallVec::with_capacity(count))
    }

    /// Adds `result`, which is a JSON object, whatever became of the call.
    pub(crate) fn add(&mut self, tool_call_id: Arc<str>, result: String) {
        self.0.push((tool_call_id, result));
    }

    fn into_json(self) -> Vec<u8> {
        const BEGIN: &[u8] = br#"{"results":["#;
        const ID: &[u8] = br#"{"tool_call_id":"#;
        const RESULT: &[u8] = br#","result":"#;
        // Exactly enough unless an id needs escapes: a full vector becomes `Bytes` without more memory.
        let around = ID.len() + "\"\"".len() + RESULT.len() + "},".len();
        let results: usize = self.0.iter().map(|(id, result)| around + id.len() + result.len()).sum();
        let commas = usize::from(!self.0.is_empty());
        let mut json = Vec::with_capacity(BEGIN.len() + results - commas + "]}".len());
        json.extend_from_slice(BEGIN);
        for (index, (tool_call_id, result)) in self.0.iter().enumerate() {
            if index > 0 {
                json.push(b',');
            }
            json.extend_from_slice(ID);
            // A text can always be written.
            let _ = serde_json::to_writer(&mut json, &**tool_call_id);
            json.extend_from_slice(RESULT);
            json.extend_from_slice(result.as_bytes());
            json.push(b'}');
        }
        json.extend_from_slice(b"]}");
        json
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
