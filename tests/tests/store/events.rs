//! Events as the tests of stores append them.

use std::time::Duration;

use hms_webhook::store::NewEvent;

/// An event with this key about this phone call, for one handler.
pub(crate) fn event(key: &str, call_id: &str) -> NewEvent {
    NewEvent {
        key: key.into(),
        remembered_for: Duration::from_secs(600),
        kind: "status-update".into(),
        call_id: call_id.into(),
        body: format!("the body of {key}").into(),
        trace: None,
        handlers: vec!["log".into()],
    }
}
