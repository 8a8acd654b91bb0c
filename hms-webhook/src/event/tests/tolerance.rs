//! What an event survives.

use super::*;

#[test]
fn every_optional_member_may_be_null() {
    let common = json!({ "timestamp": null, "phone_number": null, "customer": null, "assistant": null });
    for kind in ["assistant-request", "status-update", "end-of-call-report"] {
        assert!(event_with(kind, common.clone()).context().assistant.is_none(), "{kind}");
    }
    let inner = json!({
        "call": { "id": "c-1", "type": null, "status": null, "pipeline": null },
        "phone_number": { "id": null, "number": null, "name": null },
        "customer": { "number": null },
        "assistant": { "llm_config": null, "first_message": null, "metadata": null },
        "error": null,
        "end_reason": null,
    });
    let event = event_with("status-update", inner);
    let context = event.context();
    assert_eq!(context.customer_number(), None);
    assert_eq!(context.phone_number.as_ref().unwrap().number, None);
    assert!(context.assistant.as_ref().unwrap().llm_config().is_none());
    assert_eq!(context.assistant.as_ref().unwrap().metadata::<Metadata>().unwrap(), None);
    assert!(context.extra.is_empty());

    let report = report_with(json!({
        "duration_seconds": null, "summary": null, "analysis": null, "messages": null, "recording_url": null,
        "end_reason": null, "started_at": null, "ended_at": null,
    }));
    assert_eq!((report.duration_seconds, report.summary.as_deref()), (None, None));
    assert!(report.messages.is_empty() && report.extra.is_empty());
    assert_eq!(report.analysis::<Analysis>().unwrap(), None);
}

#[test]
fn every_optional_member_may_be_missing() {
    let report = report_with(json!({}));
    assert_eq!(report.duration_seconds, None);
    assert_eq!(report.analysis_json(), None);
    assert!(event_with("assistant-request", json!({})).context().call.status.is_none());
}

#[test]
fn an_optional_member_of_another_type_is_an_extra() {
    let report = report_with(json!({
        "timestamp": 1767268800, "summary": ["a", "b"], "messages": "none", "phone_number": "+31201110000",
        "assistant": "saved", "duration_seconds": -4, "end_reason": { "code": 7 },
    }));
    assert_eq!(report.summary, None);
    assert_eq!(report.extra["summary"], json!(["a", "b"]));
    assert_eq!(report.extra["timestamp"], 1767268800);
    assert_eq!(report.extra["assistant"], "saved");
    assert_eq!(report.extra["duration_seconds"], -4);
    assert_eq!(report.extra.len(), 7);
}

#[test]
fn a_block_of_the_assistant_may_be_of_any_type() {
    let event = event_with("status-update", json!({ "assistant": { "llm_config": 7, "metadata": "K-881" } }));
    let assistant = event.context().assistant.as_ref().unwrap();
    assert_eq!(assistant.llm_config(), Some(&json!(7)));
    assert_eq!(assistant.first_message(), None);
    assert_eq!(assistant.metadata::<String>().unwrap().as_deref(), Some("K-881"));
    assert_eq!(
        assistant.metadata::<Analysis>().unwrap_err().to_string(),
        "expected struct Analysis at `message.assistant.metadata`, found a string"
    );
}

#[test]
fn unknown_members_are_kept_at_every_level() {
    let Event::ToolCalls(calls) = event_with(
        "tool-calls",
        json!({
            "new": 1,
            "call": { "id": "c-1", "new": 2 },
            "phone_number": { "new": 3 },
            "customer": { "new": 4 },
            "assistant": { "new": 5 },
            "tool_call_list": [{ "id": "t", "new": 6, "function": { "name": "f", "newer": 7 } }],
        }),
    ) else {
        panic!("another event")
    };
    assert_eq!(calls.extra["new"], 1);
    assert_eq!(calls.call.extra["new"], 2);
    assert_eq!(calls.phone_number.as_ref().unwrap().extra["new"], 3);
    assert_eq!(calls.customer.as_ref().unwrap().extra["new"], 4);
    assert_eq!(calls.assistant.as_ref().unwrap().get("new"), Some(&json!(5)));
    assert_eq!(calls.tool_call_list[0].extra["new"], 6);
    assert_eq!(calls.tool_call_list[0].extra["newer"], 7);

    let report = report_with(json!({ "messages": [{ "role": "tool", "content": null, "tool": "find_slot" }] }));
    assert_eq!(report.messages[0].role, Some(MessageRole::from("tool")));
    assert_eq!(report.messages[0].content, "");
    assert_eq!(report.messages[0].extra["tool"], "find_slot");
}

#[test]
fn unknown_words_are_kept_and_older_ones_read_as_todays() {
    for (sent, read) in [
        ("inboundPhoneCall", "inbound_phone_call"),
        ("outboundPhoneCall", "outbound_phone_call"),
        ("webCall", "web_call"),
        ("smoke_signal", "smoke_signal"),
    ] {
        let event = event_with("status-update", json!({ "call": { "id": "c", "type": sent, "status": sent } }));
        assert_eq!(event.context().call.call_type.as_ref().unwrap(), read);
        assert_eq!(event.context().call.status.as_ref().unwrap(), sent);
    }
    assert_eq!(serde_json::to_string(&CallStatus::IN_PROGRESS).unwrap(), r#""in-progress""#);
    assert_eq!(serde_json::from_str::<EndReason>(r#""tired""#).unwrap().to_string(), "tired");
    assert!(!CallStatus::from("dreaming").has_ended());
}

#[test]
fn of_two_spellings_the_newer_counts_unless_it_is_null() {
    let report = report_with(json!({
        "durationSeconds": 1, "duration_seconds": 2,
        "recordingUrl": "old", "recording_url": null,
        "phoneNumber": { "name": "old" }, "phone_number": { "name": "new" },
        "assistant": { "firstMessage": "old", "first_message": "new" },
    }));
    assert_eq!(report.duration_seconds, Some(2));
    assert_eq!(report.recording_url.as_deref(), Some("old"));
    assert_eq!(report.phone_number.as_ref().unwrap().name.as_deref(), Some("new"));
    assert_eq!(report.assistant.as_ref().unwrap().first_message(), Some("new"));
    assert!(report.extra.is_empty(), "{:?}", report.extra);
}

#[test]
fn of_a_member_that_comes_twice_the_last_one_counts() {
    let body = r#"{"message": 1, "message": {"type": "x", "type": "status-update", "call": {"id": 1, "id": "c-1"},
        "new": 1, "new": 2, "error": "a", "error": "b"}}"#;
    let update = StatusUpdate::from_json(body).unwrap();
    assert_eq!(update.call.id, "c-1");
    assert_eq!(update.error.as_deref(), Some("b"));
    assert_eq!(update.extra["new"], 2);
}

#[test]
fn durations_are_whole_seconds() {
    for (sent, read) in [("182", 182), ("182.0", 182), ("182.4", 182), ("182.5", 183), ("1e2", 100), ("0", 0)] {
        let body = format!(
            r#"{{"message": {{"type": "end-of-call-report", "call": {{"id": "c"}}, "duration_seconds": {sent}}}}}"#
        );
        assert_eq!(EndOfCallReport::from_json(&body).unwrap().duration_seconds, Some(read), "{sent}");
    }
}

#[test]
fn arguments_are_kept_as_they_were_sent() {
    for (function, kept) in [
        (r#"{"name": "f", "arguments": {"a": 1.50,  "b": 2}}"#, Some(r#"{"a": 1.50,  "b": 2}"#)),
        (r#"{"name": "f", "arguments": "{\"a\":1}"}"#, Some(r#""{\"a\":1}""#)),
        (r#"{"name": "f", "arguments": null}"#, Some("null")),
        (r#"{"name": "f"}"#, None),
    ] {
        let body = format!(
            r#"{{"message": {{"type": "tool-calls", "call": {{"id": "c"}},
                "tool_call_list": [{{"id": "t", "function": {function}}}]}}}}"#
        );
        let calls = ToolCalls::from_json(&body).unwrap();
        assert_eq!(calls.tool_call_list[0].arguments.get(), kept, "{function}");
        assert_eq!(calls.tool_call_list[0].call_type, ToolCallType::FUNCTION);
    }
}

#[test]
fn names_may_be_written_with_escapes_and_siblings_of_the_message_are_ignored() {
    let body = r#"{"version": [1, {}], "m\u0065ssage": {"typ\u0065": "status-update", "call": {"id": "\u00e9"}}}"#;
    assert_eq!(StatusUpdate::from_json(body).unwrap().call.id, "é");
}

#[test]
fn half_a_character_costs_no_event() {
    for (sent, read) in [
        (r"cut \ud83d", "cut \u{fffd}"),
        (r"cut \uDE00 here", "cut \u{fffd} here"),
        (r"whole \ud83d\ude00", "whole \u{1f600}"),
        (r"two \ud83d\ud83d\ude00", "two \u{fffd}\u{1f600}"),
        (r"no escape \\ud83d", r"no escape \ud83d"),
        (r"\\\ud83d\\", "\\\u{fffd}\\"),
    ] {
        let body =
            format!(r#"{{"message": {{"type": "end-of-call-report", "call": {{"id": "c"}}, "summary": "{sent}"}}}}"#);
        assert_eq!(EndOfCallReport::from_json(&body).unwrap().summary.as_deref(), Some(read), "{sent}");
    }
}

#[test]
fn events_of_many_calls_keep_their_order() {
    let list: Vec<Value> =
        (0..50).map(|number| json!({ "id": format!("t-{number}"), "function": { "name": "f" } })).collect();
    let Event::ToolCalls(calls) = event_with("tool-calls", json!({ "tool_call_list": list })) else {
        panic!("another event")
    };
    assert!(calls.tool_call_list.iter().enumerate().all(|(number, call)| *call.id == *format!("t-{number}")));
    assert_eq!(calls.tool_call_list.len(), 50);
}
