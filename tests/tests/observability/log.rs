//! The log of a program: lines of JSON for other programs, aligned ones on a terminal.

use std::{
    io::Read,
    process::{Child, Command, Stdio},
    time::Duration,
};

use serde_json::{Value, json};

use crate::{
    command, free_address,
    support::{Connection, SECRET, message, now, request_with, signature_headers, signed_request, tool_calls},
};

/// What the program writes while it gets `requests`, one after another, and is stopped. `pid` finds its process.
async fn written(
    mut command: Command,
    webhook: std::net::SocketAddr,
    requests: &[Vec<u8>],
    pid: impl FnOnce(&Child) -> String,
) -> String {
    command.stderr(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    for _ in 0..400 {
        if tokio::net::TcpStream::connect(webhook).await.is_ok() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    for request in requests {
        let mut connection = Connection::to(webhook).await;
        connection.send(request).await;
        connection.answer().await;
    }
    let pid = pid(&child);
    assert!(Command::new("kill").args(["-s", "TERM", &pid]).status().unwrap().success());
    let mut text = String::new();
    child.stdout.take().unwrap().read_to_string(&mut text).unwrap();
    child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
    assert!(child.wait().unwrap().success(), "{text}");
    text
}

async fn log_of(settings: &[(&str, &str)], arguments: &[&str], requests: &[Vec<u8>]) -> String {
    let webhook = free_address();
    let mut command = command(webhook);
    command.args(arguments).envs(settings.iter().copied());
    written(command, webhook, requests, |child| child.id().to_string()).await
}

fn as_json(text: &str) -> Vec<Value> {
    let line = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    text.lines().map(line).collect()
}

/// Deliveries that end in every way but by a panic, which the program prints itself; and one that is refused. What is said in them is in no log.
fn requests() -> Vec<Vec<u8>> {
    let said = r#"{"number":"what was said"}"#;
    let twice = tool_calls(&[("good", "{}")]);
    let from_a_phone = r#","customer":{"number":"+31600000001"}"#;
    let odd = "no-such-tool\u{1b}[2J\nINFO";
    let mut requests: Vec<_> = [
        twice.clone(),
        twice,
        tool_calls(&[("takes", said), ("slow", "{}"), ("tells", "{}"), ("later", r#"{"article":"x"}"#)]),
        tool_calls(&[("fails", "{}")]),
        tool_calls(&[(&odd.escape_default().to_string().replace("\\u{1b}", "\\u001b"), "{}")]),
        message("assistant-request", from_a_phone),
        message("status-update", ""),
        message("made-up-by-the-sender", ""),
    ]
    .iter()
    .map(|body| signed_request(body.as_bytes()))
    .collect();
    requests.push(request_with(&signature_headers("another", &now().to_string(), b"{}"), b"{}"));
    requests
}

/// A delivery's event, tool, outcome and limit.
fn delivery(event: &str, tool: Option<&str>, outcome: &str, allowed: Option<u64>) -> Value {
    let all = [
        ("event", json!(event)),
        ("tool", json!(tool)),
        ("outcome", json!(outcome)),
        ("allowed_milliseconds", json!(allowed)),
    ];
    all.into_iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| (name.to_owned(), value)).collect()
}

#[tokio::test]
async fn a_program_reads_a_json_object_on_each_line() {
    let text =
        log_of(&[("OBSERVED_TAKES_UNSIGNED", "1"), ("RUST_LOG", "info,hms_webhook::service=debug")], &[], &requests())
            .await;
    let lines = as_json(&text);
    for line in &lines {
        for (name, kind) in [("timestamp", "Z"), ("level", ""), ("target", ""), ("message", "")] {
            assert!(line[name].as_str().is_some_and(|text| text.ends_with(kind)), "{name} of {line}");
        }
        assert!(line.as_object().unwrap().values().all(|value| !value.is_object()), "{line}");
    }
    let of_target = |target: &str| lines.iter().filter(|line| line["target"] == target).collect::<Vec<_>>();

    let mut deliveries = of_target("hms_webhook::delivery");
    let refused = deliveries.pop().unwrap();
    let expected = [
        ("level", json!("WARN")),
        ("message", json!("refused: no configured secret leads to this signature")),
        ("outcome", json!("refused")),
        ("status", json!(401)),
        ("reason", json!("wrong-signature")),
        ("client", json!("127.0.0.1")),
    ];
    assert!(expected.iter().all(|(name, value)| refused[name] == *value), "{refused}");
    assert!(refused["milliseconds"].is_u64() && refused.get("event").is_none(), "{refused}");
    let answered: Vec<Value> = deliveries
        .into_iter()
        .map(|line| {
            let (used, call, key) = (&line["milliseconds"], &line["call"], &line["key"]);
            assert!(used.is_u64() && call == "c-1" && key == "current" && line["level"] == "INFO", "{line}");
            let kept = ["event", "tool", "outcome", "allowed_milliseconds"];
            kept.into_iter().filter_map(|name| Some((name.to_owned(), line.get(name)?.clone()))).collect()
        })
        .collect();
    let (tool, nine) = ("tool-calls", Some(9000));
    assert_eq!(
        answered,
        [
            delivery(tool, Some("good"), "answered", nine),
            delivery(tool, Some("good"), "repeated", nine),
            delivery(tool, Some("takes, slow, tells, later"), "arguments, late, told, accepted", nine),
            delivery(tool, Some("fails"), "failed", nine),
            delivery(tool, Some(r"no-such-tool\u{1b}[2J\nINFO"), "unknown", nine),
            delivery("assistant-request", None, "fallback", Some(700)),
            delivery("status-update", None, "accepted", None),
            delivery("made-up-by-the-sender", None, "acknowledged", None),
        ]
    );
    let late = lines.iter().find(|line| line["outcome"] == "late" && line["level"] == "ERROR").unwrap();
    let spans = late["spans"].as_array().unwrap();
    assert_eq!((&spans[0]["span"], &spans[0]["event"]), (&json!("delivery"), &json!("tool-calls")));
    assert_eq!(
        (&spans[1]["span"], &spans[1]["name"], &spans[1]["call"]),
        (&json!("tool"), &json!("slow"), &json!("c-1"))
    );

    let [start] = of_target("hms_webhook::start")[..] else { panic!("{text}") };
    assert!(start["tools"].as_str().unwrap().starts_with("15: ") && start["tools"].as_str().unwrap().contains("good"));
    let handlers = start["handlers"].as_str().unwrap();
    for handler in ["assistant-request (answer)", "end-of-call-report (file)", "status-update (note)"] {
        assert!(handlers.starts_with("5: ") && handlers.contains(handler), "{handlers}");
    }
    assert!(start["address"].as_str().unwrap().starts_with("127.0.0.1:") && start["path"] == crate::support::PATH);
    assert!(start["store"].as_str().unwrap().starts_with("memory"));
    let warnings: Vec<_> = start["warnings"].as_str().unwrap().split("; ").collect();
    let [unsigned, short] = warnings[..] else { panic!("{warnings:?}") };
    assert!(unsigned.contains("without a signature are accepted"), "{unsigned}");
    assert!(short.contains("secret is short"), "{short}");
    for warning in warnings {
        let is_its_line = |line: &Value| line["level"] == "WARN" && line["message"] == warning;
        assert!(lines.iter().any(is_its_line), "a warning of its own: {warning}");
    }

    for secret in [SECRET, "what was said", "+31600000001", "sha256="] {
        assert!(!text.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn the_number_in_the_id_of_a_call_is_in_no_line() {
    let id = "call-_+31612000111_x7";
    let requests: Vec<_> = [
        tool_calls(&[("good", "{}"), ("fails", "{}"), ("logs", "{}")]),
        message("assistant-request", ""),
        message("status-update", ""),
        message("end-of-call-report", ""),
    ]
    .map(|body| signed_request(body.replace("c-1", id).as_bytes()))
    .into();
    for settings in
        [[("RUST_LOG", "debug"), ("NO_COLOR", "1")], [("RUST_LOG", "debug"), ("HMS_WEBHOOK_LOG_FORMAT", "human")]]
    {
        let text = log_of(&settings, &[], &requests).await;
        assert!(text.contains("_x7"), "{text}");
        for number in ["31612000111", "612000", "2000111"] {
            assert!(!text.contains(number), "{text}");
        }
    }
}

#[tokio::test]
async fn a_short_secret_is_warned_of_and_not_shown() {
    for (secret, is_short) in [("qzqzqz", true), ("fifteen-bytes-q", true), ("sixteen-bytes-qz", false)] {
        let text = log_of(&[("HMS_WEBHOOK_SECRET", secret)], &["serve", "--log-format", "json"], &[]).await;
        let is_warned = as_json(&text).iter().any(|line| {
            line["level"] == "WARN" && line["message"].as_str().unwrap_or_default().contains("secret is short")
        });
        assert!(is_warned == is_short && !text.contains(secret), "{secret}: {text}");
    }
}

#[tokio::test]
async fn the_answer_to_a_wrong_signature_says_nothing_and_the_log_why() {
    let signed = |secret, timestamp: &str| signature_headers(secret, timestamp, b"{}");
    let right = signed(SECRET, &now().to_string());
    let cases = [
        (String::new(), "no signature"),
        (right.split_inclusive("\r\n").nth(1).unwrap().to_owned(), "no header `x-webhook-timestamp`"),
        (format!("{right}{right}"), "more than once"),
        (signed(SECRET, &format!("+{}", now())), "not a decimal number"),
        (right.replace("sha256=", "sha256=0"), "not 64 hexadecimal digits"),
        (signed(SECRET, &(now() - 1000).to_string()), " s old"),
        (signed(SECRET, &(now() + 1000).to_string()), " s in the future"),
        (signed("another", &now().to_string()), "no configured secret leads to this signature"),
    ];
    let requests: Vec<_> = cases.iter().map(|(headers, _)| request_with(headers, b"{}")).collect();
    let lines = as_json(&log_of(&[], &["serve", "--log-format", "json"], &requests).await);
    let refused: Vec<_> = lines.iter().filter(|line| line["status"] == 401).collect();
    assert_eq!(refused.len(), cases.len(), "{lines:?}");
    for (line, (_, why)) in refused.into_iter().zip(&cases) {
        let message = line["message"].as_str().unwrap();
        assert!(message.starts_with("refused: ") && message.contains(why), "{why}: {line}");
        assert_eq!((&line["level"], &line["client"]), (&json!("WARN"), &json!("127.0.0.1")));
    }
}

#[tokio::test]
async fn a_flood_of_refusals_is_no_flood_of_lines() {
    let forged = request_with(&signature_headers("another", &now().to_string(), b"{}"), b"{}");
    let request = |path: &str, fields: &str| format!("POST {path} HTTP/1.1\r\nHost: a\r\n{fields}\r\n").into_bytes();
    let encoded = request(crate::support::PATH, "Content-Encoding: gzip\r\nContent-Length: 9\r\n");
    let floods = [vec![forged; 60], vec![encoded; 60], vec![request("/elsewhere", "Content-Length: 0\r\n")]].concat();
    let text = log_of(&[], &["serve", "--log-format", "json"], &floods).await;
    let lines = as_json(&text);
    let count = |status| lines.iter().filter(|line| line["level"] == "WARN" && line["status"] == status).count();
    // Twenty in ten seconds, which a busy machine may pass.
    for status in [401, 415] {
        assert!((20..60).contains(&count(status)), "{} lines about {status}: no flood hides the other", count(status));
    }
    assert_eq!(count(404), 0, "every port on the internet is probed");
}

#[tokio::test]
async fn a_signed_delivery_that_went_astray_is_told() {
    let astray = String::from_utf8(signed_request(b"{}")).unwrap().replacen(crate::support::PATH, "/webhook", 1);
    let lines = as_json(&log_of(&[], &["serve", "--log-format", "json"], &[astray.into_bytes()]).await);
    let refused: Vec<_> = lines.iter().filter(|line| line["outcome"] == "refused").collect();
    assert_eq!(refused.len(), 1, "{lines:?}");
    assert_eq!((&refused[0]["level"], &refused[0]["status"]), (&json!("WARN"), &json!(404)));
}

#[tokio::test]
async fn an_attempt_after_the_first_is_named() {
    let twice = signed_request(tool_calls(&[("fails", "{}")]).as_bytes());
    let lines = as_json(&log_of(&[], &["serve", "--log-format", "json"], &[twice.clone(), twice]).await);
    let attempts: Vec<_> =
        lines.iter().filter(|line| line["message"] == "answered").map(|line| line.get("attempt")).collect();
    assert_eq!(attempts, [None, Some(&json!(2))]);
    // Also where nobody waited for its end.
    let twice = signed_request(tool_calls(&[("slow", "{}")]).as_bytes());
    let lines = as_json(&log_of(&[], &["serve", "--log-format", "json"], &[twice.clone(), twice]).await);
    let late: Vec<_> = lines
        .iter()
        .filter(|line| line["message"] == "answered")
        .map(|line| (&line["outcome"], line.get("attempt")))
        .collect();
    assert_eq!(late, [(&json!("late"), None), (&json!("late"), Some(&json!(2)))]);
}

/// The lines of deliveries without their time, and all other lines.
fn columns(text: &str) -> (Vec<&str>, Vec<&str>) {
    let is_delivery = |line: &&str| {
        let begins = ["tool-calls ", "assistant-request ", "status-update ", "made-up-by-the-sender ", "request "];
        line.split_once("Z ").is_some_and(|(_, line)| begins.iter().any(|begin| line.starts_with(begin)))
    };
    let (deliveries, others): (Vec<_>, _) = text.lines().partition(is_delivery);
    (deliveries.iter().map(|line| line.split_once("Z ").unwrap().1).collect(), others)
}

/// Looks at lines whose first column is `width` wide.
fn check_columns(text: &str, width: usize) {
    let (deliveries, others) = columns(text);
    let shown: Vec<_> = deliveries.iter().map(|line| line.replace(|digit: char| digit.is_ascii_digit(), "0")).collect();
    let expected = |what: &str, end: &str| format!("{what:<width$} {end}");
    assert_eq!(shown[0], expected("tool-calls good", "answered     0.000 of 0 s   c-0"), "{text}");
    assert!(shown[2].ends_with(" late +0      0.000 of 0 s   c-0"), "{text}");
    assert!(shown[2].starts_with("tool-calls takes") && shown[2].contains("later "), "{text}");
    assert_eq!(shown[3], expected("tool-calls fails", "failed       0.000 of 0 s   c-0"));
    assert_eq!(shown[5], expected("assistant-request", "fallback     0.000 of 0.0 s c-0"));
    assert_eq!(shown[6], expected("status-update", "accepted     0.000 s        c-0"));
    assert!(shown[8].starts_with(&expected("request", "refused 000  ")), "{text}");
    assert_eq!(shown.len(), requests().len(), "one for each: {text}");
    for part in ["listening on 127.0.0.1:", "  tools     15: ", "  handlers  5: ", "  store     memory"] {
        assert_eq!(text.matches(part).count(), 1, "{part} in {text}");
    }
    // Of what is answered, a line of its own has only what is a fault of the program.
    let faults: Vec<_> = others.iter().filter_map(|line| line.split_once(" hms_webhook::router: ")).collect();
    assert!(faults.iter().all(|(before, _)| before.contains("ERROR")), "{faults:?}");
    let faults = faults.iter().map(|(_, fault)| fault.split_once(") ").unwrap().1).collect::<Vec<_>>();
    let late = r#"was not done at its deadline outcome="late""#;
    assert_eq!(faults, [late, r#"failed outcome="failed" cause="no network""#, "was late budget=700ms"], "{text}");
}

#[tokio::test]
async fn lines_for_people_are_aligned() {
    let text = log_of(&[("HMS_WEBHOOK_LOG_FORMAT", "human")], &[], &requests()).await;
    check_columns(&text, 43);
    assert!(text.contains("refused 401  no configured secret leads to this signature (127.0.0.1)\n"), "{text}");
    assert!(!text.contains('\u{1b}'), "there is no terminal");
    let time = text.split(' ').next().unwrap();
    assert!(time.len() == "2026-01-13T12:00:00.000000Z".len() && time.ends_with('Z'), "{time}");
}

/// What the program shows on a terminal; `None`, and said so, where none can be made.
#[cfg(target_os = "linux")]
async fn shown(settings: &[(&str, &str)], arguments: &str, columns: u16) -> Option<String> {
    if let Err(error) = Command::new("script").arg("--version").output() {
        #[allow(clippy::print_stderr, reason = "a skipped test says so")]
        {
            eprintln!("skipped: script is not there ({error}); it is in Debian's bsdutils");
        }
        return None;
    }
    let webhook = free_address();
    let template = command(webhook);
    let pid = tempfile::NamedTempFile::new().unwrap();
    let mut command = Command::new("script");
    let inner = format!(
        "stty cols {columns} rows 24; echo $$ > {}; exec {} {arguments}",
        pid.path().display(),
        template.get_program().display()
    );
    command.args(["--quiet", "--return", "--command", &inner, "/dev/null"]).stdin(Stdio::null());
    command.envs(template.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.env("TERM", "xterm").env_remove("NO_COLOR").envs(settings.iter().copied());
    let read_pid = |_: &Child| std::fs::read_to_string(pid.path()).unwrap().trim().to_owned();
    Some(written(command, webhook, &requests(), read_pid).await.replace("\r\n", "\n"))
}

/// `text` without the codes of colours.
#[cfg(target_os = "linux")]
fn plain(text: &str) -> String {
    let mut pieces = text.split("\u{1b}[");
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |text, piece| text + piece.split_once('m').unwrap().1)
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_terminal_shows_aligned_lines_in_colours() {
    for (columns, width, time) in [(80, 23, "12:00:00Z"), (200, 43, "12:00:00.000Z")] {
        let Some(text) = shown(&[], "serve", columns).await else { return };
        assert!(text.contains("\u{1b}[31mfailed      \u{1b}[0m"), "{text:?}");
        let text = plain(&text);
        check_columns(&text, width);
        assert_eq!(text.split(' ').next().unwrap().len(), time.len(), "{text}");
        for line in text.lines().filter(|line| line.contains(" of ") || line.contains("refused")) {
            assert!(line.chars().count() <= columns.into(), "{line}");
        }
        let refused = if columns == 80 { "401  wrong-signature\n" } else { "401  no configured secret leads to" };
        assert!(text.contains(refused), "{text}");
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_terminal_shows_what_is_asked_for() {
    let Some(text) = shown(&[("NO_COLOR", "1")], "serve", 100).await else { return };
    assert!(!text.contains('\u{1b}'), "{text:?}");
    check_columns(&text, 39);
    let text = shown(&[("HMS_WEBHOOK_LOG_FORMAT", "human")], "serve --log-format json", 80).await.unwrap();
    assert!(!text.contains('\u{1b}') && as_json(&text).len() > 10, "{text:?}");
}

#[test]
fn a_form_that_is_not_known_is_said_at_the_start() {
    let output = command(free_address()).env("HMS_WEBHOOK_LOG_FORMAT", "xml").output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("HMS_WEBHOOK_LOG_FORMAT is `xml`: set it to human"), "{said}");
}
