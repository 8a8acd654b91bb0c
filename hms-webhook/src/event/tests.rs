//! Events as they come over the wire.

#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/", $name, ".json"))
    };
}

mod faults;
mod plain;
mod tolerance;

use serde::Deserialize;
use serde_json::{Value, json};

use super::*;

/// The body of an event with these members beside a call that has an id.
fn event_with(kind: &str, members: Value) -> Event {
    let mut message = json!({ "type": kind, "call": { "id": "c-1" } });
    for (name, value) in members.as_object().unwrap() {
        message[name] = value.clone();
    }
    parse(&json!({ "message": message }).to_string()).unwrap()
}

fn report_with(members: Value) -> EndOfCallReport {
    match event_with("end-of-call-report", members) {
        Event::EndOfCallReport(report) => report,
        other => panic!("{other:?}"),
    }
}

fn parse(body: &str) -> Result<Event, ParseError> {
    Event::parse(body.as_bytes())
}

#[derive(Debug, Deserialize, PartialEq)]
struct Metadata {
    customer_ref: String,
}

#[derive(Debug, Deserialize, PartialEq)]
struct Analysis {
    booked: bool,
    mood: u8,
}

fn check_common(context: &EventContext, call_id: &str, status: CallStatus) {
    assert_eq!(context.call.id, call_id);
    assert_eq!(context.call.call_type, Some(CallType::INBOUND_PHONE_CALL));
    assert_eq!(context.call.status, Some(status));
    assert_eq!(context.customer_number(), Some("+31612000111"));
    let number = context.phone_number.as_ref().unwrap();
    assert_eq!(number.number.as_deref(), Some("+31201110000"));
    assert_eq!(number.name.as_deref(), Some("Front desk"));
    assert!(context.timestamp.as_deref().unwrap().ends_with("Z"));
    assert!(context.extra.is_empty(), "{:?}", context.extra);
    assert!(context.call.extra.is_empty());
}

const TODAY: &str = "0b6f3a52-9d7e-4c1b-8a44-5f2f6f1f9c10";
const OLDER: &str = "5e0d6f6a-77aa-4b7e-9c55-0d8f6c1b2a30";

#[test]
fn assistant_requests() {
    for (body, call_id) in [(fixture!("assistant-request"), TODAY), (fixture!("assistant-request-camel-case"), OLDER)] {
        let request = AssistantRequest::from_json(body).unwrap();
        check_common(&request, call_id, CallStatus::RINGING);
        assert_eq!(request.call.pipeline, Some(Pipeline::STANDARD));
        assert!(request.assistant.is_none());
    }
    let request = AssistantRequest::from_json(fixture!("assistant-request")).unwrap();
    let number = request.phone_number.as_ref().unwrap();
    assert_eq!(number.id.as_deref(), Some("7d1c2f0e-1111-4222-8333-444455556666"));
}

#[test]
fn tool_calls() {
    for (body, call_id, tool_call_id, arguments) in [
        (fixture!("tool-calls"), TODAY, "tool_9f31c0d2", json!({ "day": "2026-02-05", "part": "morning" })),
        (
            fixture!("tool-calls-camel-case"),
            OLDER,
            "tool_51aa07be",
            json!({ "day": "2025-12-12", "part": "afternoon" }),
        ),
    ] {
        let calls = ToolCalls::from_json(body).unwrap();
        check_common(&calls, call_id, CallStatus::IN_PROGRESS);

        let [call] = calls.tool_call_list.as_slice() else { panic!("{calls:?}") };
        assert_eq!(&*call.id, tool_call_id);
        assert_eq!(call.call_type, ToolCallType::FUNCTION);
        assert_eq!(call.name, "find_slot");
        assert_eq!(serde_json::from_str::<Value>(call.arguments.get().unwrap()).unwrap(), arguments);

        let assistant = calls.assistant.as_ref().unwrap();
        assert_eq!(assistant.first_message(), Some("Good morning, garage Noord."));
        assert_eq!(assistant.llm_config().unwrap()["provider"], "openai");
        assert_eq!(assistant.autonomous_silence_handling(), Some(true));
        assert_eq!(assistant.voicemail_detection(), Some(false));
        assert_eq!(assistant.metadata().unwrap(), Some(Metadata { customer_ref: "K-881".into() }));
    }
    let calls = ToolCalls::from_json(fixture!("tool-calls")).unwrap();
    let assistant = calls.assistant.as_ref().unwrap();
    assert_eq!(assistant.stt_config().unwrap()["language"], "nl");
    assert_eq!(assistant.tts_config().unwrap()["voice_id"], "voice-7");
}

#[test]
fn status_updates() {
    for (body, call_id) in [(fixture!("status-update"), TODAY), (fixture!("status-update-camel-case"), OLDER)] {
        let update = StatusUpdate::from_json(body).unwrap();
        check_common(&update, call_id, CallStatus::ENDED_WITH_ERROR);
        assert!(update.has_ended());
        assert_eq!(update.error.as_deref(), Some("speech recognition lost"));
        assert_eq!(update.end_reason, Some(EndReason::from("error")));
    }
}

#[test]
fn end_of_call_reports() {
    let report = EndOfCallReport::from_json(fixture!("end-of-call-report")).unwrap();
    check_common(&report, TODAY, CallStatus::ENDED);
    assert_eq!(report.duration_seconds, Some(182));
    assert_eq!(report.end_reason, Some(EndReason::USER_HANGUP));
    assert_eq!(report.started_at.as_deref(), Some("2026-02-03T09:15:58.000Z"));
    assert_eq!(report.ended_at.as_deref(), Some("2026-02-03T09:19:00.000Z"));
    assert_eq!(report.summary.as_deref(), Some("Caller booked a service slot for Thursday morning."));
    assert_eq!(report.messages.len(), 2);
    assert_eq!(report.messages[1].role, Some(MessageRole::USER));
    assert_eq!(report.messages[1].content, "I would like a service appointment.");
    assert_eq!(report.analysis().unwrap(), Some(Analysis { booked: true, mood: 8 }));
    assert_eq!(report.recording_url.as_deref(), Some("https://files.example.com/rec/0b6f.mp3"));

    let report = EndOfCallReport::from_json(fixture!("end-of-call-report-camel-case")).unwrap();
    check_common(&report, OLDER, CallStatus::ENDED);
    assert_eq!(report.duration(), Some(std::time::Duration::from_secs(95)));
    assert_eq!(report.end_reason, Some(EndReason::MAX_DURATION));
    assert_eq!(report.started_at.as_deref(), Some("2025-12-11T08:00:55.000Z"));
    assert_eq!(report.ended_at.as_deref(), Some("2025-12-11T08:02:30.000Z"));
    assert_eq!(report.recording_url.as_deref(), Some("https://files.example.com/rec/5e0d.mp3"));
}

#[test]
fn an_event_of_an_unknown_type_requires_nothing() {
    let Event::Unknown(event) = parse(r#"{"message": {"type": "call-held", "call": 5, "seconds": 20}}"#).unwrap()
    else {
        panic!("a known event")
    };
    assert_eq!(event.kind, EventType::from("call-held"));
    assert_eq!(event.call.id, "");
    assert_eq!(event.extra["call"], 5);
    assert_eq!(event.extra["seconds"], 20);
    assert_eq!(event.json(), r#"{"type": "call-held", "call": 5, "seconds": 20}"#);
    assert_eq!(event.read::<Value>().unwrap()["seconds"], 20);
}

#[test]
fn what_is_shared_is_told_by_the_event() {
    let event = parse(fixture!("status-update")).unwrap();
    assert_eq!(event.kind(), EventType::STATUS_UPDATE);
    assert_eq!(event.context().call.id, TODAY);
}

#[test]
fn debug_shows_nothing_that_was_said_or_configured() {
    let secret = "HUSH";
    let assistant = json!({
        "llm_config": { "messages": [{ "content": secret }] },
        "webhook_secret": secret,
        "metadata": { "name": secret },
    });
    let call = json!({ "id": "t-1", "note": secret, "function": { "name": "f", "arguments": { "iban": secret } } });
    let events = [
        event_with("assistant-request", json!({ "assistant": assistant, "note": secret })),
        event_with("tool-calls", json!({ "assistant": assistant, "tool_call_list": [call] })),
        event_with("status-update", json!({ "assistant": assistant })),
        event_with(
            "end-of-call-report",
            json!({
                "assistant": assistant,
                "summary": secret,
                "analysis": { "name": secret },
                "messages": [{ "role": "user", "content": secret, "note": secret }],
                "recording_url": format!("https://files.example.com/{secret}"),
            }),
        ),
        event_with("another", json!({ "assistant": assistant, "content": secret })),
    ];
    for event in events {
        let shown = format!("{event:?} {event:#?}");
        assert!(shown.contains("webhook_secret") && !shown.contains(secret), "{shown}");
        let call = Call::new(event.context().clone(), Some("t-1".into()), crate::Deadline::never());
        assert!(!format!("{call:?}").contains(secret));
    }
}

#[test]
fn a_call_tells_what_its_event_told() {
    let calls = ToolCalls::from_json(fixture!("tool-calls")).unwrap();
    let call = Call::new(calls.context.clone(), Some("tool_9f31c0d2".into()), crate::Deadline::never());
    assert_eq!(call.id(), TODAY);
    assert_eq!(call.call_type(), Some(&CallType::INBOUND_PHONE_CALL));
    assert_eq!(call.status(), Some(&CallStatus::IN_PROGRESS));
    assert_eq!(call.pipeline(), None);
    assert_eq!(call.customer_number(), Some("+31612000111"));
    assert_eq!(call.phone_number().unwrap().name.as_deref(), Some("Front desk"));
    assert_eq!(call.tool_call_id(), Some("tool_9f31c0d2"));
    assert_eq!(call.metadata().unwrap(), Some(Metadata { customer_ref: "K-881".into() }));
    assert_eq!(call.context().timestamp.as_deref(), Some("2026-02-03T09:16:20.500Z"));
}
