//! Answers as they go over the wire.

#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

use serde_json::{Value, json};

use super::*;

macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/", $name, ".json"))
    };
}

fn check(reply: AssistantReply, wire: Value) {
    assert_eq!(serde_json::to_string(&reply).unwrap(), wire.to_string());
}

/// The answer is what the fixture holds, and is read back as what it was.
fn check_fixture(reply: AssistantReply, fixture: &str) {
    check(reply.clone(), serde_json::from_str(fixture).unwrap());
    assert_eq!(AssistantReply::from_json(fixture).unwrap(), reply);
}

fn hello() -> AssistantConfig {
    AssistantConfig::new().first_message("hello")
}

#[test]
fn the_samples_of_the_protocol() {
    let vos =
        AssistantConfig::new().first_message("Hello Mrs Vos, how can I help?").metadata_entry("customer_ref", "K-881");
    check_fixture(AssistantReply::assistant(vos), fixture!("reply-assistant"));

    let changes = AssistantConfig::new()
        .first_message("Hello Mrs Vos.")
        .tts_config(TtsConfig::new("elevenlabs", "voice-7").model("eleven_flash_v2_5"))
        .metadata(json!({ "customer_ref": "K-881" }));
    let reply = AssistantReply::saved_by_id_with("3a1f0c58-2222-4333-8444-555566667777", changes);
    check_fixture(reply.max_duration(Duration::from_secs(600)), fixture!("reply-saved-by-id"));

    let reply = AssistantReply::reject("We are closed now. Please call again tomorrow from nine.");
    check_fixture(reply, fixture!("reply-reject"));
}

#[test]
fn every_form() {
    let limit = Duration::from_secs(300);
    check(AssistantReply::saved(), json!({}));
    check(AssistantReply::saved().max_duration(limit), json!({ "max_duration_seconds": 300 }));
    check(AssistantReply::assistant(AssistantConfig::new()), json!({ "assistant": {} }));
    check(
        AssistantReply::assistant(hello()).max_duration(limit),
        json!({ "assistant": { "first_message": "hello" }, "max_duration_seconds": 300 }),
    );
    check(AssistantReply::saved_by_id("a-1"), json!({ "assistant_id": "a-1" }));
    check(
        AssistantReply::saved_by_id_with("a-1", hello()),
        json!({ "assistant_id": "a-1", "assistant_override": { "first_message": "hello" } }),
    );
    check(AssistantReply::reject("closed").max_duration(limit), json!({ "error": "closed" }));
}

#[test]
fn a_limit_is_rounded_up_to_whole_seconds_and_never_zero() {
    for (limit, sent) in [
        (Duration::ZERO, 1),
        (Duration::from_millis(1), 1),
        (Duration::from_secs(60), 60),
        (Duration::from_millis(60_001), 61),
        (Duration::MAX, u64::MAX),
    ] {
        check(AssistantReply::saved().max_duration(limit), json!({ "max_duration_seconds": sent }));
    }
}

#[test]
fn accessors() {
    let reply = AssistantReply::saved_by_id_with("a-1", hello()).max_duration(Duration::from_secs(9));
    assert_eq!(reply.assistant_id(), Some("a-1"));
    assert_eq!(reply.config().unwrap().get("first_message"), Some(&json!("hello")));
    assert_eq!(reply.limit(), Some(Duration::from_secs(9)));
    assert_eq!((reply.is_rejection(), reply.rejection()), (false, None));

    let reply = AssistantReply::reject("closed");
    assert_eq!((reply.is_rejection(), reply.rejection()), (true, Some("closed")));
    assert_eq!((reply.assistant_id(), reply.config(), reply.limit()), (None, None, None));
}

#[test]
fn a_limit_is_read_from_both_places() {
    for json in [
        r#"{"max_duration_seconds": 60, "assistant": {}}"#,
        r#"{"assistant": {"max_duration_seconds": 60}}"#,
        r#"{"assistant": {"maxDurationSeconds": 60}}"#,
        r#"{"maxDurationSeconds": 60, "assistant": {"max_duration_seconds": 5}}"#,
    ] {
        let reply = AssistantReply::from_json(json).unwrap();
        assert_eq!(reply.limit(), Some(Duration::from_secs(60)), "{json}");
        check(reply, json!({ "assistant": {}, "max_duration_seconds": 60 }));
    }
}

#[test]
fn answers_that_cannot_be_read() {
    for (json, sentence) in [
        ("[]", "expected an object as the body, found an array"),
        (r#"{"error": 1}"#, "expected a string at `error`, found a number"),
        (r#"{"assistant": "a"}"#, "expected an object at `assistant`, found a string"),
        (r#"{"assistant_id": {}}"#, "expected a string at `assistant_id`, found an object"),
        (r#"{"max_duration_seconds": "60"}"#, "expected a whole number at `max_duration_seconds`, found a string"),
        (r#"{"assistant_override": {}}"#, "`assistant_id` is missing"),
        (r#"{"assistant": {}, "assistant_id": "a"}"#, "`assistant_id` is not expected"),
    ] {
        assert_eq!(AssistantReply::from_json(json).unwrap_err().to_string(), sentence);
    }
}

#[test]
fn debug_hides_what_is_configured_and_said() {
    let secret = "HUSH";
    let config = AssistantConfig::new()
        .llm_config(LlmConfig::new("openai", "gpt-5.4").system(secret))
        .webhook_secret(secret)
        .metadata_entry("name", secret);
    for reply in [
        AssistantReply::assistant(config.clone()),
        AssistantReply::saved_by_id_with("a-1", config),
        AssistantReply::reject(secret),
    ] {
        assert!(!format!("{reply:?}").contains(secret), "{reply:?}");
    }
    for shown in [
        format!("{:?}", LlmConfig::new(secret, secret).system(secret)),
        format!("{:?}", SttConfig::new(secret, secret, secret)),
        format!("{:?}", TtsConfig::new(secret, secret)),
        format!("{:?}", AnalysisPlan::new(secret).system(secret)),
    ] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[test]
fn metadata_that_is_no_json_is_an_error() {
    let odd = std::collections::HashMap::from([(vec![1], 1)]);
    assert!(AssistantConfig::new().metadata_from(&odd).is_err());

    let config = AssistantConfig::new().metadata("text").metadata_entry("a", 1).metadata_entry("b", 2);
    assert_eq!(config.get("metadata"), Some(&json!({ "a": 1, "b": 2 })));
}

#[test]
fn members_without_a_method_can_be_set() {
    let config = AssistantConfig::new()
        .set("tts_config", Value::Null)
        .set("brand_new", json!([1]))
        .silence_timeout(Duration::from_millis(7500))
        .webhook_events([crate::event::EventType::TOOL_CALLS]);
    check(
        AssistantReply::assistant(config),
        json!({ "assistant": {
            "tts_config": null, "brand_new": [1], "silence_timeout_seconds": 8, "webhook_events": ["tool-calls"],
        } }),
    );
}
