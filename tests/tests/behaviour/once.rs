//! Nothing twice: one effect for one tool call, however often it is delivered.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use hms_webhook::{
    App, Call, ToolError,
    store::{Memory, Sqlite},
    testing::TestPlatform,
    tool, tools,
};
use serde_json::json;
use tokio::{sync::Notify, time::Instant};

use crate::{
    held::Held,
    support::{Server, tool_calls},
};

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

/// Book something within a second.
#[tool(deadline = "1s")]
async fn book_at_once(bookings: &Bookings) -> usize {
    bookings.0.fetch_add(1, Ordering::Relaxed) + 1
}

/// Book something, which takes more than half of the second that it has.
#[tool(deadline = "1s")]
async fn book_in_haste(bookings: &Bookings) -> usize {
    tokio::time::sleep(Duration::from_millis(600)).await;
    bookings.0.fetch_add(1, Ordering::Relaxed) + 1
}

/// Take a minute, whatever happens.
#[tool(after_deadline = "finish")]
async fn finish(bookings: &Bookings) -> usize {
    tokio::time::sleep(Duration::from_secs(60)).await;
    bookings.0.fetch_add(1, Ordering::Relaxed) + 1
}

fn app(bookings: &Bookings, gate: &Gate) -> App {
    App::new()
        .tools(tools![book, book_at_once, book_in_haste, book_slowly, attempts, finish])
        .state(bookings.clone())
        .state(gate.clone())
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
async fn the_same_arguments_written_in_another_way_are_the_same_call() {
    let bookings = Bookings::default();
    let server = Server::start(app(&bookings, &Gate::default())).await;
    let arguments = r#"{"what":"a \"low\" table"}"#;
    let body = tool_calls(&[("book", arguments)]);
    assert!(body.contains(arguments), "{body}");
    assert_eq!(server.deliver(&body).await.result(), json!({ "result": 1 }));
    let text = serde_json::to_string(arguments).unwrap();
    for same in ["{ \"what\" :\n\t\"a \\\"low\\\" table\"\r\n}", &text] {
        assert_eq!(server.deliver(body.replace(arguments, same)).await.result(), json!({ "result": 1 }), "{same}");
    }
    // Blanks within a text are the caller's own.
    let other = body.replace("low\\\" table", "low\\\"  table");
    assert_eq!(server.deliver(other).await.result(), json!({ "result": 2 }));
    // What has no arguments says so in many ways.
    let nothing = tool_calls(&[("book", "{}")]);
    let answer = server.deliver(&nothing).await.body;
    for same in ["null", "\"\"", "\"{ }\"", "{\n}"] {
        assert_eq!(
            server.deliver(nothing.replace("\"arguments\":{}", &format!("\"arguments\":{same}"))).await.body,
            answer
        );
    }
    assert_eq!(bookings.count(), 2);
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

#[tokio::test(start_paused = true)]
async fn what_was_done_is_answered_before_the_deadline_though_the_store_hangs() {
    let (bookings, store) = (Bookings::default(), Held::new(&Arc::new(Memory::new())));
    let platform = TestPlatform::new(app(&bookings, &Gate::default()).store(store.clone())).unwrap();
    let book = async |body: &str| {
        let began = Instant::now();
        let answer = platform.deliver(body.to_owned()).await.json()["results"][0]["result"].clone();
        (answer, began.elapsed().as_millis())
    };
    let bodies = [(); 3].map(|()| tool_calls(&[("book", r#"{"what":"a table"}"#)]));

    // A moment without an answer: an answer that is not kept waits for that as long as the caller can.
    store.hang(&["claim", "keep"]);
    let (answer, waited) = book(&bodies[0]).await;
    assert_eq!(answer, json!({ "result": 1 }));
    assert!((8000..9000).contains(&waited), "{waited} ms");
    store.hang(&[]);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(book(&bodies[0]).await, (json!({ "result": 1 }), 0), "it was kept afterwards");

    // A store that is away for good makes callers wait for the claim only.
    store.hang(&["claim", "keep"]);
    for (body, number) in [(&bodies[1], 2), (&bodies[2], 3)] {
        assert_eq!(book(body).await.0, json!({ "result": number }));
    }
    let (answer, waited) = book(&bodies[1].replace("a table", "a chair")).await;
    assert_eq!(answer, json!({ "result": 4 }));
    assert!(waited < 2100, "{waited} ms");

    // One that has answered again is waited for as before.
    store.hang(&[]);
    let again = [(); 2].map(|()| tool_calls(&[("book", r#"{"what":"a table"}"#)]));
    assert_eq!(book(&again[0]).await, (json!({ "result": 5 }), 0));
    store.hang(&["keep"]);
    let (answer, waited) = book(&again[1]).await;
    assert_eq!(answer, json!({ "result": 6 }));
    assert!((8000..9000).contains(&waited), "{waited} ms");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_comes_late_waits_for_its_store_half_of_what_is_left() {
    let store = Held::new(&Arc::new(Memory::new()));
    let platform = TestPlatform::new(app(&Bookings::default(), &Gate::default()).store(store.clone())).unwrap();
    store.hang(&["keep"]);
    let began = Instant::now();
    let answer = platform.deliver(delivery_of("book_in_haste")).await.json();
    assert_eq!(answer["results"][0]["result"], json!({ "result": 1 }));
    let waited = began.elapsed().as_millis();
    assert!((800..850).contains(&waited), "{waited} ms");
}

#[tokio::test(start_paused = true)]
async fn who_comes_to_another_server_waits_for_the_first() {
    let (bookings, gate, memory) = (Bookings::default(), Gate::default(), Arc::new(Memory::new()));
    let [one, other] = [(); 2].map(|()| TestPlatform::new(app(&bookings, &gate).store(Held::new(&memory))).unwrap());
    let body = delivery_of("book_slowly");
    let deliver = |platform: TestPlatform| {
        let body = body.clone();
        tokio::spawn(async move { platform.deliver(body).await.json()["results"][0]["result"].clone() })
    };
    let first = deliver(one);
    gate.entered.notified().await;
    let second = deliver(other);
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(!second.is_finished(), "the first is still at it");
    gate.open.notify_one();
    assert_eq!(first.await.unwrap(), json!({ "result": 1 }));
    assert_eq!(second.await.unwrap(), json!({ "result": 1 }));
    assert_eq!(bookings.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_result_that_is_about_to_be_kept_is_waited_for() {
    let (bookings, store) = (Bookings::default(), Held::new(&Arc::new(Memory::new())));
    let platform = TestPlatform::new(app(&bookings, &Gate::default()).store(store.clone())).unwrap();
    store.hang(&["keep"]);
    let body = tool_calls(&[("book", r#"{"what":"a table"}"#)]);
    let began = Instant::now();
    let (answer, ()) = tokio::join!(platform.deliver(body.clone()), async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        store.hang(&[]);
    });
    assert_eq!(answer.json()["results"][0]["result"], json!({ "result": 1 }));
    assert_eq!(began.elapsed().as_secs(), 5, "nobody has heard of it before it was kept");
    platform.deliver(body).await;
    assert_eq!(bookings.count(), 1);
}

async fn late(platform: &TestPlatform, body: &str) -> u128 {
    let began = Instant::now();
    let answer = platform.deliver(body.to_owned()).await.json();
    let error = answer["results"][0]["result"]["error"].as_str().unwrap_or_else(|| panic!("{answer}"));
    assert!(error.contains("too long"), "{error}");
    began.elapsed().as_millis()
}

#[tokio::test(start_paused = true)]
async fn what_was_given_up_before_it_was_claimed_is_not_begun() {
    let (bookings, store) = (Bookings::default(), Held::new(&Arc::new(Memory::new())));
    let platform = TestPlatform::new(app(&bookings, &Gate::default()).store(store.clone())).unwrap();
    let body = delivery_of("book_at_once");
    // The store grants it long after the caller was told, soon after, and not at all for longer than it is waited for.
    for held_for in [30_000, 1_200, 1_999, 2_500] {
        store.hang(&["claim"]);
        let waited = late(&platform, &body).await;
        assert!((1000..1050).contains(&waited), "{waited} ms");
        tokio::time::sleep(Duration::from_millis(held_for - 1000)).await;
        store.hang(&[]);
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(bookings.count(), 0, "after {held_for} ms");
    }
    // It has granted it, and says so too late.
    store.hang(&["answer of claim"]);
    late(&platform, &body).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    store.hang(&[]);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(bookings.count(), 0);
    // The late claim was given up again, so the next delivery does not wait for its end.
    let answer = platform.deliver(body).await.json();
    assert_eq!(answer["results"][0]["result"], json!({ "result": 1 }));
}

#[tokio::test(start_paused = true)]
async fn a_store_that_cannot_keep_results_makes_the_server_not_ready_until_it_can() {
    for operation in ["claim", "keep"] {
        let store = Held::new(&Arc::new(Memory::new()));
        let platform = TestPlatform::new(app(&Bookings::default(), &Gate::default()).store(store.clone())).unwrap();
        let ready =
            async || platform.request(http::Request::get("/readyz").body(Bytes::new()).unwrap()).await.status.as_u16();
        assert_eq!(ready().await, 200);
        store.hang(&[operation, "check"]);
        platform.deliver(tool_calls(&[("book", r#"{"what":"a table"}"#)])).await;
        assert_eq!(ready().await, 503, "{operation}");
        store.hang(&[]);
        assert_eq!(ready().await, 200, "it can be written again");
    }
}

#[tokio::test(start_paused = true)]
async fn results_that_are_kept_late_are_waited_for_at_a_stop() {
    let store = Held::new(&Arc::new(Memory::new()));
    let platform = TestPlatform::new(app(&Bookings::default(), &Gate::default()).store(store.clone())).unwrap();
    store.hang(&["keep"]);
    let answer = platform.deliver(delivery_of("book_at_once")).await.json();
    assert_eq!(answer["results"][0]["result"], json!({ "result": 1 }));
    assert!(tokio::time::timeout(Duration::from_secs(60), platform.settled()).await.is_err(), "it is not kept yet");
    store.hang(&[]);
    platform.settled().await;
}

#[tokio::test(start_paused = true)]
async fn a_call_that_was_accepted_is_not_run_again_when_the_tool_answers_by_now() {
    fn before() -> App {
        /// Order something.
        #[tool(background)]
        async fn order(bookings: &Bookings) {
            bookings.0.fetch_add(1, Ordering::Relaxed);
        }
        App::new().tools(tools![order])
    }
    fn now() -> App {
        /// Order something.
        #[tool]
        async fn order(bookings: &Bookings) -> usize {
            bookings.0.fetch_add(1, Ordering::Relaxed) + 1
        }
        App::new().tools(tools![order])
    }

    let (bookings, memory) = (Bookings::default(), Arc::new(Memory::new()));
    let body = delivery_of("order");
    for app in [before(), now()] {
        let platform = TestPlatform::new(app.state(bookings.clone()).store(Held::new(&memory))).unwrap();
        let answer = platform.deliver(body.clone()).await.json();
        assert_eq!(answer["results"][0]["result"], json!({ "result": "accepted" }));
        platform.settled().await;
        assert_eq!(bookings.count(), 1);
    }
}
