//! The command `send` against a server that listens: exit codes, and what goes to which stream.

use std::process::{Command, Output};

use hms_webhook::{App, tool, tools};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

/// Find free workshop slots for a day.
#[tool]
async fn find_slot(day: String, limit: Option<u32>) -> Result<String, hms_webhook::ToolError> {
    match limit {
        Some(7) => Err(hms_webhook::ToolError::tell("seven are too many")),
        _ => Ok(day),
    }
}

/// Serves the tool with the secret that [`send`] signs with; gives back the address of the webhook.
async fn serve() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(App::new().tools(tools![find_slot]).secret("shared").serve(listener));
    url
}

async fn send(url: &str, arguments: &[&str]) -> (Option<i32>, Value, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_garage"));
    command.args(["send", "--url", url]).args(arguments).env_clear().env("HMS_WEBHOOK_SECRET", "shared");
    let Output { status, stdout, stderr } =
        tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    (status.code(), serde_json::from_slice(&stdout).unwrap_or_default(), String::from_utf8(stderr).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn arguments_are_made_from_the_schema_or_given() {
    let url = serve().await;
    let (code, made, errors) = send(&url, &["--tool", "find_slot"]).await;
    assert_eq!(code, Some(0), "{errors}");
    assert!(made["results"][0]["result"]["result"].is_string(), "{made}");
    assert!(errors.starts_with("200 OK  ") && errors.ends_with(" of 10000 ms\n"), "{errors}");

    let given = ["--tool", "find_slot", "--arg", "day=2026-02-03", "--arg", "limit=7"];
    let (code, refused, _) = send(&url, &given).await;
    assert_eq!((code, &refused["results"][0]["result"]["error"]), (Some(0), &"seven are too many".into()));

    let (code, older, _) = send(&url, &["--tool", "find_slot", "--arg", "day=monday", "--legacy"]).await;
    assert_eq!((code, &older["results"][0]["result"]["result"]), (Some(0), &"monday".into()), "{older}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_server_refuses_is_exit_code_2() {
    let url = serve().await;
    for arguments in [&["status-update", "--bad-signature"][..], &["status-update", "--skew", "-400s"]] {
        let (code, answer, errors) = send(&url, arguments).await;
        assert_eq!(code, Some(2), "{errors}");
        assert!(answer["error"].is_string() && errors.starts_with("401 "), "{answer} {errors}");
    }
    let (code, answer, _) = send(&url, &["status-update", "--set", "call.id=5", "--set", "type=tool-calls"]).await;
    assert_eq!(code, Some(2), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_is_acknowledged() {
    let url = serve().await;
    for event in ["assistant-request", "status-update", "end-of-call-report", "something-new"] {
        let (code, answer, errors) = send(&url, &[event, "--web-call"]).await;
        assert_eq!((code, answer.to_string()), (Some(0), "{}".into()), "{event}: {errors}");
    }
}

#[tokio::test]
async fn without_a_server_one_line_says_what_to_do() {
    // Bound and let go: nobody listens there.
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let (code, _, errors) = send(&format!("http://127.0.0.1:{port}"), &["status-update"]).await;
    assert_eq!(code, Some(1));
    assert!(errors.contains("start the server with `serve`") && errors.lines().count() == 1, "{errors}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_hangs_up_is_not_told_to_be_started() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"\x15\x03\x01 no HTTP\r\n\r\n").await.unwrap();
    });
    let (code, _, errors) = send(&url, &["status-update"]).await;
    assert_eq!(code, Some(1));
    assert!(errors.contains("which has taken the delivery (") && errors.lines().count() == 1, "{errors}");
    assert!(errors.contains("name another with --url") && !errors.contains("start the server"), "{errors}");
}

/// Accepts `count` deliveries, answers each with `{}`, and gives back their heads, in lower case, and their bodies.
async fn captured(count: usize, arguments: &[&str]) -> (Vec<(String, Vec<u8>)>, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let mut deliveries = Vec::new();
        while deliveries.len() < count {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut bytes = Vec::new();
            let delivery = loop {
                assert_ne!(stream.read_buf(&mut bytes).await.unwrap(), 0, "a delivery ended early");
                let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
                let head = String::from_utf8(bytes[..end].to_vec()).unwrap().to_lowercase();
                let length: usize = header(&head, "content-length").parse().unwrap();
                if bytes.len() == end + 4 + length {
                    break (head, bytes[end + 4..].to_vec());
                }
            };
            deliveries.push(delivery);
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await.unwrap();
        }
        deliveries
    });
    let (code, _, errors) = send(&url, arguments).await;
    assert_eq!(code, Some(0), "{errors}");
    (server.await.unwrap(), errors)
}

fn header<'a>(head: &'a str, name: &str) -> &'a str {
    let line = head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    line.unwrap_or_else(|| panic!("no {name} in {head}"))
}

async fn captured_message(arguments: &[&str]) -> Value {
    let (deliveries, _) = captured(1, arguments).await;
    serde_json::from_slice::<Value>(&deliveries[0].1).unwrap()["message"].take()
}

#[tokio::test(flavor = "multi_thread")]
async fn flags_change_what_is_sent() {
    let plain = captured_message(&["status-update"]).await;
    assert_eq!(
        (&plain["call"]["type"], &plain["customer"]["number"].is_string()),
        (&"inbound_phone_call".into(), &true)
    );
    assert!(plain.get("phone_number").is_some() && plain.get("phoneNumber").is_none(), "{plain}");

    let web = captured_message(&["status-update", "--web-call"]).await;
    assert_eq!((&web["call"]["type"], &web["customer"]["number"]), (&"web_call".into(), &Value::Null));

    let set = ["status-update", "--set", "call.status=ended", "--set", "customer.age=5", "--set", "new.part=[1]"];
    let set = captured_message(&set).await;
    assert_eq!((&set["call"]["status"], &set["customer"]["age"]), (&"ended".into(), &5.into()));
    assert_eq!(set["new"]["part"], serde_json::json!([1]));

    let older = ["--tool", "some_tool", "--arg", "order_id=A-1", "--legacy"];
    let older = captured_message(&older).await;
    assert_eq!(older["toolCallList"][0]["function"]["arguments"]["order_id"], "A-1", "{older}");
    assert!(older.get("phoneNumber").is_some() && older.get("phone_number").is_none(), "{older}");
    assert_eq!(older["call"]["type"], "inboundPhoneCall", "{older}");

    let report =
        captured_message(&["end-of-call-report", "--legacy", "--set", r#"analysis={"was_booked":true}"#]).await;
    assert_eq!((&report["endReason"], &report["analysis"]["was_booked"]), (&"user_hangup".into(), &true.into()));
    assert!(report["messages"][0]["content"].is_string(), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_reaches_into_lists_and_makes_them() {
    let set = |paths: &[&'static str]| paths.iter().flat_map(|path| ["--set", path]).collect::<Vec<_>>();
    let paths = [
        "tool_call_list[0].function.arguments.day=Monday",
        "messages.0.content=Hello.",
        "messages[1].content=Bye.",
        "grid[0][0]=1",
    ];
    let message = captured_message(&[&["--tool", "find_slot"][..], &set(&paths)].concat()).await;
    let call = &message["tool_call_list"][0];
    assert_eq!((&call["id"], &call["function"]["arguments"]["day"]), (&"tool_1".into(), &"Monday".into()), "{message}");
    assert_eq!(message["messages"], serde_json::json!([{ "content": "Hello." }, { "content": "Bye." }]));
    assert_eq!(message["grid"], serde_json::json!([[1]]));

    for (path, part) in [
        ("=x", "`=x` sets nothing"),
        ("a..b=x", "`a..b` is no path"),
        (".a=x", "`.a` is no path"),
        ("a.=x", "`a.` is no path"),
        ("a[=x", "`a[` is no path"),
        ("a[x]=x", "`a[x]` is no path"),
        ("a[0]b=x", "`a[0]b` is no path"),
        ("a[]=x", "`a[]` is no path"),
        ("a[1]=x", "`a[1]` cannot be set: the list has no elements yet"),
        ("call.id[0]=x", "`call.id[0]` cannot be set: there is no place for `[0]`"),
        ("call[0]=x", "`call[0]` cannot be set: there is no place for `[0]`"),
    ] {
        let (code, _, errors) = send("http://127.0.0.1:9", &["status-update", "--set", path]).await;
        assert!(code == Some(1) && errors.contains(part), "{path}: {errors}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_argument_that_is_a_text_stays_as_it_was_written() {
    for (written, sent) in [
        ("123456789012345678901234567890", "123456789012345678901234567890"),
        ("007", "007"),
        ("1.50", "1.50"),
        ("true", "true"),
        ("null", "null"),
        ("\"5\"", "5"),
        ("Monday", "Monday"),
    ] {
        let day = format!("day={written}");
        let message = captured_message(&["--tool", "find_slot", "--arg", &day, "--arg", "limit=2"]).await;
        let arguments = &message["tool_call_list"][0]["function"]["arguments"];
        assert_eq!(arguments, &serde_json::json!({ "day": sent, "limit": 2 }));
    }
    let number = captured_message(&["--tool", "find_slot", "--arg", "limit=null", "--arg", "other=5"]).await;
    let arguments = &number["tool_call_list"][0]["function"]["arguments"];
    assert_eq!(arguments, &serde_json::json!({ "limit": null, "other": 5 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn repetitions_are_calls_of_their_own_unless_a_file_is_repeated() {
    let (made, _) = captured(2, &["--tool", "some_tool", "--arg", "day=monday", "--repeat", "2"]).await;
    let ids =
        made.iter().map(|(_, body)| serde_json::from_slice::<Value>(body).unwrap()["message"]["call"]["id"].take());
    let ids: Vec<_> = ids.collect();
    assert!(ids[0].is_string() && ids[0] != ids[1], "{ids:?}");

    // Spaces and a line break, which writing the JSON anew would lose.
    let text = "{ \"message\": {\"type\":  \"status-update\"} }\n";
    let path = std::env::temp_dir().join(format!("hms-webhook-sending-{}.json", std::process::id()));
    std::fs::write(&path, text).unwrap();
    let file = path.to_str().unwrap();
    let (repeated, _) = captured(2, &["--file", file, "--repeat", "2"]).await;
    let (changed, _) = captured(1, &["--file", file, "--set", "call.id=c-1"]).await;
    std::fs::remove_file(&path).unwrap();
    assert!(repeated.iter().all(|(_, body)| body == text.as_bytes()), "{repeated:?}");
    let changed: Value = serde_json::from_slice(&changed[0].1).unwrap();
    assert_eq!(changed["message"]["call"]["id"], "c-1", "{changed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_sent_whatever_is_in_it() {
    let url = serve().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("body");
    let file = path.to_str().unwrap();
    for (bytes, told) in [
        (&b"{\"message\": "[..], "is not valid JSON"),
        (b"\xff\x00 no text at all", "is not valid JSON"),
        (b"", "is not valid JSON"),
        (b"[1]", "expected an object as the body"),
    ] {
        std::fs::write(&path, bytes).unwrap();
        let (sent, _) = captured(1, &["--file", file]).await;
        assert_eq!(sent[0].1, bytes);
        let (code, answer, errors) = send(&url, &["--file", file]).await;
        assert!(code == Some(2) && errors.starts_with("400 "), "signed, and refused for what it is: {errors}");
        assert!(answer["error"].as_str().unwrap().contains(told), "{answer}");
    }
    std::fs::write(&path, "no JSON").unwrap();
    for change in [&["--set", "call.id=c-1"][..], &["--legacy"]] {
        let (code, _, errors) = send(&url, &[&["--file", file], change].concat()).await;
        assert_eq!(code, Some(1));
        assert!(errors.contains("--set and --legacy change JSON, which it is not"), "{errors}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn skew_dates_forward_and_back() {
    let now = || std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs();
    for (skew, seconds) in [("--skew=-400s", -400), ("--skew=+400s", 400)] {
        let before = now();
        let (deliveries, _) = captured(1, &["status-update", skew]).await;
        let sent: u64 = header(&deliveries[0].0, "x-webhook-timestamp").parse().unwrap();
        let span = before.saturating_add_signed(seconds)..=now().saturating_add_signed(seconds);
        assert!(span.contains(&sent), "{skew}: {sent} is not in {span:?}");
    }
}

#[tokio::test]
async fn what_does_not_fit_together_is_said_and_nothing_is_sent() {
    let nowhere = "http://127.0.0.1:9";
    for flags in [["status-update", "--tool", "find_slot"], ["status-update", "--arg", "day=monday"]] {
        let (code, _, errors) = send(nowhere, &flags).await;
        assert_eq!(code, Some(1));
        assert!(errors.contains("--tool and --arg are of `tool-calls`, not of `status-update`"), "{errors}");
    }
    for flags in [&[][..], &["--bad-signature"]] {
        let (code, _, errors) = send(nowhere, flags).await;
        assert_eq!(code, Some(1));
        assert!(errors.contains("nothing to send: name an event (assistant-request"), "{errors}");
    }
    let (code, _, errors) = send(nowhere, &["--file", "body.json", "--arg", "day=monday"]).await;
    assert_eq!(code, Some(1));
    assert!(errors.contains("cannot be used with"), "{errors}");
}

#[tokio::test]
async fn a_unix_socket_asks_for_a_url_and_a_secret_may_be_in_a_file() {
    let run = |name: &'static str, value: &'static str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_garage"));
        let output = command.args(["send", "status-update"]).env_clear().env(name, value).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, errors) = run("HMS_WEBHOOK_LISTEN", "unix:/run/hooks.sock");
    assert!(code == Some(1) && errors.contains("with --url"), "{errors}");
    let (code, errors) = run("HMS_WEBHOOK_SECRET_FILE", "/nowhere/secret");
    assert!(code == Some(1) && errors.contains("/nowhere/secret"), "{errors}");
}
