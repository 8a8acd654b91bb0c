//! The command `send` against a server that listens: exit codes, and what goes to which stream.

use std::process::{Command, Output};

use hms_webhook::{App, tool, tools};
use serde_json::Value;
use tokio::net::TcpListener;

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
    for arguments in [&["status-update", "--bad-signature"][..], &["status-update", "--skew", "400s"]] {
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
