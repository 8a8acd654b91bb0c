//! The command `simulate` against a server that listens: what a script can say, and what is shown of it.

use std::{
    fs,
    process::{Command, Output},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use hms_webhook::{
    App, AssistantConfig, AssistantReply, AssistantRequest, Call, EndOfCallReport, ToolError, assistant_request,
    end_of_call_report, handlers, tool, tools,
};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;

#[derive(Debug, Clone, Default)]
struct Runs(Arc<AtomicUsize>);

#[derive(Debug, Serialize)]
struct Slots {
    status: &'static str,
    hours: Vec<u32>,
    number: Option<String>,
    customer: Value,
}

/// Find free workshop slots for a day.
#[tool]
async fn find_slot(day: String, limit: Option<u32>, call: &Call, runs: &Runs) -> Result<Slots, ToolError> {
    runs.0.fetch_add(1, Ordering::Relaxed);
    if day == "Sunday" {
        return Err(ToolError::tell("closed on a Sunday"));
    }
    let hours = (9..17).take(limit.unwrap_or(2) as usize).collect();
    let customer = call.metadata::<Value>().ok().flatten().unwrap_or_default();
    Ok(Slots { status: "free", hours, number: call.customer_number().map(str::to_owned), customer })
}

/// Send the price list by mail.
#[tool(background, response = "It is on its way.")]
async fn send_prices() {}

#[assistant_request]
async fn greet(request: AssistantRequest) -> AssistantReply {
    match request.customer_number() {
        Some("+31600000000") => AssistantReply::reject("We are closed."),
        _ => AssistantReply::assistant(AssistantConfig::new().first_message("Hello.").metadata(json!({ "id": "K-1" }))),
    }
}

#[end_of_call_report]
fn file_report(_report: EndOfCallReport) {}

async fn serve() -> (String, Runs) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (url, runs) = (format!("http://{}", listener.local_addr().unwrap()), Runs::default());
    let app = App::new().tools(tools![find_slot, send_prices]).handlers(handlers![greet, file_report]);
    tokio::spawn(app.state(runs.clone()).secret("shared").serve(listener));
    (url, runs)
}

pub(crate) struct Seen {
    pub(crate) code: Option<i32>,
    pub(crate) output: String,
    pub(crate) errors: String,
}

impl Seen {
    fn json(&self) -> Value {
        serde_json::from_str(&self.output).unwrap_or_else(|error| panic!("{error}: {} {}", self.output, self.errors))
    }
}

/// Runs `garage simulate` with `script` as a file, or without one.
pub(crate) async fn simulate(url: &str, script: Option<&str>, flags: &[&str]) -> Seen {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_garage"));
    command.args(["simulate", "--url", url]).args(flags).env_clear().env("HMS_WEBHOOK_SECRET", "shared");
    command.current_dir(folder.path());
    if let Some(script) = script {
        fs::write(folder.path().join("call.toml"), script).unwrap();
        command.arg("call.toml");
    }
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let Output { status, stdout, stderr } = output;
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Seen { code: status.code(), output: text(stdout), errors: text(stderr) }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_script_every_tool_is_called_once() {
    let (url, runs) = serve().await;
    let seen = simulate(&url, None, &[]).await;
    assert_eq!((seen.code, &*seen.errors), (Some(0), ""), "{}", seen.output);
    let wanted = [
        "assistant-request",
        "in-progress",
        "find_slot",
        "send_prices",
        "ended",
        "end-of-call-report",
        "1 call, 6 deliv",
    ];
    let lines: Vec<_> = seen.output.lines().collect();
    assert_eq!(lines.len(), wanted.len(), "{}", seen.output);
    for (line, part) in lines.iter().zip(wanted) {
        assert!(line.contains(part), "{line}");
    }
    assert!(lines[6].ends_with("all as expected") && !seen.output.contains('\u{1b}'), "{}", seen.output);
    let place = |line: &&str| line.find("  200  ").map(|at| line[..at].chars().count());
    let places: Vec<_> = lines[..6].iter().map(place).collect();
    assert!(places[0].is_some() && places.iter().all(|place| *place == places[0]), "{}", seen.output);
    assert_eq!(runs.0.load(Ordering::Relaxed), 1);
}

const CALL: &str = r#"
[variables]
day = "Monday"

[call]
caller = "+31612000${call}"

[[step]]
event = "assistant-request"
expect.status = 200
expect.reply.assistant.first_message = "Hello."
expect.error = false

[[step]]
tool = "find_slot"
arguments = { day = "${day}", limit = 1 }
repeat = 2
expect.within = "9s"
expect.result = { status = "free", hours = [9], number = "+316120001", customer = { id = "K-1" } }

[[step]]
tool = "find_slot"
arguments = { day = "Sunday" }
pause = "1ms"
retry = 1
expect.error = "closed on"

[[step]]
[[step.calls]]
tool = "send_prices"
expect.result = "It is on its way."
expect.error = false

[[step.calls]]
tool = "find_slot"
arguments = { limit = 5 }
expect.error = true

[[step]]
event = "status-update"
status = "ended"
message.end_reason = "user_hangup"
expect.reply = {}

[[step]]
event = "end-of-call-report"
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_script_holds_where_all_is_as_expected() {
    let (url, runs) = serve().await;
    let script = CALL.replace(
        "expect.result = \"It is on its way.\"\nexpect.error = false",
        "expect.result = \"It is on its way.\"",
    );
    let seen = simulate(&url, Some(&script), &["--json"]).await;
    assert_eq!((seen.code, &seen.json()["faults"]), (Some(0), &json!([])), "{} {}", seen.output, seen.errors);
    let deliveries = seen.json()["deliveries"].as_array().cloned().unwrap();
    let again: Vec<_> = deliveries.iter().map(|delivery| delivery["again"].as_str().unwrap_or("-")).collect();
    assert_eq!(again, ["-", "-", "repeat", "-", "-", "-", "-"]);
    assert_eq!(deliveries[1]["reply"], deliveries[2]["reply"]);
    // The repeated delivery was answered without a second run.
    assert_eq!(runs.0.load(Ordering::Relaxed), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_hold_is_named_with_its_line() {
    let (url, _) = serve().await;
    let script = r#"
[[step]]
event = "assistant-request"
expect.status = 201
expect.error = "closed"

[[step]]
tool = "find_slot"
arguments = { day = "Monday" }
expect.within = "0s"
expect.result.status = "lost"
expect.result.hours = [9]
expect.result.colour = "red"

[[step]]
tool = "find_slot"
arguments = { day = "Sunday" }
expect.error = false
"#;
    let seen = simulate(&url, Some(script), &[]).await;
    assert_eq!(seen.code, Some(2), "{}", seen.errors);
    for part in [
        "status: expected 201, got 200  (call.toml:4)",
        "error: expected one with \"closed\", got none  (call.toml:5)",
        "within: expected an answer within 0 ms",
        "(call.toml:10)",
        "result.status: expected \"lost\", got \"free\"  (call.toml:11)",
        "result.hours[1]: expected (none), got 10  (call.toml:12)",
        "result.colour: expected \"red\", got (none)  (call.toml:13)",
        "error: expected none, got \"closed on a Sunday\"  (call.toml:18)",
    ] {
        assert!(seen.output.contains(part), "{part}: {}", seen.output);
    }
    assert!(seen.output.ends_with("7 things not as expected\n"), "{}", seen.output);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejection_ends_the_call_and_must_be_expected() {
    let (url, runs) = serve().await;
    let script = |expect: &str| {
        format!(
            "[call]\ncaller = \"+31600000000\"\n[[step]]\nevent = \"assistant-request\"\n{expect}\n[[step]]\ntool = \"find_slot\"\n"
        )
    };
    for (expect, code) in [
        ("", 2),
        ("expect.error = \"closed\"", 0),
        ("expect.reply.error = \"We are closed.\"", 0),
        ("expect.error = false", 2),
    ] {
        let seen = simulate(&url, Some(&script(expect)), &[]).await;
        assert_eq!(seen.code, Some(code), "{expect}: {} {}", seen.output, seen.errors);
    }
    assert_eq!(runs.0.load(Ordering::Relaxed), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_calls_are_a_summary_with_percentiles_beside_deadlines() {
    let (url, runs) = serve().await;
    let seen = simulate(&url, None, &["--calls", "12", "--concurrency", "4"]).await;
    assert_eq!(seen.code, Some(0), "{} {}", seen.output, seen.errors);
    let head: Vec<_> = seen.output.lines().next().unwrap().split_whitespace().collect();
    assert_eq!(head, ["EVENT", "TOOL", "COUNT", "FAILED", "P50", "P99", "MAX", "DEADLINE"]);
    assert_eq!(runs.0.load(Ordering::Relaxed), 12);

    let seen = simulate(&url, None, &["--calls", "3", "--json"]).await;
    let json = seen.json();
    let row = json["summary"].as_array().unwrap().iter().find(|row| row["tool"] == "find_slot").unwrap();
    assert_eq!((&row["count"], &row["failed"], &row["deadline_ms"]), (&json!(3), &json!(0), &json!(10_000.0)), "{row}");
    let [p50, p99, max] = ["p50_ms", "p99_ms", "max_ms"].map(|name| row[name].as_f64().unwrap());
    assert!(0.0 < p50 && p50 <= p99 && p99 <= max, "{row}");

    let script = "[call]\nid = \"mine\"\n[[step]]\ntool = \"find_slot\"\n";
    let same = simulate(&url, Some(script), &["--calls", "2"]).await;
    assert!(same.code == Some(1) && same.errors.contains("${call}"), "{}", same.errors);

    let wrong = "[[step]]\ntool = \"find_slot\"\nexpect.result.status = \"lost\"\n";
    let wrong = simulate(&url, Some(wrong), &["--calls", "5"]).await;
    assert_eq!(wrong.code, Some(2));
    assert!(wrong.output.contains("5 × result.status: expected \"lost\", got \"free\""), "{}", wrong.output);
}

#[tokio::test]
async fn every_fault_of_a_script_is_told_at_once_with_its_line() {
    let script = r#"stepp = 1
[call]
calller = "x"
caller = "+31612000111"
web_call = true
[[step]]
event = "tool-cals"
[[step]]
tool = "find_slt"
arguments = { day = "${dya}" }
expect.within = "3"
[[step]]
pause = 3
event = "status-update"
arguments = {}
expect.result = 5
[[step]]
repeat = 0
[variables]
day = "Monday"
"#;
    let seen = simulate("http://127.0.0.1:9", Some(script), &[]).await;
    assert_eq!((seen.code, &*seen.output), (Some(1), ""));
    for part in [
        "call.toml:1: there is no key `stepp`, did you mean `step`?",
        "call.toml:3: there is no key `call.calller`, did you mean `call.caller`?",
        "call.toml:2: `call.caller` and `call.web_call` do not go together",
        "call.toml:7: there is no event `tool-cals`, did you mean `tool-calls`?",
        "call.toml:9: there is no tool `find_slt`, did you mean `find_slot`?",
        "call.toml:10: there is no variable `dya`, did you mean `day`?",
        "call.toml:11: `expect.within` must be a time such as",
        "call.toml:13: `pause` must be a time such as",
        "call.toml:12: `arguments` is of `tool-calls`, not of `status-update`",
        "call.toml:16: `expect.result` is of one tool's result",
        "call.toml:17: this step sends nothing",
        "call.toml:18: `repeat` must be a number from 1 to 1000",
    ] {
        assert!(seen.errors.contains(part), "{part}: {}", seen.errors);
    }
    for (script, part) in [
        ("[[step]\n", "call.toml:1: this is not TOML"),
        ("", "call.toml:1: there is no step"),
        ("[[step]]\ntool = \"find_slot\"\n[[step.calls]]\ntool = \"find_slot\"\n", "keep one of them"),
        (CALL, "`expect.result` and `expect.error` do not go together"),
    ] {
        let seen = simulate("http://127.0.0.1:9", Some(script), &[]).await;
        assert!(seen.code == Some(1) && seen.errors.contains(part), "{part}: {}", seen.errors);
    }
}

#[tokio::test]
async fn a_key_that_is_misspelt_is_one_fault() {
    for step in [
        "evnt = \"status-update\"\nstatus = \"ended\"",
        "tol = \"find_slot\"\narguments = { day = \"x\" }\nexpect.result.status = \"free\"",
        "event = \"tool-calls\"\ntol = \"find_slot\"",
        "[[step.calls]]\ntol = \"find_slot\"",
    ] {
        let seen = simulate("http://127.0.0.1:9", Some(&format!("[[step]]\n{step}\n")), &[]).await;
        assert_eq!((seen.code, seen.errors.matches("call.toml:").count()), (Some(1), 1), "{}", seen.errors);
        assert!(seen.errors.contains("there is no key"), "{}", seen.errors);
    }
}

#[tokio::test]
async fn variables_come_from_the_command_line_too_and_must_be_there() {
    let (url, _) = serve().await;
    let script = "[[step]]\ntool = \"find_slot\"\narguments = { day = \"x\", limit = \"${limit}\" }\nexpect.result.hours = [9, 10, 11]\n";
    let given = simulate(&url, Some(script), &["--var", "limit=3"]).await;
    assert_eq!(given.code, Some(0), "{} {}", given.output, given.errors);
    let missing = simulate(&url, Some(script), &[]).await;
    assert!(missing.code == Some(1) && missing.errors.contains("no variable `limit`"), "{}", missing.errors);
    let without = simulate(&url, None, &["--var", "limit=3"]).await;
    assert!(without.code == Some(1) && without.errors.contains("none is named"), "{}", without.errors);
}

#[tokio::test]
async fn a_null_is_written_as_a_variable() {
    let (url, _) = serve().await;
    let script = |expected: &str| {
        format!(
            "[call]\nweb_call = true\n[[step]]\ntool = \"find_slot\"\n\
             arguments = {{ day = \"Monday\", limit = \"${{null}}\" }}\nexpect.result.{expected} = \"${{null}}\"\n"
        )
    };
    let seen = simulate(&url, Some(&script("number")), &[]).await;
    assert_eq!(seen.code, Some(0), "{} {}", seen.output, seen.errors);
    let seen = simulate(&url, Some(&script("status")), &[]).await;
    assert_eq!(seen.code, Some(2), "{} {}", seen.output, seen.errors);
    assert!(seen.output.contains("result.status: expected null, got \"free\""), "{}", seen.output);
}

#[tokio::test]
async fn without_a_server_or_a_file_one_line_says_what_to_do() {
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let url = format!("http://127.0.0.1:{port}");
    for flags in [&[][..], &["--calls", "3", "--concurrency", "2"], &["no-such-file.toml"]] {
        let seen = simulate(&url, None, flags).await;
        assert_eq!((seen.code, seen.errors.lines().count()), (Some(1), 1), "{}", seen.errors);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn steps_that_a_rejection_leaves_out_are_told_and_fail_where_something_is_expected() {
    let (url, _) = serve().await;
    let script = |expect: &str| {
        format!(
            "[call]\ncaller = \"+31600000000\"\n[[step]]\nevent = \"assistant-request\"\nexpect.error = true\n\
             [[step]]\ntool = \"find_slot\"\n{expect}\n[[step]]\nevent = \"end-of-call-report\"\n"
        )
    };
    let told = "the call was rejected: 2 steps were not played";
    let seen = simulate(&url, Some(&script("")), &[]).await;
    assert!(seen.code == Some(0) && seen.output.contains(told), "{} {}", seen.output, seen.errors);

    let expecting = script("expect.result.status = \"free\"");
    let fault = "not played, so nothing that it expects was seen: the call was rejected before";
    let seen = simulate(&url, Some(&expecting), &[]).await;
    assert_eq!(seen.code, Some(2), "{} {}", seen.output, seen.errors);
    assert!(seen.output.contains(&format!("{fault}  (call.toml:6)")), "{}", seen.output);
    assert!(seen.output.contains(told) && seen.output.contains("1 thing not as expected"), "{}", seen.output);

    let many = simulate(&url, Some(&expecting), &["--calls", "3"]).await;
    assert_eq!(many.code, Some(2), "{}", many.output);
    assert!(many.output.contains(&format!("3 × {fault}")), "{}", many.output);
    assert!(many.output.contains("3 calls were rejected: 6 steps were not played"), "{}", many.output);

    let json = simulate(&url, Some(&expecting), &["--json"]).await.json();
    assert_eq!(json["steps_not_played"], 2, "{json}");
    assert_eq!(json["faults"], json!([{ "call": 1, "step": 2, "line": 6, "what": fault }]));
}
