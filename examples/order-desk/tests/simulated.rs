//! Calls that the program's own command plays against a desk on a Tuesday morning.

use std::process::Command;

use order_desk::{Clock, Database, OpeningHours};
use tokio::net::TcpListener;

/// Plays a call with `simulate` and these arguments; gives back what it shows.
async fn played(arguments: &[&str]) -> String {
    let database = Database::in_memory().expect("there is memory");
    let now = "2026-02-03T09:15".parse().expect("this is a moment");
    let app = order_desk::app(database, OpeningHours::always(), Clock::Fixed(now));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let url = format!("http://{}", listener.local_addr().expect("it is bound"));
    tokio::spawn(app.secret("demo-secret-1").serve(listener));

    let mut simulate = Command::new(env!("CARGO_BIN_EXE_order-desk"));
    simulate.arg("simulate").args(arguments).args(["--url", &url]);
    simulate.env("HMS_WEBHOOK_SECRET", "demo-secret-1").env("ORDER_DESK_DATABASE", ":memory:");
    let played = tokio::task::spawn_blocking(move || simulate.output()).await.expect("it does not panic");
    let played = played.expect("it can be started");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(played.status.success(), "{}{}", text(&played.stdout), text(&played.stderr));
    text(&played.stdout)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_committed_call_is_answered_as_it_expects() {
    let shown = played(&[concat!(env!("CARGO_MANIFEST_DIR"), "/calls.toml")]).await;
    assert!(shown.contains("\"free_hours\":[9,10,11]"), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_made_up_call_is_about_orders_that_there_are() {
    let shown = played(&[]).await;
    let line = |tool: &str| shown.lines().find(|line| line.contains(tool)).unwrap_or_default();
    assert!(line("lookup_order").contains("A-1042"), "{shown}");
    assert!(line("cancel_order").contains("A-1043") && line("cancel_order").contains("cancelled"), "{shown}");
}
