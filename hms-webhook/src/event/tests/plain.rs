//! Tool calls have a quick reader and a thorough one: whatever the quick one takes, the thorough one reads the same.

use bytestring::ByteString;
use proptest::prelude::*;

use super::*;
use crate::event::{plain, tool_calls::ToolCalls};

fn quick(body: &str) -> Option<ToolCalls> {
    plain::tool_calls(&ByteString::from(body))
}

fn thorough(body: &str) -> Result<ToolCalls, ParseError> {
    let mut message = Members::of_message(body)?;
    assert_eq!(message.take_text("type", "message")?, "tool-calls");
    ToolCalls::read(message)
}

/// Everything that there is to see.
fn seen(calls: &ToolCalls) -> String {
    let each = calls.tool_call_list.iter().map(|call| {
        let extra: &serde_json::Map<String, Value> = &call.extra;
        format!("{:?} {:?} {:?} {:?} {extra:?}", call.id, call.call_type, call.name, call.arguments.get())
    });
    let extra: &serde_json::Map<String, Value> = &calls.context.extra;
    let call_extra: &serde_json::Map<String, Value> = &calls.context.call.extra;
    let id = calls.context.call_id();
    format!("{} {id} {:?} {extra:?} {call_extra:?}", each.collect::<Vec<_>>().join(" "), calls.context)
}

fn same(body: &str) -> bool {
    match quick(body) {
        Some(calls) => {
            assert_eq!(seen(&calls), seen(&thorough(body).unwrap()), "{body}");
            true
        }
        None => false,
    }
}

#[test]
fn the_quick_reader_takes_what_the_platform_sends() {
    assert!(same(fixture!("tool-calls")));
    assert!(same(
        r#" {"sent": 1, "message": {"type": "tool-calls", "call": {"id": "c\u00e9", "status": null, "mood": [1]},
        "customer": {"number": "+31612000111", "vip": true}, "assistant": {"first_message": "hi"}, "mood": {"a": 1e999},
        "tool_call_list": [{"id": "t", "type": null, "function": {"name": "n", "arguments": null}},
        {"id": "u", "function": {"arguments": "{\"a\": 1}", "name": "n"}}]}}"#
    ));
    assert!(same(r#"{"message": {"tool_call_list": [], "call": {"id": "c"}, "type": "tool-calls"}}"#));
}

#[test]
fn the_quick_reader_leaves_the_rest_to_the_thorough_one() {
    let function = r#"{"name": "n", "arguments": {}}"#;
    let call = format!(r#"{{"id": "t", "function": {function}}}"#);
    let message = |members: &str| format!(r#"{{"message": {{"type": "tool-calls", {members}}}}}"#);
    for body in [
        fixture!("tool-calls-camel-case").to_owned(),
        fixture!("status-update").to_owned(),
        format!(r#"{{"message": ["tool-calls", {{"id": "c"}}, [{call}]]}}"#),
        format!(r#"[{{"type": "tool-calls", "call": {{"id": "c"}}, "tool_call_list": [{call}]}}]"#),
        message(r#""call": {"id": "c"}, "tool_call_list": null"#),
        message(r#""call": {"id": ""}, "tool_call_list": []"#),
        message(&format!(r#""call": ["c"], "tool_call_list": [{call}]"#)),
        message(&format!(r#""call": {{"id": "c", "id": "d"}}, "tool_call_list": [{call}]"#)),
        message(&format!(r#""call": {{"id": "c"}}, "tool_call_list": [["t", null, {function}]]"#)),
        message(r#""call": {"id": "c"}, "tool_call_list": [{"id": "t", "function": ["n", {}]}]"#),
        message(r#""call": {"id": "c"}, "tool_call_list": [{"id": "t", "function": {"name": "n"}}]"#),
        message(&format!(r#""call": {{"id": "c"}}, "tool_call_list": [{{"id": "", "function": {function}}}]"#)),
        message(&format!(
            r#""call": {{"id": "c"}}, "tool_call_list": [{{"id": "t", "x": 1, "function": {function}}}]"#
        )),
        message(&format!(
            r#""call": {{"id": "c"}}, "tool_call_list": [{{"id": "t", "type": 1, "function": {function}}}]"#
        )),
        message(r#""call": {"id": "c"}, "tool_call_list": [{"id": "t", "function": {"name": "", "arguments": {}}}]"#),
    ] {
        assert!(!same(&body), "{body}");
    }
}

/// A piece of JSON that may stand where something of the event is expected.
fn piece() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "null",
        "1",
        "\"\"",
        "\"c\"",
        "{}",
        "[]",
        "{\"id\": \"c\"}",
        "{\"id\": \"c\", \"x\": 1e999}",
        "{\"id\": 1}",
        "[{\"id\": \"t\", \"function\": {\"name\": \"n\", \"arguments\": {}}}]",
        "[{\"id\": \"t\", \"function\": {\"name\": \"n\", \"arguments\": null, \"arguments\": 2}}]",
    ]);
    word.prop_map(str::to_owned)
}

proptest! {
    #[test]
    fn whatever_the_quick_reader_takes_the_thorough_one_reads_the_same(
        members in prop::collection::vec(
            (prop::sample::select(vec!["call", "tool_call_list", "toolCallList", "customer", "phone_number", "x"]), piece()),
            0..6,
        ),
    ) {
        let members: String = members.iter().map(|(name, json)| format!(r#", "{name}": {json}"#)).collect();
        same(&format!(r#"{{"message": {{"type": "tool-calls"{members}}}}}"#));
    }
}
