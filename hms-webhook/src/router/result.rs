//! How a call of a tool ended: the word for it, and what the model gets to hear, which is always a JSON object.

use crate::{
    contained::Contained,
    handler::{ToolError, ToolErrorKind},
};

/// The outcome of what was not done at its deadline.
pub(super) const LATE: &str = "late";

pub(super) const TOO_LATE: &str =
    "the tool took too long and was given up; tell the caller that this cannot be done right now";

pub(super) const BUSY: &str =
    "too many callers ask for this right now; tell the caller that it cannot be done at the moment";

/// An object stays as it is; everything else is wrapped in one (PROTOCOL.md §7.14).
pub(super) fn result_object(json: String) -> String {
    if json.starts_with('{') { json } else { format!(r#"{{"result":{json}}}"#) }
}

#[cold]
pub(super) fn error_object(told: &str) -> String {
    serde_json::json!({ "error": told }).to_string()
}

pub(super) fn accepted_object(response: Option<&str>) -> String {
    serde_json::json!({ "result": response.unwrap_or("accepted") }).to_string()
}

/// What a tool's end is counted as.
pub(super) fn outcome(ended: &Option<Contained<Result<String, ToolError>>>) -> &'static str {
    match ended {
        Some(Contained::Returned(Ok(_))) => "answered",
        Some(Contained::Returned(Err(error))) => outcome_of(error),
        Some(Contained::Panicked(_)) => "panicked",
        None => LATE,
    }
}

pub(super) fn outcome_of(error: &ToolError) -> &'static str {
    match error.kind() {
        ToolErrorKind::Told => "told",
        ToolErrorKind::Arguments => "arguments",
        ToolErrorKind::Internal => "failed",
    }
}
