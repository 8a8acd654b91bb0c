//! More calls than can be answered: those that can are, the others hear so at once, and reports come through.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use hms_webhook::{
    App, AssistantReply, AssistantRequest, assistant_request, handlers, testing::TestPlatform, tool, tools,
};
use serde_json::json;
use tokio::sync::{Notify, Semaphore};

use crate::support::{Server, message, signed_request, tool_calls};

#[derive(Default)]
struct Desk {
    at_once: AtomicUsize,
    most: AtomicUsize,
}

impl Desk {
    fn enter(&self) {
        self.most.fetch_max(self.at_once.fetch_add(1, SeqCst) + 1, SeqCst);
    }

    fn leave(&self) {
        self.at_once.fetch_sub(1, SeqCst);
    }
}

/// Look something up at a desk for two.
#[tool(concurrency = 2, deadline = "400ms")]
async fn look_up(desk: &Arc<Desk>) -> &'static str {
    desk.enter();
    tokio::time::sleep(Duration::from_millis(100)).await;
    desk.leave();
    "found"
}

/// Look something up in a book that one can read at a time, and that nobody can be torn away from.
#[tool(concurrency = 1, deadline = "100ms")]
fn read_up(desk: &Arc<Desk>) -> &'static str {
    desk.enter();
    std::thread::sleep(Duration::from_millis(300));
    desk.leave();
    "read"
}

struct Gate {
    entered: Arc<Semaphore>,
    open: Arc<Notify>,
}

/// Wait for the gate.
#[tool(concurrency = 1, deadline = "300ms")]
async fn wait(gate: &Gate) -> &'static str {
    gate.entered.add_permits(1);
    gate.open.notified().await;
    "open"
}

/// Say hello.
#[tool]
async fn hello() -> &'static str {
    "hello"
}

#[tokio::test]
async fn what_cannot_be_answered_in_time_is_refused_at_once() {
    let desk = Arc::new(Desk::default());
    let server = Server::start(App::new().tools(tools![look_up]).state(desk.clone())).await;
    // Each call has an id of its own: a repeated one would be answered from what is kept.
    let call = || tool_calls(&[("look_up", "{}")]);
    assert_eq!(server.deliver(call()).await.status, 200, "from here on the time of a call is known");

    let answers = futures::future::join_all((0..20).map(|_| async {
        let start = Instant::now();
        (server.deliver(call()).await, start.elapsed())
    }))
    .await;
    let (good, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|(answer, _)| answer.status == 200);
    assert!(good.len() >= 4, "two rounds of two are done within 400 ms: {}", good.len());
    assert!(refused.len() >= 10, "more than that are not: {}", refused.len());
    for (answer, took) in refused {
        assert_eq!((answer.status, answer.header("retry-after")), (503, Some("1")), "{answer:?}");
        assert!(*took < Duration::from_millis(350), "a refusal took {took:?}");
    }
    assert_eq!(desk.most.load(SeqCst), 2);
}

#[tokio::test]
async fn a_call_that_blocks_its_thread_keeps_its_place_past_its_deadline() {
    let desk = Arc::new(Desk::default());
    let server = Server::start(App::new().tools(tools![read_up]).state(desk.clone())).await;
    let call = tool_calls(&[("read_up", "{}")]);
    for _ in 0..4 {
        assert!([200, 503].contains(&server.deliver(&call).await.status));
    }
    assert_eq!(desk.most.load(SeqCst), 1, "two read at a time");
}

#[tokio::test]
async fn waiting_for_a_place_counts_against_the_deadline() {
    let (entered, open) = (Arc::new(Semaphore::new(0)), Arc::new(Notify::new()));
    let gate = Gate { entered: entered.clone(), open: open.clone() };
    let server = Server::start(App::new().tools(tools![wait]).state(gate)).await;
    let start = Instant::now();
    let answer = server.deliver(tool_calls(&[("wait", "{}"), ("wait", "{}")])).await;
    for result in answer.json()["results"].as_array().unwrap() {
        assert!(result["result"]["error"].as_str().unwrap().contains("too long"), "{answer:?}");
    }
    assert!(start.elapsed() < Duration::from_millis(550), "one after the other: {:?}", start.elapsed());
    assert_eq!(entered.available_permits(), 1, "the second one never ran");
}

#[tokio::test]
async fn a_busy_tool_does_not_keep_the_others_of_its_request() {
    let (entered, open) = (Arc::new(Semaphore::new(0)), Arc::new(Notify::new()));
    let gate = Gate { entered: entered.clone(), open: open.clone() };
    let server = Server::start(App::new().tools(tools![wait, hello]).state(gate)).await;
    let call = tool_calls(&[("wait", "{}")]);
    // The tool is known to take its whole deadline.
    server.deliver(&call).await;
    let mut busy = server.connect().await;
    busy.send(signed_request(call.as_bytes())).await;
    let _ = entered.acquire_many(2).await.unwrap();

    let refused = server.deliver(&call).await;
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("1")), "{refused:?}");
    let both = server.deliver(tool_calls(&[("wait", "{}"), ("hello", "{}")])).await;
    assert_eq!(both.status, 200);
    let results = &both.json()["results"];
    assert_eq!(results[1]["result"], json!({ "result": "hello" }));
    assert!(results[0]["result"]["error"].as_str().unwrap().contains("right now"), "{results}");
}

/// How many handlers of assistant-requests were begun.
#[derive(Default)]
struct Begun(AtomicUsize);

/// A look at the customer, of whom two fit in at a time.
#[assistant_request(concurrency = 2)]
async fn greet(request: AssistantRequest, begun: &Arc<Begun>) -> AssistantReply {
    begun.0.fetch_add(1, SeqCst);
    let seconds = if request.customer_number().is_some() { 1 } else { 60 };
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    AssistantReply::saved().max_duration(Duration::from_secs(300))
}

fn greeting(begun: &Arc<Begun>) -> TestPlatform {
    let app = App::new().assistant_request_budget(Duration::from_millis(4200));
    TestPlatform::new(app.handlers(handlers![greet]).state(begun.clone())).unwrap()
}

#[tokio::test(start_paused = true)]
async fn assistant_requests_that_cannot_be_answered_in_time_are_refused_at_once() {
    let begun = Arc::<Begun>::default();
    let platform = greeting(&begun).caller(Some("+31612000111"));
    let request = || platform.event("assistant-request", json!({}));
    assert_eq!(request().await.status, 200, "from here on it is known to take a second");

    // Of the 4.2 s a second is for the handler; before that, a place becomes free every half second on average.
    let answers = futures::future::join_all((0..20).map(|_| async {
        let start = tokio::time::Instant::now();
        (request().await, start.elapsed())
    }))
    .await;
    let (good, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|(answer, _)| answer.status == 200);
    assert_eq!((good.len(), refused.len(), begun.0.load(SeqCst)), (2 + 6, 12, 1 + 8));
    for (answer, took) in good {
        assert_eq!(answer.json()["max_duration_seconds"], 300, "the handler answered, not the fallback");
        assert!(*took < Duration::from_millis(4200), "{took:?}");
    }
    for (answer, took) in refused {
        assert_eq!((answer.status.as_u16(), &answer.headers["retry-after"]), (503, &"1".parse().unwrap()));
        assert_eq!(*took, Duration::ZERO);
    }
    assert_eq!(request().await.status, 200, "once there is room again");
}

#[tokio::test(start_paused = true)]
async fn an_assistant_request_waits_no_longer_than_its_deadline() {
    let begun = Arc::<Begun>::default();
    let platform = greeting(&begun).caller(None);
    let start = tokio::time::Instant::now();
    // Nothing is known of the handler yet, so that all of them wait.
    let answers = futures::future::join_all((0..5).map(|_| platform.event("assistant-request", json!({})))).await;
    assert_eq!(start.elapsed(), Duration::from_millis(4200));
    assert!(answers.iter().all(|answer| answer.status == 200 && answer.json() == json!({})), "{answers:?}");
    assert_eq!(begun.0.load(SeqCst), 2, "the others never had a place");
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_was_too_slow_is_tried_again() {
    let begun = Arc::<Begun>::default();
    let platform = greeting(&begun).caller(None);
    for attempt in 1..=3 {
        assert_eq!(platform.event("assistant-request", json!({})).await.status, 200);
        assert_eq!(begun.0.load(SeqCst), attempt);
    }
}

/// The capacity of this one is 8 calls of 20 ms at a time: 400 a second.
#[tool(concurrency = 8, deadline = "500ms")]
async fn measured() -> &'static str {
    tokio::time::sleep(Duration::from_millis(20)).await;
    "done"
}

/// How many of `connections` × `rounds` calls, begun every `pause` on each connection, became what.
#[derive(Debug, Default)]
struct Measured {
    good: usize,
    refused: Vec<Duration>,
    late: usize,
    broken: usize,
    reports: usize,
    reports_lost: usize,
}

async fn load(server: &Server, connections: usize, rounds: u32, pause: Duration) -> (Measured, Duration) {
    let start = Instant::now();
    let clients = (0..connections).map(|number| async move {
        let mut measured = Measured::default();
        let mut connection = server.connect().await;
        let offset = pause * u32::try_from(number).unwrap() / u32::try_from(connections).unwrap();
        for round in 0..rounds {
            tokio::time::sleep_until((start + offset + pause * round).into()).await;
            let is_report = number % 20 == 0;
            let body = match is_report {
                true => message("end-of-call-report", ""),
                false => tool_calls(&[("measured", "{}")]),
            };
            let sent = Instant::now();
            connection.send(signed_request(body.as_bytes())).await;
            match connection.try_answer().await {
                None => {
                    measured.broken += 1;
                    connection = server.connect().await;
                }
                Some(answer) if is_report => {
                    measured.reports += 1;
                    measured.reports_lost += usize::from(answer.status != 200);
                }
                Some(answer) if answer.status == 503 => measured.refused.push(sent.elapsed()),
                Some(answer) if answer.body.contains("done") => measured.good += 1,
                Some(_) => measured.late += 1,
            }
        }
        measured
    });
    let mut sum = Measured::default();
    for one in futures::future::join_all(clients).await {
        sum.good += one.good;
        sum.refused.extend(one.refused);
        sum.late += one.late;
        sum.broken += one.broken;
        sum.reports += one.reports;
        sum.reports_lost += one.reports_lost;
    }
    sum.refused.sort();
    (sum, start.elapsed())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_times_the_capacity_loses_nothing() {
    let server = Server::start(App::new().tools(tools![measured])).await;
    // At capacity: as many as can be answered, and a few more that keep the places taken.
    let (peak, took) = load(&server, 16, 60, Duration::from_millis(1)).await;
    let peak = peak.good as f64 / took.as_secs_f64();
    let (measured, took) = load(&server, 500, 12, Duration::from_millis(250)).await;
    let good = measured.good as f64 / took.as_secs_f64();
    let p99 = measured.refused.get(measured.refused.len() * 99 / 100).copied().unwrap_or_default();
    #[allow(clippy::print_stderr, reason = "this is what the test is looked at for")]
    {
        eprintln!(
            "peak {peak:.0}/s, at 2000/s offered {good:.0}/s good, {} refused within {p99:?} (p99), {} late, {} broken, {} of {} reports lost",
            measured.refused.len(),
            measured.late,
            measured.broken,
            measured.reports_lost,
            measured.reports,
        );
    }
    assert_eq!((measured.broken, measured.reports_lost), (0, 0), "something was lost");
    // How many were refused depends on how fast a busy machine lets them be sent, so that it is only shown.
    assert!(measured.good > 0, "{measured:?}");
}
