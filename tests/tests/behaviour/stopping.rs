//! An orderly end: nothing new is accepted, what runs is finished, within a bound.

use std::{sync::Arc, time::Duration};

use hms_webhook::{
    App, StatusUpdate, handlers, status_update,
    store::{Counts, Memory, Store},
    tool, tools,
};
use serde_json::json;
use tokio::{net::TcpStream, sync::Notify};

use crate::{
    held::Held,
    support::{Server, message, signed_request, tool_calls},
};

struct Gate {
    entered: Arc<Notify>,
    open: Arc<Notify>,
    passed: Arc<Notify>,
}

impl Gate {
    fn new() -> (Self, [Arc<Notify>; 3]) {
        let [entered, open, passed] = [(); 3].map(|()| Arc::new(Notify::new()));
        let notes = [entered.clone(), open.clone(), passed.clone()];
        (Self { entered, open, passed }, notes)
    }
}

/// Wait for the gate.
#[tool]
async fn wait(gate: &Gate) -> &'static str {
    gate.entered.notify_one();
    gate.open.notified().await;
    gate.passed.notify_one();
    "passed"
}

#[status_update]
async fn wait_for_it(_update: StatusUpdate, gate: &Gate) {
    gate.entered.notify_one();
    gate.open.notified().await;
    gate.passed.notify_one();
}

fn call() -> Vec<u8> {
    signed_request(tool_calls(&[("wait", "{}")]).as_bytes())
}

#[tokio::test]
async fn what_runs_is_finished_and_nothing_new_is_accepted() {
    let (gate, [entered, open, _]) = Gate::new();
    let mut server = Server::start(App::new().tools(tools![wait]).state(gate)).await;
    let mut busy = server.connect().await;
    busy.send(call()).await;
    entered.notified().await;
    // One whose request has begun when the stop comes, and one that has said nothing.
    let mut begun = server.connect().await;
    let request = call();
    begun.send(&request[..20]).await;
    let mut idle = server.connect().await;
    assert_eq!(server.exchange("GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n").await.status, 200);

    server.stop();
    assert!(idle.is_ended().await, "an idle connection is closed");
    assert!(TcpStream::connect(server.address).await.is_err(), "nobody listens any more");
    begun.send(&request[20..]).await;
    let refused = begun.answer().await;
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("1")), "{refused:?}");
    assert!(!server.task.is_finished(), "a tool still runs");

    open.notify_one();
    assert_eq!(busy.answer().await.result(), json!({ "result": "passed" }));
    server.task.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_stop_waits_for_what_runs_in_the_background() {
    let (gate, [entered, open, passed]) = Gate::new();
    let mut server = Server::start(App::new().handlers(handlers![wait_for_it]).state(gate)).await;
    assert_eq!(server.deliver(message("status-update", "")).await.status, 200);
    entered.notified().await;
    server.stop();
    open.notify_one();
    server.task.await.unwrap().unwrap();
    passed.notified().await;
}

#[tokio::test]
async fn a_stop_has_an_end() {
    let (gate, [entered, _, _]) = Gate::new();
    let app = App::new().handlers(handlers![wait_for_it]).state(gate).stop_within(Duration::from_millis(100));
    let mut server = Server::start(app).await;
    assert_eq!(server.deliver(message("status-update", "")).await.status, 200);
    entered.notified().await;
    server.stop();
    server.task.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_stop_has_an_end_though_the_store_hangs() {
    let (gate, [entered, _, _]) = Gate::new();
    let store = Held::new(&Arc::new(Memory::new()));
    let app = App::new().handlers(handlers![wait_for_it]).state(gate).store(store.clone());
    let mut server = Server::start(app.stop_within(Duration::from_millis(100))).await;
    assert_eq!(server.deliver(message("status-update", "")).await.status, 200);
    entered.notified().await;
    store.hang(&["give_back"]);
    server.stop();
    tokio::time::timeout(Duration::from_secs(60), server.task).await.unwrap().unwrap().unwrap();
}

#[tokio::test]
async fn what_is_just_being_taken_at_a_stop_is_given_back_and_not_begun() {
    let (gate, [entered, ..]) = Gate::new();
    let memory = Arc::new(Memory::new());
    let store = Held::new(&memory);
    let mut server = Server::start(App::new().handlers(handlers![wait_for_it]).state(gate).store(store.clone())).await;
    store.hang(&["lease"]);
    assert_eq!(server.deliver(message("status-update", "")).await.status, 200);
    store.asked_for("lease").await;
    server.stop();
    let ended = tokio::time::timeout(Duration::from_millis(300), &mut server.task).await;
    assert!(ended.is_err(), "it waits for what it has asked for");
    store.hang(&[]);
    server.task.await.unwrap().unwrap();
    assert_eq!(memory.counts().await.unwrap(), Counts { waiting: 1, running: 0, dead: 0 });
    assert_eq!(memory.lease(1).await.unwrap().jobs[0].attempt, 1, "it was not begun");
    assert!(tokio::time::timeout(Duration::from_millis(1), entered.notified()).await.is_err());
}
