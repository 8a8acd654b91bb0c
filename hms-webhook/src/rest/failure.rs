//! What can go wrong between this program and the platform's REST API, each in one line that says what to do.

use std::{error::Error, fmt, time::Duration};

use http::StatusCode;
use serde_json::Value;

/// What a request was about, and where its sender would look for a mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Resource {
    /// An assistant, by the command `push`.
    Assistant,
    /// A phone call, by a program.
    Call,
}

/// Why a request did not succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) resource: Resource,
    pub(crate) kind: FailureKind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FailureKind {
    /// No answer: no connection, no answer in time, or an answer that broke off.
    NoAnswer {
        why: String,
    },
    /// Redirects are not followed, since the API key would go wherever one points.
    Redirect {
        status: StatusCode,
        location: String,
    },
    /// A refusal, or a fault of the platform's.
    Status {
        status: StatusCode,
        said: Option<String>,
        asked_wait: Option<Duration>,
    },
    /// A success whose body is no JSON.
    NotJson {
        content_type: String,
    },
    /// JSON, but not what was asked for.
    AnotherThing,
    TooLong {
        limit: usize,
    },
}

impl Failure {
    /// Whether the same request may well succeed a little later.
    pub(crate) fn may_pass(&self) -> bool {
        match &self.kind {
            FailureKind::NoAnswer { .. } => true,
            FailureKind::Status { status, .. } => matches!(status.as_u16(), 429 | 500 | 502 | 503 | 504),
            _ => false,
        }
    }

    /// Whether a write that failed so may have taken place. A 429 is answered before anything is done (PROTOCOL.md §6).
    pub(crate) fn leaves_open(&self) -> bool {
        self.may_pass() && !self.is(429)
    }

    pub(crate) fn is(&self, code: u16) -> bool {
        self.status().is_some_and(|status| status.as_u16() == code)
    }

    /// The status, where it was the reason.
    pub(crate) fn status(&self) -> Option<StatusCode> {
        match &self.kind {
            FailureKind::Status { status, .. } => Some(*status),
            _ => None,
        }
    }

    pub(crate) fn asked_wait(&self) -> Option<Duration> {
        match &self.kind {
            FailureKind::Status { asked_wait, .. } => *asked_wait,
            _ => None,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (resource, setting) = (self.resource.name(), self.resource.address_setting());
        match &self.kind {
            FailureKind::NoAnswer { why } => {
                write!(f, "the platform gave no answer ({why}): check the network and {setting}")
            }
            FailureKind::Redirect { status, location } => write!(
                f,
                "the platform answered {status}, a redirect to {location}, which is not followed since the API key would go there: if that is the API's address, set it with {setting}"
            ),
            FailureKind::Status { status, said, asked_wait } => {
                write!(f, "the platform answered {status}: {}", self.resource.advice(*status))?;
                if let Some(wait) = asked_wait.filter(|wait| !wait.is_zero()) {
                    write!(f, ", it asks to wait {} s", wait.as_secs_f64().ceil())?;
                }
                said.as_ref().map_or(Ok(()), |said| write!(f, " (it says: {said})"))
            }
            FailureKind::NotJson { content_type } => write!(
                f,
                "the platform's answer is no JSON but {content_type}: check that {setting} is the address of the API"
            ),
            FailureKind::AnotherThing => {
                write!(f, "the platform's answer is no {resource}: check that {setting} is the address of the API")
            }
            FailureKind::TooLong { limit } => write!(
                f,
                "the platform's answer is longer than {} MiB, which no {resource} is: check that {setting} is the address of the API",
                limit / (1024 * 1024)
            ),
        }
    }
}

impl Error for Failure {}

impl Resource {
    fn name(self) -> &'static str {
        match self {
            Self::Assistant => "assistant",
            Self::Call => "answer about a call",
        }
    }

    /// Where the address of the API is set.
    fn address_setting(self) -> &'static str {
        match self {
            Self::Assistant => "`--api-url`",
            Self::Call => "`CallControl::api_url`",
        }
    }

    fn advice(self, status: StatusCode) -> &'static str {
        match (status.as_u16(), self) {
            (400, Self::Assistant) => "it cannot make sense of the request",
            (400, Self::Call) => "it does not take this command, or the call is not in progress any more",
            (401, _) => "it does not accept the API key, so check HMS_API_KEY",
            (402, _) => "the account has no credits left",
            (403, Self::Assistant) => "the API key may not do this, so use one that may change assistants",
            (403, Self::Call) => "the API key may not do this, so use one that may control calls",
            (404, Self::Assistant) => {
                "there is no such assistant in this account, so check `--assistant` and `--api-url`"
            }
            (404, Self::Call) => "there is no such call in this account",
            (409, Self::Assistant) => {
                "the assistant is in a state that does not allow this, so look at it and push again"
            }
            (409, Self::Call) => "the call is in a state that does not allow this",
            (412, Self::Assistant) => "the assistant was changed meanwhile, so push again",
            (422, _) => "it does not accept a value",
            (429, _) => "there were too many requests, so try again later",
            (500..=599, _) => "it has trouble of its own, so try again later",
            _ => "this program does not know that answer",
        }
    }
}

/// What the platform says in the body of a refusal, in any of its three shapes (PROTOCOL.md §6). All of it: a secret
/// that was cut in two could not be found any more.
pub(crate) fn said(body: &Value) -> Option<String> {
    let text =
        |value: Option<&Value>| value.and_then(Value::as_str).filter(|text| !text.trim().is_empty()).map(str::to_owned);
    let mut parts: Vec<String> = Vec::new();
    let source = match body.get("error") {
        Some(inner @ Value::Object(_)) => inner,
        error => {
            parts.extend(text(error));
            body
        }
    };
    parts.extend(text(source.get("message")));
    if let Some(details) = source.get("details").or_else(|| body.get("details")) {
        let details = details.as_array().map_or(std::slice::from_ref(details), Vec::as_slice);
        parts.extend(details.iter().filter_map(|one| match one {
            Value::Null => None,
            Value::String(_) => text(Some(one)),
            other => Some(other.to_string()),
        }));
    }
    parts.dedup();
    let hints: Vec<_> =
        ["code", "param"].iter().filter_map(|key| Some(format!("{key} `{}`", text(source.get(key))?))).collect();
    if !hints.is_empty() {
        parts.push(hints.join(", "));
    }
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// The wait that the third shape may name in its body.
pub(crate) fn wait_in_body(body: &Value) -> Option<Duration> {
    let seconds = body.get("retry_after").or_else(|| body.get("error")?.get("retry_after"))?;
    Duration::try_from_secs_f64(seconds.as_f64()?).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn all_three_shapes_are_read() {
        let said = |body| said(&body);
        assert_eq!(
            said(json!({ "error": { "code": "missing_field", "message": "name is required", "param": "name", "type": "invalid_request_error" } })).as_deref(),
            Some("name is required; code `missing_field`, param `name`")
        );
        assert_eq!(
            said(json!({ "error": "Unauthorized", "message": "The key expired." })).as_deref(),
            Some("Unauthorized; The key expired.")
        );
        assert_eq!(said(json!({ "error": "Bad", "message": "Bad" })).as_deref(), Some("Bad"));
        assert_eq!(
            said(json!({ "error": "Invalid", "details": ["tools[0]: no name", { "path": "x" }], "retry_after": 2 }))
                .as_deref(),
            Some("Invalid; tools[0]: no name; {\"path\":\"x\"}")
        );
        for silent in
            [json!(null), json!([]), json!({}), json!({ "error": null }), json!({ "error": {}, "message": 7 })]
        {
            assert_eq!(said(silent.clone()), None, "{silent}");
        }
        assert_eq!(wait_in_body(&json!({ "error": "x", "retry_after": 2 })), Some(Duration::from_secs(2)));
        assert_eq!(wait_in_body(&json!({ "retry_after": -2 })), None);
    }

    #[test]
    fn every_failure_is_one_line() {
        let failure_of = |resource, status: u16| Failure {
            resource,
            kind: FailureKind::Status {
                status: StatusCode::from_u16(status).unwrap(),
                said: said(&json!({ "error": "first; second" })),
                asked_wait: None,
            },
        };
        let failure = |status| failure_of(Resource::Assistant, status);
        for status in [400, 401, 402, 403, 404, 409, 412, 418, 422, 429, 500, 502, 503, 504] {
            for resource in [Resource::Assistant, Resource::Call] {
                let text = failure_of(resource, status).to_string();
                assert!(
                    !text.contains('\n')
                        && text.contains(&status.to_string())
                        && text.ends_with("(it says: first; second)"),
                    "{text}"
                );
            }
        }
        assert!(
            failure(429).may_pass() && failure(503).may_pass() && !failure(422).may_pass() && !failure(501).may_pass()
        );
    }
}
