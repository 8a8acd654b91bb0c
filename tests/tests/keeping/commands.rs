//! The command `events` beside servers that share a broker.

use serde_json::{Value, json};

use crate::{Desk, broker::Broker, deliver, event, until};

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

async fn listed(desk: &Desk, arguments: &[&str]) -> Value {
    let output = desk.events(&[&["list", "--json"], arguments].concat()).await;
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test]
async fn dead_letters_at_a_broker_are_shown_replayed_and_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::start(&folder).await;
    let desk = Desk::new(&broker.address("prefix=desk"));
    let missing = desk.events(&["list"]).await;
    assert_eq!(missing.status.code(), Some(1));
    assert!(text(&missing.stderr).contains("has a server been started with this store?"), "{missing:?}");

    let server = desk.start().await;
    desk.put("broken");
    for call in ["c-first", "c-second"] {
        assert_eq!(deliver(&server, event("end-of-call-report", call)).await.status, 200);
    }
    until("both are dead letters", async || listed(&desk, &[]).await["counts"]["dead"] == 2).await;

    let table = desk.events(&["list"]).await;
    assert_eq!(text(&table.stderr), "0 waiting, 0 running, 2 dead\n");
    let row = text(&table.stdout).lines().nth(1).unwrap().to_owned();
    for part in ["dead", "end-of-call-report", "file", "c-first", "2", "the cabinet is locked"] {
        assert!(row.contains(part), "{part} in {row}");
    }
    let second = listed(&desk, &["--call", "c-second"]).await["events"].clone();
    assert_eq!(second.as_array().unwrap().len(), 1);
    assert_eq!((&second[0]["attempts"], &second[0]["state"]), (&json!(2), &json!("dead")));
    let id = second[0]["id"].to_string();
    for (arguments, is_shown) in [
        (&["list"][..], false),
        (&["list", "--json"], false),
        (&["list", "--json", "--bodies"], true),
        (&["show", &id], false),
        (&["show", &id, "--json"], false),
        (&["show", &id, "--body"], true),
    ] {
        let output = desk.events(arguments).await;
        assert!(output.status.success(), "{output:?}");
        assert_eq!(text(&output.stdout).contains("a secret illness"), is_shown, "{arguments:?}: {output:?}");
    }

    // The running server takes up what is replayed, with its attempts counted anew.
    desk.remove("broken");
    let replayed = desk.events(&["replay", "--call", "c-first"]).await;
    assert_eq!(text(&replayed.stderr), "1 dead letter to be handled again\n");
    desk.wait_for("done c-first 1").await;
    let none = desk.events(&["replay", "--call", "c-first"]).await;
    assert_eq!((none.status.code(), text(&none.stderr).as_str()), (Some(1), "0 dead letters to be handled again\n"));
    let contradictory = desk.events(&["drop", &id, "--all"]).await;
    assert!(text(&contradictory.stderr).contains("cannot be used with"), "{contradictory:?}");
    let dropped = desk.events(&["drop", &id, "987654"]).await;
    let said = "1 dead letter removed\nnot found among the dead letters: 1 of 2 numbers; `events list` shows them\n";
    assert_eq!((dropped.status.code(), text(&dropped.stderr).as_str()), (Some(0), said));
    let rest = listed(&desk, &[]).await;
    assert_eq!(rest, json!({ "counts": { "waiting": 0, "running": 0, "dead": 0 }, "events": [] }));
    assert!(!desk.journal().contains(&"done c-second 1".to_owned()), "what was dropped is not handled");
    // A repetition of what was dropped is still one.
    assert_eq!(deliver(&server, event("end-of-call-report", "c-second")).await.status, 200);
    assert_eq!(listed(&desk, &[]).await["counts"]["waiting"], 0);
}
