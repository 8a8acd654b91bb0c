//! The end of a process, and one process taking the place of another, while requests come in.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use socket2::{Domain, Socket, Type};

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

/// Sends one request after another: on a connection for as long as the server keeps it, or each on one of its own.
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
                if number % 4 < 2 && answer.header("connection") != Some("close") {
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

#[tokio::test]
async fn one_process_follows_another_on_a_socket_that_stays_and_no_request_is_lost() {
    let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let mut current = Process::handed(&socket, &[]).await;
    let (ends, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let clients: Vec<_> =
        (0..8).map(|number| tokio::spawn(load(address, number, ends.clone(), answered.clone()))).collect();
    for round in 1..=rounds() {
        let enough = answered.load(SeqCst) + 10;
        while answered.load(SeqCst) < enough {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        current.signal("TERM");
        assert!(current.child.wait().await.unwrap().success(), "round {round}");
        // Between the two, who connects waits.
        current = Process::handed(&socket, &[]).await;
    }
    ends.store(true, SeqCst);
    let mut failures = Vec::new();
    for client in clients {
        failures.extend(client.await.unwrap());
    }
    assert!(failures.is_empty(), "{} of {} failed: {:?}", failures.len(), answered.load(SeqCst), &failures[..1]);
}

#[tokio::test]
async fn a_burst_of_connections_waits_in_the_queue_of_a_busy_process() {
    let process = Process::start(&[]).await;
    let longest = std::fs::read_to_string("/proc/sys/net/core/somaxconn").ok();
    if longest.is_some_and(|longest| longest.trim().parse::<usize>().unwrap() < 1000) {
        #[allow(clippy::print_stderr, reason = "a skipped test says so")]
        return eprintln!("skipped: this system lets less than 1000 connections wait");
    }
    process.signal("STOP");
    let mut waiting = Vec::new();
    for number in 0..500 {
        let connected = tokio::time::timeout(Duration::from_millis(900), Connection::to(process.address())).await;
        waiting.push(connected.unwrap_or_else(|_| panic!("only {number} connections may wait")));
    }
    process.signal("CONT");
    for connection in &mut waiting {
        connection.send(READY).await;
        assert_eq!(connection.answer().await.status, 200);
    }
}

#[tokio::test]
async fn connections_wait_in_the_queue_of_a_socket_that_stays() {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    socket.listen(1).unwrap();
    let socket = std::net::TcpListener::from(socket);
    let address = socket.local_addr().unwrap();
    let mut before = Process::handed(&socket, &[]).await;
    before.signal("TERM");
    assert!(before.child.wait().await.unwrap().success());
    // Nobody accepts now. Where the queue is full, a client hears nothing for a second and knocks again.
    let mut waiting = Vec::new();
    for number in 0..50 {
        let connected = tokio::time::timeout(Duration::from_millis(900), Connection::to(address)).await;
        waiting.push(connected.unwrap_or_else(|_| panic!("only {number} connections may wait")));
    }
    let _after = Process::handed(&socket, &[]).await;
    for connection in &mut waiting {
        connection.send(READY).await;
        assert_eq!(connection.answer().await.status, 200);
    }
}
