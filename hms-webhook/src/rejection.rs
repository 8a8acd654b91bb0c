//! Refusals before any handler runs: one HTTP status each, a text for the sender, a cause for the log.

use std::{error::Error, time::Duration};

use http::{HeaderValue, Response, StatusCode, header};

use crate::{
    error::chain,
    event::ParseError,
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
    BodyTooSlow,
    BodyEncoded,
    /// All bodies together are too large.
    BodiesFull,
    /// What HTTP itself forbids.
    #[cfg(feature = "server")]
    BadRequest {
        fault: &'static str,
    },
    #[cfg(feature = "server")]
    ForeignNetwork,
    TooDeep {
        limit: usize,
    },
    BodyBroken {
        cause: Box<dyn Error + Send + Sync>,
    },
    Unverified(VerifyError),
    Malformed(ParseError),
    Overloaded,
    /// An event could not be kept.
    NotKept(StoreError),
    /// What was asked for could not be answered in time.
    Busy {
        seconds: u64,
        /// The tools that were called, if any.
        tools: Option<String>,
    },
    ShuttingDown,
}

impl Rejection {
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::BodyTooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::BodyTimedOut { .. } | Self::BodyTooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::BodyEncoded => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::BodyBroken { .. } | Self::Malformed(_) | Self::TooDeep { .. } => StatusCode::BAD_REQUEST,
            #[cfg(feature = "server")]
            Self::BadRequest { .. } => StatusCode::BAD_REQUEST,
            #[cfg(feature = "server")]
            Self::ForeignNetwork => StatusCode::FORBIDDEN,
            Self::Unverified(_) => StatusCode::UNAUTHORIZED,
            Self::BodiesFull | Self::Overloaded | Self::NotKept(_) | Self::Busy { .. } | Self::ShuttingDown => {
                StatusCode::SERVICE_UNAVAILABLE
            }
        }
    }

    /// What the sender reads. All unverified requests get one text: it must not help to guess.
    fn told(&self) -> String {
        match self {
            Self::NotFound => "nothing is served at this path".into(),
            Self::MethodNotAllowed { allow } => format!("this path takes {allow} only"),
            Self::BodyTooLarge { limit } => format!("the body is larger than the limit of {limit} bytes"),
            Self::BodyTimedOut { after } => format!("the body did not arrive within {after:?}"),
            Self::BodyTooSlow => "the body arrives too slowly".into(),
            Self::BodyEncoded => "the body must not be encoded: send it as it is, without `Content-Encoding`".into(),
            #[cfg(feature = "server")]
            Self::BadRequest { fault } => (*fault).into(),
            #[cfg(feature = "server")]
            Self::ForeignNetwork => "requests from this network are not taken".into(),
            Self::TooDeep { limit } => format!("the JSON of the body is nested deeper than {limit}"),
            Self::BodyBroken { .. } => "the body could not be read to its end".into(),
            Self::Unverified(_) => "the request is not signed as it must be".into(),
            Self::Malformed(error) => error.to_string(),
            Self::BodiesFull | Self::Overloaded => "too many requests are being handled; try again in a moment".into(),
            Self::NotKept(_) => "the event cannot be kept right now; send it again in a moment".into(),
            Self::Busy { .. } => "this cannot be answered in time now; try again later".into(),
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

    /// The same in a word, as metrics and the log have it.
    pub(crate) fn reason(&self) -> &'static str {
        match self {
            Self::NotFound => "not-found",
            Self::MethodNotAllowed { .. } => "method-not-allowed",
            Self::BodyTooLarge { .. } => "body-too-large",
            Self::BodyTimedOut { .. } => "body-timed-out",
            Self::BodyTooSlow => "body-too-slow",
            Self::BodyEncoded => "body-encoded",
            Self::BodiesFull => "bodies-full",
            #[cfg(feature = "server")]
            Self::BadRequest { .. } => "bad-request",
            #[cfg(feature = "server")]
            Self::ForeignNetwork => "foreign-network",
            Self::TooDeep { .. } => "too-deep",
            Self::BodyBroken { .. } => "body-broken",
            Self::Malformed(_) => "malformed",
            Self::Overloaded => "overloaded",
            Self::NotKept(_) => "not-kept",
            Self::Busy { .. } => "busy",
            Self::ShuttingDown => "shutting-down",
            Self::Unverified(error) => match error {
                VerifyError::NoSignature => "no-signature",
                VerifyError::NoTimestamp => "no-timestamp",
                VerifyError::DuplicatedHeader { .. } => "duplicated-header",
                VerifyError::MalformedSignature => "malformed-signature",
                VerifyError::MalformedTimestamp => "malformed-timestamp",
                VerifyError::TooOld { .. } => "too-old",
                VerifyError::InTheFuture { .. } => "in-the-future",
                VerifyError::WrongSignature => "wrong-signature",
                VerifyError::WrongTool => "wrong-tool",
            },
        }
    }

    /// Whether what follows on the connection may be the rest of the refused body.
    fn ends_connection(&self) -> bool {
        match self {
            Self::BodyTooLarge { .. }
            | Self::BodyTimedOut { .. }
            | Self::BodyTooSlow
            | Self::BodyEncoded
            | Self::BodyBroken { .. }
            | Self::BodiesFull => true,
            #[cfg(feature = "server")]
            Self::BadRequest { .. } | Self::ForeignNetwork => true,
            _ => false,
        }
    }

    /// The whole answer as HTTP/1.1 writes it, for a connection that is closed after it.
    #[cfg(feature = "server")]
    pub(crate) fn into_http_1(self) -> String {
        let status = self.status();
        let body = serde_json::json!({ "error": self.told() }).to_string();
        let retry = if status == StatusCode::SERVICE_UNAVAILABLE { "retry-after: 1\r\n" } else { "" };
        format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n{retry}connection: close\r\n\r\n{body}",
            body.len(),
        )
    }

    pub(crate) fn into_response(self) -> Response<ReplyBody> {
        let body = serde_json::json!({ "error": self.told() }).to_string();
        let mut response = json_response(self.status(), body);
        if self.ends_connection() {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        match self {
            Self::MethodNotAllowed { allow } => {
                response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allow));
            }
            Self::BodyEncoded => {
                response.headers_mut().insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
            }
            Self::Busy { seconds, .. } => {
                response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
            }
            Self::BodiesFull | Self::Overloaded | Self::NotKept(_) | Self::ShuttingDown => {
                response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
            }
            _ => {}
        }
        response
    }
}
