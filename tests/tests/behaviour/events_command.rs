//! The command `events`, as a program beside a store.

use std::{path::Path, process::Output, time::Duration};

use hms_webhook::store::{Filter, NewEvent, Sqlite, Store};
use serde_json::Value;

use crate::support::message;

async fn run(path: &Path, arguments: &[&str]) -> Output {
    tokio::process::Command::new(env!("CARGO_BIN_EXE_garage"))
        .arg("events")
        .args(arguments)
        .env("HMS_WEBHOOK_STORE", format!("sqlite:{}", path.display()))
        .output()
        .await
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A store with a dead letter of one call and a waiting event of another.
async fn store(path: &Path) -> Sqlite {
    let store = Sqlite::open(path).unwrap();
    for call in ["call-1", "call-2"] {
        let event = NewEvent {
            key: call.into(),
            remembered_for: Duration::from_secs(600),
            kind: "end-of-call-report".into(),
            call_id: call.into(),
            body: message(
                "end-of-call-report",
                r#","customer":{"number":"+31612000111"},"summary":"a secret illness""#,
            )
            .into(),
            trace: None,
            handlers: vec!["file_report".into()],
        };
        store.append(vec![event]).await.unwrap();
    }
    let job = store.lease(1).await.unwrap().jobs.remove(0);
    store.fail(job.id, "no network", None).await.unwrap();
    store
}

#[tokio::test]
async fn events_are_listed_and_bodies_shown_when_asked_for_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.sqlite3");
    let _server = store(&path).await;

    let output = run(&path, &["list"]).await;
    let table = text(&output.stdout);
    assert!(output.status.success() && table.lines().count() == 3, "{output:?}");
    let dead = table.lines().nth(1).unwrap();
    for part in ["1", "dead", "end-of-call-report", "file_report", "call-1", "no network"] {
        assert!(dead.contains(part), "{part} in {dead}");
    }
    assert_eq!(text(&output.stderr), "1 waiting, 0 running, 1 dead\n");

    let json = run(&path, &["list", "--state", "dead", "--json"]).await;
    let json: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json["counts"], serde_json::json!({ "waiting": 1, "running": 0, "dead": 1 }));
    assert_eq!(json["events"].as_array().unwrap().len(), 1);
    assert_eq!((&json["events"][0]["id"], &json["events"][0]["call"]), (&1.into(), &"call-1".into()));
    assert!(json["events"][0].get("body").is_none());

    for (arguments, shown) in [
        (&["list", "--json"][..], false),
        (&["list", "--json", "--bodies"], true),
        (&["show", "1"], false),
        (&["show", "1", "--json"], false),
        (&["show", "1", "--body"], true),
    ] {
        let output = run(&path, arguments).await;
        assert_eq!(text(&output.stdout).contains("a secret illness"), shown, "{arguments:?}: {output:?}");
    }
}

#[tokio::test]
async fn a_body_is_shown_without_what_is_private() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.sqlite3");
    let _server = store(&path).await;
    for arguments in [&["show", "1"][..], &["show", "1", "--json"]] {
        let shown = text(&run(&path, arguments).await.stdout);
        assert!(shown.contains("\"timestamp\": \"2026-02-03T09:15:00.000Z\""), "what it is made of is seen: {shown}");
        assert!(shown.contains("\"summary\": \"") && !shown.contains("illness"), "{shown}");
        assert!(shown.contains("999000001") && !shown.contains("+31612000111"), "{shown}");
    }
    let shown = text(&run(&path, &["show", "1", "--body"]).await.stdout);
    assert!(shown.contains("+31612000111") && shown.contains("a secret illness"), "{shown}");
}

#[tokio::test]
async fn dead_letters_are_replayed_and_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.sqlite3");
    let server = store(&path).await;
    let output = run(&path, &["replay", "--call", "call-2"]).await;
    assert_eq!(
        (output.status.code(), text(&output.stderr).as_str()),
        (Some(1), "0 dead letters to be handled again\n")
    );
    let output = run(&path, &["replay", "1"]).await;
    assert_eq!((output.status.code(), text(&output.stderr).as_str()), (Some(0), "1 dead letter to be handled again\n"));
    let leased = server.lease(10).await.unwrap().jobs;
    assert_eq!(leased.len(), 2, "the server finds it");
    server.fail(leased[0].id, "no network", None).await.unwrap();
    assert!(run(&path, &["drop", "--all"]).await.status.success());
    assert_eq!(server.list(&Filter::default()).await.unwrap().len(), 1, "only what is dead is dropped");
}

#[tokio::test]
async fn what_is_wrong_is_said_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.sqlite3");
    let missing = run(&path, &["list"]).await;
    assert!(text(&missing.stderr).contains("does not exist"), "{missing:?}");
    let _server = store(&path).await;
    let unknown = run(&path, &["show", "77"]).await;
    assert!(text(&unknown.stderr).contains("there is no event 77"), "{unknown:?}");
    for output in [missing, unknown] {
        assert_eq!((output.status.code(), text(&output.stderr).lines().count()), (Some(1), 1), "{output:?}");
        assert!(output.stdout.is_empty());
    }
    let everything = run(&path, &["drop"]).await;
    assert_eq!(everything.status.code(), Some(1), "nothing is dropped unless it is named: {everything:?}");
}
