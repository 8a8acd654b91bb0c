//! The end of a server whose handlers are not done: their events are given back, and taken up at once.

use std::time::Duration;

use tokio::time::timeout;

use crate::{Desk, PATIENCE, broker::Broker, deliver, event, process::Process, until};

/// Stops a server in the orderly way, and waits until it is gone and has said this.
async fn stop(mut server: Process, said: &str) {
    server.signal("TERM");
    let ended = timeout(PATIENCE, server.child.wait()).await.expect("it ends").unwrap();
    assert!(ended.success(), "{ended}");
    until_said(&server, said).await;
}

/// Its last words may be read after its end.
async fn until_said(server: &Process, said: &str) {
    until(said, async || server.log.lock().unwrap().contains(said)).await;
}

const GIVEN_BACK: &str = "handlers that were not done have given their events back";

/// Less than others wait for a server that has crashed, by far.
const AT_ONCE: Duration = Duration::from_secs(5);

#[tokio::test]
async fn the_next_start_takes_up_what_was_not_done() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::start(&folder).await;
    for desk in [Desk::with_file(), Desk::new(&broker.address("prefix=desk"))] {
        let server = desk.start().await;
        desk.put("hold");
        assert_eq!(deliver(&server, event("status-update", "c-held")).await.status, 200);
        desk.wait_for("begin c-held 1").await;
        stop(server, GIVEN_BACK).await;
        let listed = desk.events(&["list"]).await;
        assert_eq!(String::from_utf8_lossy(&listed.stderr), "1 waiting, 0 running, 0 dead\n");

        desk.remove("hold");
        let _server = desk.start().await;
        assert!(desk.wait_for("done c-held 1").await < AT_ONCE, "{:?}", desk.journal());
        // As if it had not been begun: the second begin is a first attempt, too.
        assert_eq!(desk.journal(), ["begin c-held 1", "begin c-held 1", "done c-held 1"]);
    }
}

#[tokio::test]
async fn another_server_takes_up_what_was_not_done() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::start(&folder).await;
    let desk = Desk::new(&broker.address("prefix=desk"));
    let server = desk.start_as("left").await;
    desk.put("hold");
    assert_eq!(deliver(&server, event("status-update", "c-held")).await.status, 200);
    desk.wait_for("begin c-held 1").await;
    let _other = desk.start_as("right").await;
    stop(server, GIVEN_BACK).await;
    desk.remove("hold");
    assert!(desk.wait_for("done c-held 1").await < AT_ONCE, "{:?}", desk.journal());
    assert_eq!(desk.journal(), ["begin c-held 1", "begin c-held 1", "done c-held 1"]);
}

#[tokio::test]
async fn a_handler_that_blocks_its_thread_ends_with_the_server_too() {
    let desk = Desk::with_file();
    let server = desk.start().await;
    desk.put("hold");
    assert_eq!(deliver(&server, event("call-held", "c-blocked")).await.status, 200);
    desk.wait_for("begin c-blocked 1").await;
    stop(server, "functions that block their threads were not done").await;

    desk.remove("hold");
    let _server = desk.start().await;
    assert!(desk.wait_for("done c-blocked 1").await < AT_ONCE, "{:?}", desk.journal());
    assert_eq!(desk.journal(), ["begin c-blocked 1", "begin c-blocked 1", "done c-blocked 1"]);
}

#[tokio::test]
async fn a_second_signal_ends_a_server_whose_handler_blocks_its_thread() {
    let desk = Desk::with_file();
    let mut server = desk.start().await;
    desk.put("hold");
    assert_eq!(deliver(&server, event("call-held", "c-blocked")).await.status, 200);
    desk.wait_for("begin c-blocked 1").await;
    // Two signals of the same kind that come at once are one.
    server.signal("TERM");
    server.signal("INT");
    let ended = timeout(PATIENCE, server.child.wait()).await.expect("it ends").unwrap();
    assert_eq!(ended.code(), Some(1));
    until_said(&server, "stopped at once by a second signal").await;
    desk.remove("hold");
    let _server = desk.start().await;
    desk.wait_for("done c-blocked 2").await;
}
