//! Tool calls: batches, failures, results, arguments; each failure is data in a 200.

use std::{
    fmt,
    sync::atomic::{AtomicUsize, Ordering},
};

use hms_webhook::{App, Call, ToolError, testing::TestPlatform, tool, tools};
use serde_json::json;

use crate::support::{SECRET, Server, message, now, signature_headers, tool_calls};

/// Look up an order.
#[tool]
async fn lookup_order(
    /// The number of the order.
    order_id: String,
    /// How many lines to read out.
    max_lines: Option<u32>,
) -> serde_json::Value {
    json!({ "order_id": order_id, "max_lines": max_lines })
}

/// Break.
#[tool]
async fn broken() -> Result<String, ToolError> {
    let number: u32 = "hunter2".parse()?;
    Ok(number.to_string())
}

/// Refuse.
#[tool]
async fn refusing() -> Result<String, ToolError> {
    Err(ToolError::tell("that order was cancelled \"yesterday\""))
}

/// Panic.
#[tool]
async fn panicking() -> String {
    panic!("the password is hunter2")
}

/// Panic on a thread that may block.
#[tool]
fn panicking_in_the_pool() -> String {
    panic!("the password is hunter2")
}

/// Count.
#[tool]
async fn number() -> u32 {
    7
}

fn app() -> App {
    App::new().tools(tools![lookup_order, broken, refusing, panicking, panicking_in_the_pool, number])
}

/// Count, in a second turn.
#[tool]
async fn number_in_a_second_turn() -> u32 {
    tokio::task::yield_now().await;
    7
}

/// Panic, in a second turn.
#[tool]
async fn panicking_in_a_second_turn() -> String {
    tokio::task::yield_now().await;
    panic!("the password is hunter2")
}

/// Say whether it has a task.
#[tool]
async fn has_a_task() -> bool {
    tokio::task::try_id().is_some()
}

/// Count, when a timer and another task are done.
#[tool]
async fn number_of_another_task() -> u32 {
    tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    tokio::spawn(async { 7 }).await.unwrap_or_default()
}

/// Where one thread does everything, a tool has its first turn before it has a task; elsewhere it has one from the start.
#[test]
fn a_tool_goes_on_after_its_first_turn_on_one_thread_and_on_several() {
    let on_one = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let on_two = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    for (runtime, begins_with_a_task) in [(on_one, false), (on_two, true)] {
        runtime.block_on(async {
            let tools = tools![
                number,
                number_in_a_second_turn,
                number_of_another_task,
                panicking,
                panicking_in_a_second_turn,
                has_a_task
            ];
            let platform = TestPlatform::new(App::new().tools(tools)).unwrap();
            let calls = [
                "number_in_a_second_turn",
                "panicking",
                "panicking_in_a_second_turn",
                "number_of_another_task",
                "number",
            ];
            let replies = platform.call_tools(calls.map(|name| (name, json!({})))).await;
            let numbers: Vec<_> = replies.iter().map(|reply| reply.read::<u32>().ok()).collect();
            assert_eq!(numbers, [Some(7), None, None, Some(7), Some(7)]);
            let has_a_task = platform.call_tool("has_a_task", json!({})).await;
            assert_eq!(has_a_task.read::<bool>().unwrap(), begins_with_a_task);
        });
    }
}

#[tokio::test]
async fn a_batch_is_answered_in_order_and_one_failure_harms_nobody() {
    let server = Server::start(app()).await;
    let calls = [
        ("number", "{}"),
        ("panicking", "{}"),
        ("lookup_order", r#"{"order_id":"A-1"}"#),
        ("refusing", "{}"),
        ("nothing_like_it", "{}"),
        ("lookup_order", "{}"),
        ("broken", "{}"),
        ("panicking_in_the_pool", "{}"),
        ("number", "{}"),
    ];
    let sent = tool_calls(&calls);
    let answer = server.deliver(&sent).await;
    let json = answer.json();
    let results = json["results"].as_array().unwrap();
    let ids: Vec<_> = results.iter().map(|result| &result["tool_call_id"]).collect();
    let sent: serde_json::Value = serde_json::from_str(&sent).unwrap();
    let sent = sent["message"]["tool_call_list"].as_array().unwrap();
    assert_eq!(ids, sent.iter().map(|call| &call["id"]).collect::<Vec<_>>());
    let is_error: Vec<_> = results.iter().map(|result| result["result"]["error"].is_string()).collect();
    assert_eq!(is_error, [false, true, false, true, true, true, true, true, false]);
    assert_eq!(results[2]["result"], json!({ "order_id": "A-1", "max_lines": null }));
    assert!(!answer.body.contains("hunter2"), "{answer:?}");
}

#[tokio::test]
async fn an_error_has_one_text_for_the_model_and_none_of_the_cause() {
    let server = Server::start(app()).await;
    let told = server.deliver(tool_calls(&[("refusing", "{}")])).await;
    assert_eq!(told.result(), json!({ "error": "that order was cancelled \"yesterday\"" }));
    for tool in ["broken", "panicking", "panicking_in_the_pool"] {
        let error = server.deliver(tool_calls(&[(tool, "{}")])).await.tool_error();
        assert_eq!(error, "the tool failed for an internal reason; tell the caller that this cannot be done right now");
    }
}

#[tokio::test]
async fn an_unknown_tool_is_told_the_nearest_one() {
    let server = Server::start(app()).await;
    let error = server.deliver(tool_calls(&[("lookup_orders", "{}")])).await.tool_error();
    assert_eq!(error, "there is no tool `lookup_orders`; did you mean `lookup_order`?");
    let nothing = Server::start(App::new()).await;
    let error = nothing.deliver(tool_calls(&[("lookup_order", "{}")])).await.tool_error();
    assert_eq!(error, "there is no tool `lookup_order`; this server has no tools");
}

#[tokio::test]
async fn every_wrong_argument_is_named_in_one_line() {
    let server = Server::start(app()).await;
    let arguments = r#"{"max_lines":"many","max_line":1,"order":"A-1"}"#;
    let error = server.deliver(tool_calls(&[("lookup_order", arguments)])).await.tool_error();
    for part in ["order_id", "max_lines", "many", "max_line", "order"] {
        assert!(error.contains(part), "{part}: {error}");
    }
    assert!(!error.contains('\n') && !error.contains("u32") && !error.contains("String"), "{error}");
}

#[tokio::test]
async fn arguments_may_come_as_an_object_as_text_as_null_or_not_at_all() {
    let server = Server::start(app()).await;
    let expected = json!({ "order_id": "A-1", "max_lines": 3 });
    for arguments in [
        r#"{"order_id":"A-1","max_lines":3}"#,
        r#""{\"order_id\":\"A-1\",\"max_lines\":3}""#,
        r#"{"order_id":"A-1","max_lines":"3"}"#,
    ] {
        assert_eq!(server.deliver(tool_calls(&[("lookup_order", arguments)])).await.result(), expected, "{arguments}");
    }
    for arguments in ["null", "{}", r#""""#, r#""{}""#] {
        assert_eq!(
            server.deliver(tool_calls(&[("number", arguments)])).await.result(),
            json!({ "result": 7 }),
            "{arguments}"
        );
    }
    let missing =
        message("tool-calls", r#","tool_call_list":[{"id":"tool_0","type":"function","function":{"name":"number"}}]"#);
    assert_eq!(server.deliver(missing).await.result(), json!({ "result": 7 }));
}

#[tokio::test]
async fn an_empty_list_of_calls_has_an_empty_list_of_results() {
    let server = Server::start(app()).await;
    assert_eq!(server.deliver(tool_calls(&[])).await.json(), json!({ "results": [] }));
}

#[tokio::test]
async fn a_result_that_is_no_object_is_wrapped_in_one() {
    /// Return nothing.
    #[tool]
    async fn nothing() {}
    /// Return a text.
    #[tool]
    async fn text() -> &'static str {
        "a \"text\""
    }
    /// Return a list.
    #[tool]
    fn list() -> Vec<u8> {
        vec![1, 2]
    }
    /// Return nothing or something.
    #[tool]
    async fn none() -> Option<u8> {
        None
    }
    /// Return an object.
    #[tool]
    async fn object() -> serde_json::Value {
        json!({ "result": 1, "error": 2 })
    }
    /// Return a number that JSON does not have.
    #[tool]
    async fn not_a_number() -> f64 {
        f64::NAN
    }
    /// Return what cannot be written.
    #[tool]
    async fn unwritable() -> std::collections::HashMap<Vec<u8>, u8> {
        [(vec![1], 1)].into()
    }

    let server =
        Server::start(App::new().tools(tools![nothing, text, list, none, object, not_a_number, unwritable])).await;
    for (name, result) in [
        ("nothing", json!({ "result": null })),
        ("text", json!({ "result": "a \"text\"" })),
        ("list", json!({ "result": [1, 2] })),
        ("none", json!({ "result": null })),
        ("object", json!({ "result": 1, "error": 2 })),
        ("not_a_number", json!({ "result": null })),
    ] {
        assert_eq!(server.deliver(tool_calls(&[(name, "{}")])).await.result(), result, "{name}");
    }
    assert!(server.deliver(tool_calls(&[("unwritable", "{}")])).await.tool_error().contains("internal reason"));
}

#[tokio::test]
async fn an_error_whose_own_text_panics_harms_only_its_call() {
    #[derive(Debug)]
    struct Vicious;
    impl fmt::Display for Vicious {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            panic!("not even this")
        }
    }
    impl std::error::Error for Vicious {}

    /// Fail viciously.
    #[tool]
    async fn vicious() -> Result<u8, Vicious> {
        Err(Vicious)
    }

    let server = Server::start(App::new().tools(tools![vicious, number])).await;
    let answer = server.deliver(tool_calls(&[("vicious", "{}"), ("number", "{}")])).await;
    assert!(answer.tool_error().contains("internal reason"));
    assert_eq!(answer.json()["results"][1]["result"], json!({ "result": 7 }));
}

#[tokio::test]
async fn tools_borrow_the_call_and_what_the_app_provides() {
    #[derive(Default)]
    struct Counter(AtomicUsize);

    /// Count the calls.
    #[tool]
    async fn count(counter: &Counter, call: &Call) -> serde_json::Value {
        let count = counter.0.fetch_add(1, Ordering::Relaxed) + 1;
        json!({ "count": count, "call": call.id(), "tool_call": call.tool_call_id() })
    }

    let server = Server::start(App::new().tools(tools![count]).state(Counter::default())).await;
    let deliver = || server.deliver(tool_calls(&[("count", "{}")]));
    for expected in [1, 2] {
        let answer = deliver().await;
        let id = &answer.json()["results"][0]["tool_call_id"];
        assert_eq!(answer.result(), json!({ "count": expected, "call": "c-1", "tool_call": id }));
    }
}

#[tokio::test]
async fn a_background_tool_is_answered_at_once_and_run_after() {
    use std::sync::Arc;
    use tokio::sync::Notify;

    struct Gate(Arc<Notify>, Arc<Notify>);

    /// Write down a complaint.
    #[tool(background, response = "It was written down.")]
    async fn complain(gate: &Gate) -> Result<(), ToolError> {
        gate.0.notified().await;
        gate.1.notify_one();
        Ok(())
    }

    let (open, done) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let server = Server::start(App::new().tools(tools![complain]).state(Gate(open.clone(), done.clone()))).await;
    let answer = server.deliver(tool_calls(&[("complain", "{}")])).await;
    assert_eq!(answer.result(), json!({ "result": "It was written down." }));
    open.notify_one();
    done.notified().await;
}

/// Nobody hears what it says afterwards, so what can be known of its arguments is said before it is accepted.
#[tokio::test]
async fn a_background_tool_is_not_accepted_with_wrong_arguments() {
    /// Write down a complaint.
    #[tool(background, response = "It was written down.")]
    fn complain(#[arg(length = 1..=20)] text: String, urgent: bool) {
        let _ = (text, urgent);
    }

    let server = Server::start(App::new().tools(tools![complain])).await;
    let wrong = server.deliver(tool_calls(&[("complain", r#"{"text":"","order":1}"#)])).await;
    let error = wrong.result()["error"].as_str().unwrap_or_default().to_owned();
    for fault in ["`text` must", "`order` is not", "`urgent` is missing"] {
        assert!(error.contains(fault), "{error}");
    }
    let right = server.deliver(tool_calls(&[("complain", r#"{"text":"too slow","urgent":"true"}"#)])).await;
    assert_eq!(right.result(), json!({ "result": "It was written down." }));
}

/// Such as within a runtime that is not tokio's: a tool could not be waited for there, but nothing panics.
#[test]
fn what_needs_no_tool_is_answered_outside_of_tokio() {
    let sent = tool_calls(&[("nothing_like_it", "{}")]);
    let mut request = http::Request::post(crate::support::PATH);
    for line in signature_headers(SECRET, &now().to_string(), sent.as_bytes()).lines() {
        let (name, value) = line.split_once(": ").unwrap();
        request = request.header(name, value);
    }
    let mut service = app().secret(SECRET).into_service().unwrap();
    let request = request.body(http_body_util::Full::new(bytes::Bytes::from(sent))).unwrap();
    let answer = std::pin::pin!(tower::Service::call(&mut service, request));
    let answer = answer.poll(&mut std::task::Context::from_waker(std::task::Waker::noop()));
    let std::task::Poll::Ready(Ok(answer)) = answer else { panic!("it is not answered at once") };
    assert_eq!(answer.status(), 200);
}
