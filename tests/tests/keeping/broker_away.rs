//! The broker is killed under a running server, and comes again.

use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use crate::{
    Desk,
    broker::Broker,
    deliver, event, ready,
    support::{message, tool_calls},
    until,
};

#[tokio::test]
async fn events_are_refused_and_callers_are_answered_while_the_broker_is_away() {
    let folder = tempfile::tempdir().unwrap();
    let mut broker = Broker::start(&folder).await;
    let desk = Desk::new(&broker.address("prefix=desk"));
    let server = desk.start().await;
    assert_eq!(deliver(&server, event("status-update", "c-before")).await.status, 200);
    desk.wait_for("done c-before 1").await;
    let known = tool_calls(&[("book", "{}")]);
    assert_eq!(deliver(&server, known.clone()).await.result(), json!({ "result": "booked" }));
    assert_eq!(ready(&server).await.status, 200);

    broker.kill().await;
    for kind in ["status-update", "end-of-call-report", "call-held"] {
        let refused = deliver(&server, event(kind, "c-away")).await;
        assert_eq!((refused.status, refused.header("retry-after")), (503, Some("1")), "{kind}: {refused:?}");
    }
    assert_eq!(ready(&server).await.status, 503);
    // Somebody is on the phone. At first it may be that another broker takes over; then nothing is waited for but a claim.
    for at_most in [9, 9, 4] {
        let began = Instant::now();
        assert_eq!(deliver(&server, tool_calls(&[("book", "{}")])).await.result(), json!({ "result": "booked" }));
        assert!(began.elapsed() < Duration::from_secs(at_most), "{:?}", began.elapsed());
    }
    let began = Instant::now();
    let greeted = deliver(&server, message("assistant-request", "")).await;
    assert_eq!((greeted.status, greeted.json()), (200, json!({ "max_duration_seconds": 300 })));
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    // What is to be done later cannot be promised.
    assert!(!deliver(&server, tool_calls(&[("complain", "{}")])).await.tool_error().is_empty());
    let booked = desk.journal();
    assert_eq!(deliver(&server, known.clone()).await.result(), json!({ "result": "booked" }));
    assert_eq!(desk.journal(), booked, "what was answered is not done again");

    broker.run().await;
    until("it is ready again", async || ready(&server).await.status == 200).await;
    assert_eq!(deliver(&server, event("status-update", "c-away")).await.status, 200);
    desk.wait_for("done c-away 1").await;
    assert_eq!(deliver(&server, known).await.result(), json!({ "result": "booked" }));
    assert_eq!(desk.journal().iter().filter(|line| line.starts_with("booked")).count(), 4, "{:?}", desk.journal());
    assert_eq!(desk.journal().iter().filter(|line| line.contains("c-away")).count(), 2, "handled once");

    until("it says so", async || server.log.lock().unwrap().contains("events can be kept again")).await;
    let log = server.log.lock().unwrap().clone();
    let said = log.matches("events cannot be kept and are refused until they can").count();
    assert_eq!((said, log.matches("events can be kept again").count()), (1, 1), "once for each change: {log}");
    assert!(log.contains("the broker at nats://127.0.0.1"), "it says which: {log}");
    assert!(!log.contains("hush") && !log.contains("a secret illness"), "{log}");
}

#[tokio::test]
async fn without_a_broker_a_server_does_not_start_and_says_why() {
    let desk = Desk::new("nats://desk:hush-hush@127.0.0.1:9?prefix=desk");
    let output = desk.program().output().await.unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text.contains("no broker at nats://127.0.0.1:9") && !text.contains("hush"), "{text}");
}
