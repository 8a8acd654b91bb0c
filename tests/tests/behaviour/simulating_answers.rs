//! The command `simulate` and answers as a server of this framework would not give them.

use std::time::Duration;

use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    task::JoinHandle,
};

use crate::simulating::simulate;

/// A good answer that comes after 1.2 seconds.
const LATE: &str = "200 Late";

/// Gives these answers to deliveries on one connection, which must be kept; gives back the bodies of the deliveries.
async fn canned(answers: &'static [(&'static str, &'static str)]) -> (String, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let (mut bytes, mut bodies) = (Vec::new(), Vec::new());
        for (status, answer) in answers {
            let body = loop {
                assert_ne!(stream.read_buf(&mut bytes).await.unwrap(), 0, "the connection was not kept");
                let text = String::from_utf8_lossy(&bytes).into_owned();
                let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
                let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
                if body.len() == length.parse::<usize>().unwrap() {
                    break body.to_owned();
                }
            };
            bytes.clear();
            bodies.push(body);
            if *status == LATE {
                tokio::time::sleep(Duration::from_millis(1200)).await;
            }
            let answer = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{answer}", answer.len());
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
        bodies
    });
    (url, server)
}

#[tokio::test(flavor = "multi_thread")]
async fn retries_go_on_until_the_answer_is_well() {
    let (url, server) = canned(&[("503 Busy", "{}"), ("503 Busy", "{}"), ("200 OK", "{}")]).await;
    let script = "[[step]]\nevent = \"status-update\"\nretry = 2\nretry_pause = \"1ms\"\n";
    let seen = simulate(&url, Some(script), &[]).await;
    assert_eq!(seen.code, Some(0), "{} {}", seen.output, seen.errors);
    let marks = seen.output.lines().map(|line| line.contains('↻')).collect::<Vec<_>>();
    assert_eq!(marks, [true, true, false, false], "{}", seen.output);
    let bodies = server.await.unwrap();
    assert!(bodies[0] == bodies[1] && bodies[1] == bodies[2], "{bodies:?}");

    let (url, _server) = canned(&[("503 Busy", "{}"), ("503 Busy", "{}")]).await;
    let seen = simulate(&url, Some(&script.replace('2', "1")), &[]).await;
    assert!(seen.code == Some(2) && seen.output.contains("expected a status of 2xx, got 503"), "{}", seen.output);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_delivery_must_get_the_first_answer_unless_it_need_not() {
    const ANSWERS: &[(&str, &str)] = &[("200 OK", r#"{"first":1}"#), ("200 OK", r#"{"second":2}"#)];
    for (expect, code) in [("", 2), ("expect.same = true", 2), ("expect.same = false", 0)] {
        let (url, server) = canned(ANSWERS).await;
        let script = format!("[[step]]\nevent = \"assistant-request\"\nrepeat = 2\n{expect}\n");
        let seen = simulate(&url, Some(&script), &[]).await;
        assert_eq!(seen.code, Some(code), "{} {}", seen.output, seen.errors);
        let told = r#"same: expected the first answer again, 200 {"first":1}, got 200 {"second":2}"#;
        assert_eq!(seen.output.contains(told), code == 2, "{}", seen.output);
        let bodies = server.await.unwrap();
        assert_eq!(bodies[0], bodies[1]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_delivery_must_hold_as_the_first() {
    const FAILED: &[(&str, &str)] = &[("200 OK", "{\"n\":1}"), ("500 Broken", "{\"n\":1}")];
    const SLOW: &[(&str, &str)] = &[("200 OK", "{\"n\":1}"), (LATE, "{\"n\":1}")];
    const OTHER: &[(&str, &str)] = &[("200 OK", "{\"n\":1}"), ("200 OK", "{\"n\":2}")];
    for (answers, told) in [
        (FAILED, "status: expected a status of 2xx, got 500  (call.toml:2)"),
        (SLOW, "within: expected an answer within 1000 ms, it took 12"),
        (OTHER, "reply.n: expected 1, got 2  (call.toml:6)"),
    ] {
        for same in [true, false] {
            let (url, _server) = canned(answers).await;
            let script = format!(
                "# Twice.\n[[step]]\nevent = \"status-update\"\nrepeat = 2\nexpect.within = \"1s\"\n\
                 expect.reply.n = 1\nexpect.same = {same}\n"
            );
            let seen = simulate(&url, Some(&script), &[]).await;
            assert_eq!(seen.code, Some(2), "{} {}", seen.output, seen.errors);
            assert_eq!(seen.output.matches(told).count(), 1, "{told}: {}", seen.output);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_beside_a_failed_status_is_no_rejection() {
    let (url, server) = canned(&[("401 Unauthorized", "{\"error\":\"who?\"}"), ("200 OK", "{}")]).await;
    let script = "[[step]]\nevent = \"assistant-request\"\nexpect.status = 401\n[[step]]\nevent = \"status-update\"\n";
    let seen = simulate(&url, Some(script), &[]).await;
    assert_eq!(seen.code, Some(0), "{} {}", seen.output, seen.errors);
    assert!(seen.output.contains("2 deliveries"), "{}", seen.output);
    assert_eq!(server.await.unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_the_platform_could_not_use_does_not_hold() {
    const WRONG_ID: &str = r#"{"results":[{"tool_call_id":"other","result":{}}]}"#;
    let script = "[[step]]\ntool = \"find_slot\"\n";
    let (empty, _server) = canned(&[("200 OK", "{}")]).await;
    let (foreign, _server) = canned(&[("200 OK", WRONG_ID)]).await;
    for (url, told) in
        [(empty, "results: expected 1, got 0"), (foreign, "tool_call_id: expected \"tool_1_1\", got \"other\"")]
    {
        let seen = simulate(&url, Some(script), &[]).await;
        assert!(seen.code == Some(2) && seen.output.contains(told), "{} {}", seen.output, seen.errors);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_breaks_off_is_told_with_what_was_answered_before() {
    let (url, _server) = canned(&[("200 OK", "{}")]).await;
    let script = "[[step]]\nevent = \"status-update\"\n[[step]]\nevent = \"status-update\"\nstatus = \"ended\"\n";
    let seen = simulate(&url, Some(script), &[]).await;
    assert_eq!(seen.code, Some(2), "{} {}", seen.output, seen.errors);
    assert!(seen.output.contains("no answer from") && seen.output.contains("1 delivery"), "{}", seen.output);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_that_gets_no_answer_counts_as_failed() {
    let script = "[[step]]\nevent = \"status-update\"\n[[step]]\ntool = \"find_slot\"\n";
    let (url, _server) = canned(&[("200 OK", "{}")]).await;
    let seen = simulate(&url, Some(script), &["--calls", "2"]).await;
    assert_eq!(seen.code, Some(2), "{} {}", seen.output, seen.errors);
    let rows: Vec<Vec<_>> = seen.output.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[1][..4], ["status-update", "-", "2", "1"], "{}", seen.output);
    assert_eq!(rows[2], ["tool-calls", "find_slot", "1", "1", "-", "-", "-", "10000", "ms"], "{}", seen.output);

    let (url, _server) = canned(&[("200 OK", "{}")]).await;
    let json: serde_json::Value =
        serde_json::from_str(&simulate(&url, Some(script), &["--json"]).await.output).unwrap();
    let row = &json["summary"][1];
    assert_eq!((&row["count"], &row["failed"], &row["max_ms"]), (&json!(1), &json!(1), &json!(null)), "{json}");
    assert_eq!(json["faults"][0]["step"], 2, "{json}");
}
