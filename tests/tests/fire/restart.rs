//! The end of a process, and one process taking the place of another, while requests come in.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use crate::{
    process::Process,
    support::{Connection, message, signed_request, tool_calls},
};

const READY: &str = "GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n";

/// Rounds of a rolling restart: `HMS_WEBHOOK_RESTARTS=100` is the long form.
fn rounds() -> usize {
    std::env::var("HMS_WEBHOOK_RESTARTS").ok().and_then(|text| text.parse().ok()).unwrap_or(30)
}

#[tokio::test]
async fn a_stopping_process_says_so_first_and_finishes_what_runs() {
    let mut process = Process::start(&[("HMS_WEBHOOK_STOP_PAUSE", "1")]).await;
    let address = process.address();
    let mut idle = Connection::to(address).await;
    let mut busy = Connection::to(address).await;
    process.signal("TERM");
    loop {
        let mut probe = Connection::to(address).await;
        probe.send(READY).await;
        let answer = probe.answer().await;
        if answer.status == 503 {
            assert_eq!(answer.json()["status"], "shutting down");
            break;
        }
    }
    // Not ready any more, but everything is answered, and asks for another connection.
    busy.send(signed_request(tool_calls(&[("hello_later", "{}")]).as_bytes())).await;
    let answer = busy.answer().await;
    assert_eq!((answer.status, answer.header("connection")), (200, Some("close")));
    assert!(busy.is_ended().await && idle.is_ended().await);
    assert!(process.child.wait().await.unwrap().success());
}

#[tokio::test]
async fn a_second_signal_ends_at_once() {
    let mut process = Process::start(&[("HMS_WEBHOOK_STOP_PAUSE", "60")]).await;
    let start = Instant::now();
    process.signal("TERM");
    let mut probe = Connection::to(process.address()).await;
    loop {
        probe.send(READY).await;
        match probe.try_answer().await {
            Some(answer) if answer.status == 503 => break,
            Some(_) => {}
            None => probe = Connection::to(process.address()).await,
        }
    }
    process.signal("TERM");
    let status = process.child.wait().await.unwrap();
    assert!(!status.success() && start.elapsed() < Duration::from_secs(10), "{status} after {:?}", start.elapsed());
}

/// Sends one request after another, on a connection for as long as the server keeps it.
async fn load(address: SocketAddr, number: usize, ends: Arc<AtomicBool>, answered: Arc<AtomicUsize>) -> Vec<String> {
    let (mut failures, mut connection) = (Vec::new(), None);
    while !ends.load(SeqCst) {
        let mut open = match connection.take() {
            Some(open) => open,
            None => Connection::to(address).await,
        };
        let body = match number % 2 {
            0 => tool_calls(&[("hello_later", "{}")]),
            _ => message("status-update", ""),
        };
        open.send(signed_request(body.as_bytes())).await;
        match open.try_answer().await {
            Some(answer) if answer.status == 200 => {
                answered.fetch_add(1, SeqCst);
                if answer.header("connection") != Some("close") {
                    connection = Some(open);
                }
            }
            other => failures.push(format!("{other:?}")),
        }
    }
    failures
}

#[tokio::test]
async fn one_process_takes_the_place_of_another_and_no_request_is_lost() {
    let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let settings = [("HMS_WEBHOOK_STOP_PAUSE", "0.2")];
    let mut current = Process::handed(&socket, &settings).await;
    let (ends, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let clients: Vec<_> =
        (0..8).map(|number| tokio::spawn(load(address, number, ends.clone(), answered.clone()))).collect();
    for _ in 0..rounds() {
        // Both listen on the same socket for a while, so that none of its connections belongs to the old one alone.
        let next = Process::handed(&socket, &settings).await;
        current.signal("TERM");
        assert!(current.child.wait().await.unwrap().success());
        current = next;
    }
    ends.store(true, SeqCst);
    let mut failures = Vec::new();
    for client in clients {
        failures.extend(client.await.unwrap());
    }
    assert!(failures.is_empty(), "{} of {} failed: {:?}", failures.len(), answered.load(SeqCst), &failures[..1]);
    assert!(answered.load(SeqCst) > rounds() * 10, "{answered:?}");
}
