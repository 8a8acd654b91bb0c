//! What is no event, and the sentence that says so.

use super::*;

fn check(body: impl AsRef<[u8]>, sentence: &str) {
    let body = body.as_ref();
    let error = Event::parse(body).expect_err(&String::from_utf8_lossy(body));
    assert_eq!(error.to_string(), sentence, "{}", String::from_utf8_lossy(body));
}

fn check_message(message: &str, sentence: &str) {
    check(format!(r#"{{"message": {message}}}"#), sentence);
}

#[test]
fn bodies_that_are_not_json() {
    check("", "the body is not valid JSON: EOF while parsing a value at line 1 column 0");
    check("hello", "the body is not valid JSON: expected value at line 1 column 1");
    for body in [
        &br#"{"message": {"type": "x"}} trailing"#[..],
        br#"{"message": {"type": "x"}"#,
        br#"{"message": {"type": NaN}}"#,
        br#"{"message": {"type": "x",}}"#,
        b"{\"message\": {\"type\": \"\xff\"}}",
        b"\xef\xbb\xbf{\"message\": {\"type\": \"x\"}}",
        b"\xff\xfe{\x00}\x00",
        b"\"\\",
        b"\\",
        b"\\u",
    ] {
        let error = Event::parse(body).unwrap_err();
        assert!(error.to_string().starts_with("the body is not valid JSON: "), "{error}");
        assert_eq!(error.place(), "");
    }
}

#[test]
fn bodies_that_are_not_the_envelope() {
    check("[]", "expected an object as the body, found an array");
    let array = r#"[{"type": "status-update", "call": {"id": "c-1"}}]"#;
    check(array, "expected an object as the body, found an array");
    check("null", "expected an object as the body, found null");
    check(r#""text""#, "expected an object as the body, found a string");
    check("true", "expected an object as the body, found a boolean");
    check("17", "expected an object as the body, found a number");
    check("{}", "`message` is missing");
    check_message("null", "expected an object at `message`, found null");
    check_message("[1]", "expected an object at `message`, found an array");
    check_message("{}", "`message.type` is missing");
    check_message(r#"{"type": null}"#, "expected a string at `message.type`, found null");
    check_message(r#"{"type": ""}"#, "`message.type` is empty");
    check_message(r#"{"type": {"secret": 1}}"#, "expected a string at `message.type`, found an object");
}

#[test]
fn events_without_a_call() {
    for kind in ["assistant-request", "status-update", "end-of-call-report"] {
        let with = |call: &str| format!(r#"{{"type": "{kind}"{call}}}"#);
        check_message(&with(""), "`message.call` is missing");
        check_message(&with(r#", "call": null"#), "expected an object at `message.call`, found null");
        check_message(&with(r#", "call": "c-1""#), "expected an object at `message.call`, found a string");
        check_message(&with(r#", "call": {}"#), "`message.call.id` is missing");
        check_message(&with(r#", "call": {"id": 7}"#), "expected a string at `message.call.id`, found a number");
        check_message(&with(r#", "call": {"id": ""}"#), "`message.call.id` is empty");
    }
}

#[test]
fn tool_calls_that_cannot_be_answered() {
    let good = r#"{"id": "t-0", "function": {"name": "f"}}"#;
    for (list, sentence) in [
        ("null".to_owned(), "expected an array at `message.tool_call_list`, found null"),
        ("{}".to_owned(), "expected an array at `message.tool_call_list`, found an object"),
        ("[7]".to_owned(), "expected an object at `message.tool_call_list[0]`, found a number"),
        (r#"[{"id": "t"}]"#.to_owned(), "`message.tool_call_list[0].function` is missing"),
        (r#"[{"function": {"name": "f"}}]"#.to_owned(), "`message.tool_call_list[0].id` is missing"),
        (
            format!(r#"[{good}, {{"id": "t", "function": {{}}}}]"#),
            "`message.tool_call_list[1].function.name` is missing",
        ),
        (
            format!(r#"[{good}, {{"id": "t", "function": "f"}}]"#),
            "expected an object at `message.tool_call_list[1].function`, found a string",
        ),
        (
            format!(r#"[{good}, {{"id": 5, "function": {{"name": "f"}}}}]"#),
            "expected a string at `message.tool_call_list[1].id`, found a number",
        ),
    ] {
        let message = format!(r#"{{"type": "tool-calls", "call": {{"id": "c"}}, "tool_call_list": {list}}}"#);
        check_message(&message, sentence);
    }
    check_message(r#"{"type": "tool-calls", "call": {"id": "c"}}"#, "`message.tool_call_list` is missing");
}

#[test]
fn nesting_without_end_is_no_overflow() {
    let depth = 200_000;
    let nested = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let message = format!(r#"{{"type": "status-update", "call": {{"id": "c"}}, "deep": {nested}}}"#);
    // Nobody knows the member, so the event does without it.
    let update = StatusUpdate::from_json(&format!(r#"{{"message": {message}}}"#)).unwrap();
    assert!(update.extra.is_empty());
    check_message(&nested, "expected an object at `message`, found an array");
    check(&nested, "expected an object as the body, found an array");
    assert!(Event::parse("[".repeat(depth).as_bytes()).is_err());
    assert!(Event::parse("{\"message\":".repeat(depth).as_bytes()).is_err());

    // Of the assistant nothing is read before somebody asks.
    let message = format!(
        r#"{{"type": "status-update", "call": {{"id": "c"}}, "assistant": {{"metadata": {nested}, "first_message": "hi"}}}}"#
    );
    let update = StatusUpdate::from_json(&format!(r#"{{"message": {message}}}"#)).unwrap();
    let assistant = update.assistant.as_ref().unwrap();
    assert_eq!(assistant.first_message(), Some("hi"));
    assert_eq!(assistant.metadata::<Value>().unwrap_err().place(), "message.assistant.metadata");
}

#[test]
fn names_that_a_sender_made_up_stay_short_and_on_one_line() {
    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Nothing {}

    let mut analysis = json!({});
    analysis[format!("a\n{}", "b".repeat(1000))] = 1.into();
    let report = report_with(json!({ "analysis": analysis }));
    let sentence = report.analysis::<Nothing>().unwrap_err().to_string();
    assert!(sentence.len() < 200 && !sentence.contains('\n'), "{sentence}");
}

#[test]
fn another_event_than_the_one_asked_for() {
    assert_eq!(
        AssistantRequest::from_json(fixture!("status-update")).unwrap_err().to_string(),
        "expected `assistant-request` at `message.type`, found another type"
    );
}

#[test]
fn reading_as_a_type_of_the_users_names_the_place_and_quotes_nothing() {
    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Strict {
        name: String,
        age: Option<u8>,
        mood: Option<Mood>,
        tags: Option<Vec<String>>,
        address: Option<std::net::IpAddr>,
    }
    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Mood {
        Good,
        Bad,
    }

    let secret = "HUSH";
    for (analysis, sentence) in [
        (json!({}), "`message.analysis.name` is missing"),
        (json!({ "name": 1 }), "expected a string at `message.analysis.name`, found a number"),
        (json!({ "name": "n", "age": 300 }), "expected u8 at `message.analysis.age`, found another number"),
        (json!({ "name": "n", "age": secret }), "expected u8 at `message.analysis.age`, found a string"),
        (json!({ "name": "n", "mood": secret }), "`message.analysis.mood` is none of `good`, `bad`"),
        (json!({ "name": "n", "tags": ["a", 2] }), "expected a string at `message.analysis.tags[1]`, found a number"),
        (json!({ "name": "n", "more": secret }), "`message.analysis.more` is not expected"),
        (json!({ "name": "n", "address": secret }), "`message.analysis.address` was refused by the type that reads it"),
        (json!([1]), "expected a string at `message.analysis[0]`, found a number"),
        (json!(7), "expected struct Strict at `message.analysis`, found a number"),
    ] {
        let report = report_with(json!({ "analysis": analysis }));
        assert_eq!(report.analysis::<Strict>().unwrap_err().to_string(), sentence);
    }
    let good = report_with(json!({ "analysis": { "name": "n", "mood": "good", "age": 3, "tags": null } }));
    assert!(matches!(good.analysis::<Strict>(), Ok(Some(Strict { mood: Some(Mood::Good), .. }))));
    let bad = report_with(json!({ "analysis": { "name": "n", "mood": "bad" } }));
    assert!(matches!(bad.analysis::<Strict>(), Ok(Some(Strict { mood: Some(Mood::Bad), .. }))));
}
