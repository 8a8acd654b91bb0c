//! Refusals before any handler runs: one HTTP status each, a text for the sender, a cause for the log.

use std::{error::Error, time::Duration};

use http::{HeaderValue, Response, StatusCode, header};

use crate::{
    event::ParseError,
    handler::chain,
    response::{ReplyBody, json_response},
    signature::VerifyError,
    store::StoreError,
};

/// Why a request was not dispatched.
#[derive(Debug)]
pub(crate) enum Rejection {
    NotFound,
    MethodNotAllowed {
        allow: &'static str,
    },
    BodyTooLarge {
        limit: usize,
    },
    BodyTimedOut {
        after: Duration,
    },
    BodyBroken {
        cause: Box<dyn Error + Send + Sync>,
    },
    Unverified(VerifyError),
    Malformed(ParseError),
    Overloaded,
    /// An event could not be kept.
    NotKept(StoreError),
    ShuttingDown,
}

impl Rejection {
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::BodyTooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::BodyTimedOut { .. } => StatusCode::REQUEST_TIMEOUT,
            Self::BodyBroken { .. } | Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::Unverified(_) => StatusCode::UNAUTHORIZED,
            Self::Overloaded | Self::NotKept(_) | Self::ShuttingDown => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// What the sender reads. All unverified requests get one text: it must not help to guess.
    fn told(&self) -> String {
        match self {
            Self::NotFound => "nothing is served at this path".into(),
            Self::MethodNotAllowed { allow } => format!("this path takes {allow} only"),
            Self::BodyTooLarge { limit } => format!("the body is larger than the limit of {limit} bytes"),
            Self::BodyTimedOut { after } => format!("the body did not arrive within {after:?}"),
            Self::BodyBroken { .. } => "the body could not be read to its end".into(),
            Self::Unverified(_) => "the request is not signed as it must be".into(),
            Self::Malformed(error) => error.to_string(),
            Self::Overloaded => "too many requests are being handled; try again in a moment".into(),
            Self::NotKept(_) => "the event cannot be kept right now; send it again in a moment".into(),
            Self::ShuttingDown => "this server is shutting down; try again in a moment".into(),
        }
    }

    /// What the log says in addition to the text that the sender reads.
    pub(crate) fn cause(&self) -> String {
        match self {
            Self::Unverified(error) => error.to_string(),
            Self::BodyBroken { cause } => cause.to_string(),
            Self::NotKept(failure) => chain(failure),
            other => other.told(),
        }
    }

    pub(crate) fn into_response(self) -> Response<ReplyBody> {
        let body = serde_json::json!({ "error": self.told() }).to_string();
        let mut response = json_response(self.status(), body);
        match self {
            Self::MethodNotAllowed { allow } => {
                response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allow));
            }
            Self::Overloaded | Self::NotKept(_) | Self::ShuttingDown => {
                response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
            }
            _ => {}
        }
        response
    }
}
