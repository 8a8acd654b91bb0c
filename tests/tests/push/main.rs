//! The command `push` as somebody at a keyboard or a CI job sees it: exit codes, and what goes to which stream.
//!
//! What it does in all the platform's moods is tested next to it, in `hms-webhook/src/push/tests.rs`.

#![expect(clippy::unwrap_used, reason = "a test may end by a panic")]

#[path = "../../../hms-webhook/src/push/tests/platform.rs"]
#[expect(dead_code, reason = "these tests need only a part of it")]
mod platform;

use std::process::Stdio;

use http::Method;
use platform::{KEY, Platform, Step, answer};
use serde_json::{Value, json};
use tokio::process::Command;

fn assistant() -> Value {
    json!({
        "id": "a-1",
        "webhook_url": "https://hooks.example.com/voice",
        "webhook_secret": "an-old-secret",
        "llm_config": { "provider": "openai", "model": "m", "tools": [{ "type": "end_call" }, { "name": "gone" }] },
    })
}

struct Seen {
    code: Option<i32>,
    output: String,
    errors: String,
}

/// Runs `garage push …` without a terminal, and with only these variables in its environment.
async fn push(arguments: &[&str], variables: &[(&str, &str)]) -> Seen {
    let output = Command::new(env!("CARGO_BIN_EXE_garage"))
        .arg("push")
        .args(arguments)
        .env_clear()
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let seen = Seen { code: output.status.code(), output: text(output.stdout), errors: text(output.stderr) };
    for secret in [KEY, "a-new-secret"] {
        assert!(!seen.output.contains(secret) && !seen.errors.contains(secret), "{secret} was shown");
    }
    seen
}

#[tokio::test]
async fn a_dry_run_ends_with_two_until_the_difference_is_applied() {
    let platform = Platform::start(assistant()).await;
    let url = platform.url();
    let variables = [("HMS_API_KEY", KEY), ("HMS_API_URL", &url), ("HMS_ASSISTANT_ID", "a-1")];

    let dry = push(&["--dry-run"], &variables).await;
    assert_eq!((dry.code, &*dry.errors), (Some(2), ""));
    assert_eq!(
        dry.output,
        "assistant a-1
    end_call is left alone: of the type `end_call`, which is no webhook tool
    gone is left alone: not in this program (`--prune` removes it)
  + find_slot: Find free workshop slots for a day.
  + send_prices: Send the price list by mail.
2 tools to add
"
    );
    let applied = push(&["--yes", "--prune"], &variables).await;
    assert_eq!((applied.code, applied.errors.lines().count()), (Some(0), 1), "{}", applied.errors);
    assert!(applied.output.contains("  - gone\n"), "{}", applied.output);
    let tools = platform.state().assistant["llm_config"]["tools"].clone();
    assert_eq!(tools.as_array().unwrap().len(), 3);
    assert_eq!(tools[1]["parameters"]["required"], json!(["day"]));
    assert_eq!(tools[2]["async_response"], "It is on its way.");

    let again = push(&["--dry-run"], &variables).await;
    assert_eq!((again.code, &*again.errors), (Some(0), ""));
    assert!(again.output.ends_with("no difference\n"), "{}", again.output);
}

#[tokio::test]
async fn the_secret_is_sent_and_never_shown() {
    let platform = Platform::start(assistant()).await;
    let url = platform.url();
    let variables = [("HMS_API_KEY", KEY), ("HMS_WEBHOOK_SECRET", "a-new-secret")];
    let seen = push(&["--yes", "--secret", "--assistant", "a-1", "--api-url", &url], &variables).await;
    assert_eq!(seen.code, Some(0), "{}", seen.errors);
    assert!(seen.output.contains("~ webhook_secret: "), "{}", seen.output);
    assert_eq!(platform.state().assistant["webhook_secret"], "a-new-secret");
}

#[tokio::test]
async fn an_error_is_one_line_and_ends_with_one() {
    let platform = Platform::start(assistant()).await;
    let url = platform.url();
    let refused = json!({ "error": "Unauthorized", "message": format!("No such key: {KEY}") });
    platform.script([(Method::GET, Step::Answer(answer(401, &[], refused)))]);
    let asked = ["--dry-run", "--assistant", "a-1", "--api-url", &url];
    for (arguments, variables, part) in [
        (&asked[..], &[("HMS_API_KEY", KEY)][..], "check HMS_API_KEY"),
        (&asked, &[], "no API key is set"),
        (&asked, &[("HMS_API_KEY_FILE", "/nowhere/at/all")], "cannot be read"),
        (&asked[1..], &[("HMS_API_KEY", KEY)], "no terminal to ask on"),
        (
            &["--dry-run", "--assistant", "", "--api-url", &url],
            &[("HMS_API_KEY", KEY), ("HMS_ASSISTANT_ID", "a-1")],
            "the assistant's id is empty",
        ),
        (
            &["--dry-run", "--assistant", "a-1", "--api-url", "http://api.example.com"],
            &[("HMS_API_KEY", KEY)],
            "plain http://",
        ),
    ] {
        let seen = push(arguments, variables).await;
        assert_eq!((seen.code, &*seen.output, seen.errors.lines().count()), (Some(1), "", 1), "{}", seen.errors);
        assert!(seen.errors.contains(part), "{part} in {}", seen.errors);
    }
    assert!(platform.patches().is_empty());
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn an_output_that_takes_nothing_is_an_error_with_a_remedy() {
    let platform = Platform::start(assistant()).await;
    let child = Command::new(env!("CARGO_BIN_EXE_garage"))
        .args(["push", "--yes", "--assistant", "a-1", "--api-url", &platform.url()])
        .env_clear()
        .env("HMS_API_KEY", KEY)
        .stdout(std::fs::File::options().write(true).open("/dev/full").unwrap())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let output = child.wait_with_output().await.unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), errors.lines().count()), (Some(1), 1), "{errors}");
    assert!(
        errors.contains("standard output cannot be written to") && errors.contains("look at where it leads"),
        "{errors}"
    );
    assert!(!errors.contains("terminal"), "{errors}");
    assert!(platform.patches().is_empty());
}

#[tokio::test]
async fn a_mistake_on_the_command_line_is_no_difference() {
    let seen = push(&["--dry-run", "--no-such-flag"], &[]).await;
    assert_eq!((seen.code, &*seen.output), (Some(1), ""));
    let help = push(&["--help"], &[]).await;
    assert_eq!(help.code, Some(0));
    for part in ["Exit codes:", "HMS_API_KEY", "--prune", "--dry-run"] {
        assert!(help.output.contains(part), "{part} in {}", help.output);
    }
}
