//! The headers with which the platform sends a delivery, beside those of its signature (PROTOCOL.md §1.1).

use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{CONTENT_TYPE, USER_AGENT},
};
use serde::Deserialize;

const EVENT_HEADER: HeaderName = HeaderName::from_static("x-webhook-event");

#[derive(Deserialize)]
struct Envelope {
    message: Message,
}

#[derive(Deserialize)]
struct Message {
    r#type: String,
}

/// For a delivery of this body. A body that names no event gets no header that does.
pub(crate) fn platform_headers(body: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(USER_AGENT, HeaderValue::from_static("HMS-Sovereign/1.0"));
    let event = serde_json::from_slice::<Envelope>(body).ok();
    if let Some(event) = event.and_then(|envelope| HeaderValue::try_from(envelope.message.r#type).ok()) {
        headers.insert(EVENT_HEADER, event);
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_name_the_event_of_the_body_if_it_has_one() {
        let headers = platform_headers(br#"{"message":{"type":"tool-calls","call":{}}}"#);
        assert_eq!(headers["x-webhook-event"], "tool-calls");
        assert_eq!(headers["user-agent"], "HMS-Sovereign/1.0");
        assert_eq!(headers["content-type"], "application/json");
        for body in ["", "{}", "no JSON", r#"{"message":{"type":7}}"#, "{\"message\":{\"type\":\"a\\nb\"}}"] {
            assert!(!platform_headers(body.as_bytes()).contains_key("x-webhook-event"), "{body}");
        }
    }
}
