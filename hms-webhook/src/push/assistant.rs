//! An assistant as the platform's REST API gives it.

use serde_json::{Map, Value};

/// An assistant, unwrapped. Everything in it stays as it came.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Assistant(Map<String, Value>);

/// What this command reads or writes: a change in any of these between reading and writing is a conflict. The rest, such
/// as the time of the last call, may change meanwhile and is not touched.
const OF_INTEREST: [&str; 4] = ["llm_config", "webhook_url", "webhook_events", "webhook_secret"];

impl Assistant {
    /// Reads `{"assistant": {…}}` and a bare assistant alike; `None` where the body is neither.
    pub(super) fn read(body: Value) -> Option<Self> {
        let Value::Object(mut body) = body else { return None };
        if let Some(inner) = body.get_mut("assistant").and_then(Value::as_object_mut) {
            return Some(Self(std::mem::take(inner)));
        }
        let known = ["id", "name"].iter().chain(&OF_INTEREST);
        known.into_iter().any(|key| body.contains_key(*key)).then_some(Self(body))
    }

    /// A member that is neither missing nor null.
    pub(super) fn member(&self, key: &str) -> Option<&Value> {
        self.0.get(key).filter(|value| !value.is_null())
    }

    /// A member's text, unless that is empty.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.member(key).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    /// Whether everything that this command reads or writes is as in `other`.
    pub(super) fn is_unedited_since(&self, other: &Self) -> bool {
        OF_INTEREST.iter().all(|key| self.member(key) == other.member(key))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn wrapped_and_bare_bodies_are_read_alike() {
        let bare = json!({ "id": "a-1", "name": "Garage" });
        let read = Assistant::read(bare.clone()).unwrap();
        assert_eq!(Assistant::read(json!({ "assistant": bare })).unwrap(), read);
        assert_eq!(read.text("name"), Some("Garage"));
        assert_eq!(Assistant::read(json!({ "status": "fine" })), None);
        assert_eq!(Assistant::read(json!([1])), None);
    }

    #[test]
    fn only_what_this_command_touches_counts_as_an_edit() {
        let read = |value| Assistant::read(value).unwrap();
        let before = read(json!({ "id": "a-1", "updated_at": "09:00", "llm_config": { "model": "m" } }));
        assert!(
            read(json!({ "id": "a-1", "llm_config": { "model": "m" }, "webhook_url": null }))
                .is_unedited_since(&before)
        );
        assert!(!read(json!({ "id": "a-1", "llm_config": { "model": "n" } })).is_unedited_since(&before));
    }
}
