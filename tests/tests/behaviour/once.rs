//! Nothing twice: one effect for one tool call, however often it is delivered.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use hms_webhook::{App, Call, ToolError, store::Sqlite, testing::TestPlatform, tool, tools};
use serde_json::json;
use tokio::sync::Notify;

use crate::support::{Server, tool_calls};

#[derive(Clone, Default)]
struct Bookings(Arc<AtomicUsize>);

impl Bookings {
    fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// Book something, and say the number of the booking.
#[tool]
async fn book(
    /** What. */
    what: String,
    bookings: &Bookings,
) -> Result<usize, ToolError> {
    let number = bookings.0.fetch_add(1, Ordering::Relaxed) + 1;
    match what.as_str() {
        "nothing" => Err(ToolError::tell("nothing cannot be booked")),
        "broken" if number == 1 => Err(ToolError::internal("no network")),
        "panic" if number == 1 => panic!("no network"),
        _ => Ok(number),
    }
}

/// Book something, which takes its time.
#[tool]
async fn book_slowly(bookings: &Bookings, gate: &Gate) -> usize {
    gate.entered.notify_one();
    gate.open.notified().await;
    bookings.0.fetch_add(1, Ordering::Relaxed) + 1
}

#[derive(Clone, Default)]
struct Gate {
    entered: Arc<Notify>,
    open: Arc<Notify>,
}

/// Say which attempt this is; the first takes too long.
#[tool]
async fn attempts(call: &Call) -> serde_json::Value {
    if !call.is_repeat() {
        std::future::pending::<()>().await;
    }
    json!({ "attempt": call.attempt() })
}

/// Take a minute, whatever happens.
#[tool(after_deadline = "finish")]
async fn finish(bookings: &Bookings) -> usize {
    tokio::time::sleep(Duration::from_secs(60)).await;
    bookings.0.fetch_add(1, Ordering::Relaxed) + 1
}

fn app(bookings: &Bookings, gate: &Gate) -> App {
    App::new().tools(tools![book, book_slowly, attempts, finish]).state(bookings.clone()).state(gate.clone())
}

#[tokio::test]
async fn what_comes_again_is_answered_the_same_and_not_done_again() {
    let bookings = Bookings::default();
    let server = Server::start(app(&bookings, &Gate::default())).await;
    for (arguments, count) in [(r#"{"what":"a table"}"#, 1), (r#"{"what":"nothing"}"#, 2), (r#"{"what":7,"x":1}"#, 2)] {
        let body = tool_calls(&[("book", arguments)]);
        let first = server.deliver(&body).await;
        for _ in 0..3 {
            assert_eq!(server.deliver(&body).await.body, first.body);
        }
        assert_eq!(bookings.count(), count, "{arguments}: {first:?}");
    }
    // The same again under another id is another booking.
    server.deliver(tool_calls(&[("book", r#"{"what":"a table"}"#)])).await;
    assert_eq!(bookings.count(), 3);
}

#[tokio::test]
async fn an_id_with_other_arguments_is_another_call() {
    let bookings = Bookings::default();
    let server = Server::start(app(&bookings, &Gate::default())).await;
    let body = tool_calls(&[("book", r#"{"what":"a table"}"#)]);
    assert_eq!(server.deliver(&body).await.result(), json!({ "result": 1 }));
    assert_eq!(server.deliver(body.replace("a table", "a chair")).await.result(), json!({ "result": 2 }));
    assert_eq!(server.deliver(body).await.result(), json!({ "result": 1 }));
}

#[tokio::test]
async fn who_comes_meanwhile_waits_for_the_first() {
    let (bookings, gate) = (Bookings::default(), Gate::default());
    let server = Arc::new(Server::start(app(&bookings, &gate)).await);
    let body = tool_calls(&[("book_slowly", "{}")]);
    let deliveries: Vec<_> = (0..5)
        .map(|_| {
            let (server, body) = (server.clone(), body.clone());
            tokio::spawn(async move { server.deliver(body).await.result() })
        })
        .collect();
    gate.entered.notified().await;
    gate.open.notify_one();
    for delivery in deliveries {
        assert_eq!(delivery.await.unwrap(), json!({ "result": 1 }));
    }
    assert_eq!(bookings.count(), 1);
}

#[tokio::test]
async fn what_broke_is_done_again() {
    for what in ["broken", "panic"] {
        let bookings = Bookings::default();
        let server = Server::start(app(&bookings, &Gate::default())).await;
        let body = tool_calls(&[("book", &json!({ "what": what }).to_string())]);
        assert!(server.deliver(&body).await.tool_error().contains("internal reason"));
        assert_eq!(server.deliver(&body).await.result(), json!({ "result": 2 }), "{what}");
        assert_eq!(server.deliver(&body).await.result(), json!({ "result": 2 }), "{what}");
    }
}

fn delivery_of(tool: &str) -> String {
    tool_calls(&[(tool, "{}")])
}

#[tokio::test(start_paused = true)]
async fn what_was_late_is_done_again_and_knows_it() {
    let platform = TestPlatform::new(app(&Bookings::default(), &Gate::default())).unwrap();
    let body = delivery_of("attempts");
    let result = async || platform.deliver(body.clone()).await.json()["results"][0]["result"].clone();
    assert!(result().await["error"].as_str().unwrap().contains("too long"));
    assert_eq!(result().await, json!({ "attempt": 2 }));
}

#[tokio::test(start_paused = true)]
async fn what_finishes_after_its_deadline_answers_the_retry() {
    let bookings = Bookings::default();
    let platform = TestPlatform::new(app(&bookings, &Gate::default())).unwrap();
    let body = delivery_of("finish");
    let result = async || platform.deliver(body.clone()).await.json()["results"][0]["result"].clone();
    assert!(result().await["error"].as_str().unwrap().contains("too long"));
    assert!(result().await["error"].as_str().unwrap().contains("too long"), "it still runs");
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(result().await, json!({ "result": 1 }));
    assert_eq!(bookings.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_result_is_kept_for_ten_minutes() {
    let bookings = Bookings::default();
    let platform = TestPlatform::new(app(&bookings, &Gate::default())).unwrap();
    let body = tool_calls(&[("book", r#"{"what":"a table"}"#)]);
    platform.deliver(body.clone()).await;
    tokio::time::sleep(Duration::from_secs(599)).await;
    platform.deliver(body.clone()).await;
    assert_eq!(bookings.count(), 1);
    tokio::time::sleep(Duration::from_secs(2)).await;
    platform.deliver(body).await;
    assert_eq!(bookings.count(), 2);
}

#[tokio::test]
async fn a_result_on_disk_outlives_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.sqlite3");
    let bookings = Bookings::default();
    let body = tool_calls(&[("book", r#"{"what":"a table"}"#)]);
    for _ in 0..3 {
        let store = crate::inbox::opened(&path).await;
        let mut server = Server::start(app(&bookings, &Gate::default()).store(store)).await;
        assert_eq!(server.deliver(&body).await.result(), json!({ "result": 1 }));
        server.stop();
        (&mut server.task).await.unwrap().unwrap();
    }
    assert_eq!(bookings.count(), 1);
}

#[tokio::test]
async fn tools_answer_without_a_store_that_works() {
    let folder = tempfile::tempdir().unwrap();
    let bookings = Bookings::default();
    let store = Sqlite::open(folder.path().join("events.sqlite3")).unwrap();
    let server = Server::start(app(&bookings, &Gate::default()).store(store)).await;
    drop(folder);
    let body = tool_calls(&[("book", r#"{"what":"a table"}"#)]);
    assert_eq!(server.deliver(&body).await.result(), json!({ "result": 1 }));
}
