//! Nothing lost: events are kept before they are acknowledged, and handled until that succeeds.

use std::{
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use hms_webhook::{
    App, Call, EndOfCallReport, StatusUpdate, UnknownEvent, end_of_call_report, event, handlers, status_update,
    store::{Counts, Filter, JobState, Memory, Sqlite, Store},
    testing::TestPlatform,
    tool, tools,
};
use serde_json::json;
use tokio::time::Instant;

use crate::{
    held::Held,
    support::{Server, message, tool_calls},
};

/// What handlers saw, in order, and when.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<(String, Instant)>>>);

impl Seen {
    fn note(&self, text: impl Into<String>) {
        self.0.lock().unwrap().push((text.into(), Instant::now()));
    }

    fn texts(&self) -> Vec<String> {
        self.0.lock().unwrap().iter().map(|(text, _)| text.clone()).collect()
    }
}

/// Opens a file that an earlier server of this process may just be letting go of.
pub(crate) async fn opened(path: &Path) -> Sqlite {
    for _ in 0..500 {
        if let Ok(store) = Sqlite::open(path) {
            return store;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Sqlite::open(path).unwrap()
}

fn report(call: &str) -> String {
    message("end-of-call-report", r#","duration_seconds":3"#).replace("c-1", call)
}

#[tokio::test(start_paused = true)]
async fn what_fails_is_tried_again_with_growing_waits_and_ends_among_the_dead_letters() {
    #[end_of_call_report(tries = 5, first_retry = "1s", longest_retry = "3s")]
    async fn file(_report: EndOfCallReport, call: &Call, seen: &Seen) -> Result<(), std::io::Error> {
        seen.note(format!("attempt {}", call.attempt()));
        Err(std::io::Error::other("no network"))
    }

    let (seen, store) = (Seen::default(), Arc::new(Memory::new()));
    let app = App::new().handlers(handlers![file]).state(seen.clone()).store(Held::new(&store));
    let platform = TestPlatform::new(app).unwrap();
    platform.end_of_call_report(json!({})).await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(seen.texts(), (1..=5).map(|attempt| format!("attempt {attempt}")).collect::<Vec<_>>());
    let times: Vec<_> = seen.0.lock().unwrap().iter().map(|(_, time)| *time).collect();
    for (pair, ceiling) in times.windows(2).zip([1, 2, 3, 3]) {
        // The timer's resolution comes on top.
        assert!(pair[1] - pair[0] <= Duration::from_millis(ceiling * 1000 + 10), "{:?}", pair[1] - pair[0]);
    }
    let dead = store.list(&Filter { state: Some(JobState::Dead), ..Filter::default() }).await.unwrap();
    assert_eq!(dead.len(), 1);
    assert_eq!((dead[0].handler.as_str(), dead[0].attempts), ("file", 5));
    assert_eq!(dead[0].last_error.as_deref(), Some("no network"));
}

#[tokio::test(start_paused = true)]
async fn a_repeated_event_is_handled_once() {
    #[status_update]
    async fn note(update: StatusUpdate, seen: &Seen) {
        let status = update.call.status.as_ref().map(ToString::to_string);
        seen.note(status.or(update.error).unwrap_or_default());
    }
    #[event("call-held")]
    async fn note_hold(event: UnknownEvent, seen: &Seen) {
        seen.note(event.kind.to_string());
    }

    let seen = Seen::default();
    let platform = TestPlatform::new(App::new().handlers(handlers![note, note_hold]).state(seen.clone())).unwrap();
    let in_progress = message("status-update", "");
    let broken = message("status-update", r#","error":"no line""#).replace(r#","status":"in-progress""#, "");
    for body in [
        broken.clone(),
        broken.clone(),
        broken.replace("no line", "no number"),
        in_progress.clone(),
        in_progress.clone(),
        in_progress.replace("09:15:00", "09:15:07"),
        in_progress.replace("in-progress", "ended"),
        message("call-held", r#","seconds":1"#),
        message("call-held", r#","seconds":1"#),
        message("call-held", r#","seconds":2"#),
    ] {
        assert_eq!(platform.deliver(body).await.status, 200);
    }
    platform.settled().await;
    let mut texts = seen.texts();
    texts.sort();
    assert_eq!(texts, ["call-held", "call-held", "ended", "in-progress", "no line", "no number"]);
}

#[tokio::test(start_paused = true)]
async fn a_poisoned_event_blocks_what_follows_in_its_own_call_only() {
    #[status_update(tries = 3, first_retry = "10s", longest_retry = "10s")]
    async fn note(update: StatusUpdate, call: &Call, seen: &Seen) {
        seen.note(format!("{} {} {}", call.id(), update.call.status.as_ref().unwrap(), call.attempt()));
        assert_ne!(format!("{} {}", call.id(), update.call.status.as_ref().unwrap()), "c-1 in-progress", "poison");
    }
    #[status_update]
    async fn note_too(update: StatusUpdate, call: &Call, seen: &Seen) {
        seen.note(format!("too {} {}", call.id(), update.call.status.as_ref().unwrap()));
    }

    let seen = Seen::default();
    let platform = TestPlatform::new(App::new().handlers(handlers![note, note_too]).state(seen.clone())).unwrap();
    let update = message("status-update", "");
    platform.deliver(update.clone()).await;
    platform.deliver(update.replace("in-progress", "ended")).await;
    platform.deliver(update.replace("c-1", "c-2")).await;
    platform.settled().await;
    let mut at_once = seen.texts();
    at_once.sort();
    assert_eq!(
        at_once,
        ["c-1 in-progress 1", "c-2 in-progress 1", "too c-1 ended", "too c-1 in-progress", "too c-2 in-progress"],
        "neither another call nor another handler waits"
    );
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert_eq!(seen.texts()[5..], ["c-1 in-progress 2", "c-1 in-progress 3", "c-1 ended 1"]);
}

#[tokio::test(start_paused = true)]
async fn a_background_tool_is_tried_again_and_called_once_for_its_id() {
    /// Write a complaint down.
    #[tool(background, tries = 3)]
    async fn complain(
        /** What. */
        text: String,
        call: &Call,
        seen: &Seen,
    ) -> Result<(), std::io::Error> {
        seen.note(format!("{text} {}", call.attempt()));
        if call.is_repeat() { Ok(()) } else { Err(std::io::Error::other("no network")) }
    }

    let seen = Seen::default();
    let platform = TestPlatform::new(App::new().tools(tools![complain]).state(seen.clone())).unwrap();
    let body = tool_calls(&[("complain", r#"{"text":"too slow"}"#), ("complain", r#"{"text":"too loud"}"#)]);
    for _ in 0..2 {
        let answer = platform.deliver(body.clone()).await;
        assert_eq!(answer.json()["results"][1]["result"], json!({ "result": "accepted" }));
    }
    tokio::time::sleep(Duration::from_secs(60)).await;
    let mut texts = seen.texts();
    texts.sort();
    assert_eq!(texts, ["too loud 1", "too loud 2", "too slow 1", "too slow 2"]);
}

#[tokio::test]
async fn what_was_acknowledged_is_handled_after_a_restart() {
    #[end_of_call_report]
    async fn file(_report: EndOfCallReport, call: &Call, seen: &Seen) {
        seen.note(format!("{} {}", call.id(), call.attempt()));
        if call.attempt() == 1 {
            std::future::pending::<()>().await;
        }
    }

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.sqlite3");
    let seen = Seen::default();
    let app = async || App::new().handlers(handlers![file]).state(seen.clone()).store(opened(&path).await);
    let mut server = Server::start(app().await.stop_within(Duration::from_millis(50))).await;
    assert_eq!(server.deliver(report("c-1")).await.status, 200);
    while seen.texts().is_empty() {
        tokio::task::yield_now().await;
    }
    server.stop();
    (&mut server.task).await.unwrap().unwrap();

    let seen_before = seen.texts().len();
    let server = Server::start(app().await).await;
    for _ in 0..1000 {
        if seen.texts().len() > seen_before {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // It was given back, as if it had not been begun.
    assert_eq!(seen.texts(), ["c-1 1", "c-1 1"]);
    drop(server);
}

#[tokio::test]
async fn an_event_whose_handler_is_gone_is_a_dead_letter() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.sqlite3");
    {
        let store = opened(&path).await;
        let event = hms_webhook::store::NewEvent {
            key: "k".into(),
            remembered_for: Duration::from_secs(600),
            kind: "end-of-call-report".into(),
            call_id: "c-1".into(),
            body: report("c-1").into(),
            trace: None,
            handlers: vec!["renamed_since".into()],
        };
        store.append(vec![event]).await.unwrap();
    }
    let store = Arc::new(opened(&path).await);
    let platform = TestPlatform::new(App::new().store(Held::new(&store))).unwrap();
    platform.start();
    platform.settled().await;
    let dead = store.list(&Filter { state: Some(JobState::Dead), ..Filter::default() }).await.unwrap();
    assert_eq!(dead.len(), 1);
    assert!(dead[0].last_error.as_deref().unwrap().contains("no handler `renamed_since`"), "{dead:?}");
}

#[tokio::test(start_paused = true)]
async fn a_failure_whose_answer_comes_after_the_next_attempt_has_begun_is_no_hindrance() {
    #[end_of_call_report(first_retry = "1s")]
    async fn file(_report: EndOfCallReport, call: &Call, seen: &Seen) -> Result<(), std::io::Error> {
        seen.note(format!("attempt {}", call.attempt()));
        if call.attempt() == 1 {
            return Err(std::io::Error::other("no network"));
        }
        tokio::time::sleep(Duration::from_secs(10)).await;
        Ok(())
    }

    let (seen, store) = (Seen::default(), Arc::new(Memory::new()));
    let held = Arc::new(Held::new(&store));
    held.hang(&["answer of fail"]);
    let app = App::new().handlers(handlers![file]).state(seen.clone()).store(Held::new(&held));
    let platform = TestPlatform::new(app).unwrap();
    platform.end_of_call_report(json!({})).await;
    held.asked_for("answer of fail").await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    // What comes meanwhile makes the inbox look for what is due.
    platform.deliver(report("c-2")).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(seen.texts().contains(&"attempt 2".to_owned()), "{:?}", seen.texts());
    held.hang(&[]);
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert_eq!(store.counts().await.unwrap(), Counts::default(), "the second attempt was written down");
}

#[tokio::test]
async fn what_cannot_be_kept_is_not_acknowledged() {
    #[end_of_call_report]
    async fn file(_report: EndOfCallReport, seen: &Seen) {
        seen.note("filed");
    }
    /// Say yes.
    #[tool]
    async fn answer() -> &'static str {
        "yes"
    }
    /// Do it later.
    #[tool(background)]
    async fn later() {}

    let folder = tempfile::tempdir().unwrap();
    let seen = Seen::default();
    let store = Arc::new(Sqlite::open(folder.path().join("events.sqlite3")).unwrap());
    let app =
        App::new().handlers(handlers![file]).tools(tools![answer, later]).state(seen.clone()).store(Held::new(&store));
    let server = Server::start(app).await;
    let ready = async || server.exchange("GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await;
    assert_eq!(ready().await.status, 200);

    store.limit_pages(1).await.unwrap();
    let mut number = 0;
    let refused = loop {
        // Some fit into pages that are there already.
        number += 1;
        let answer = server.deliver(report(&format!("c-{number}{}", "x".repeat(3000)))).await;
        if answer.status != 200 {
            break answer;
        }
        assert!(number < 1000);
    };
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("1")), "{refused:?}");
    assert_eq!(ready().await.status, 503);
    assert_eq!(server.deliver(tool_calls(&[("answer", "{}")])).await.result(), json!({ "result": "yes" }));
    let answers = server.deliver(message("assistant-request", "")).await;
    assert_eq!((answers.status, answers.json()), (200, json!({})));
    assert_eq!(
        server.deliver(report(&format!("c-again{}", "x".repeat(3000)))).await.status,
        503,
        "it does not pretend"
    );

    store.limit_pages(100_000).await.unwrap();
    assert_eq!(ready().await.status, 200);
    assert_eq!(server.deliver(report("c-last")).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_full_memory_refuses_events_and_goes_on_when_there_is_room() {
    #[status_update]
    async fn note(_update: StatusUpdate, gate: &Gate) {
        gate.0.acquire().await.unwrap().forget();
    }
    struct Gate(Arc<tokio::sync::Semaphore>);

    let gate = Arc::new(tokio::sync::Semaphore::new(0));
    let app = App::new().handlers(handlers![note]).state(Gate(gate.clone())).store(Memory::with_capacity(3));
    let platform = TestPlatform::new(app).unwrap();
    let update = |call: &str| message("status-update", "").replace("c-1", call);
    for call in ["c-1", "c-2", "c-3"] {
        assert_eq!(platform.deliver(update(call)).await.status, 200);
    }
    assert_eq!(platform.deliver(update("c-4")).await.status, 503);
    gate.add_permits(3);
    platform.settled().await;
    assert_eq!(platform.deliver(update("c-4")).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn no_more_handlers_run_at_a_time_than_allowed() {
    #[derive(Clone, Default)]
    struct Level(Arc<AtomicUsize>, Arc<AtomicUsize>);

    #[status_update]
    async fn note(_update: StatusUpdate, level: &Level) {
        let now = level.0.fetch_add(1, Ordering::Relaxed) + 1;
        level.1.fetch_max(now, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_secs(1)).await;
        level.0.fetch_sub(1, Ordering::Relaxed);
    }

    let level = Level::default();
    let app = App::new().handlers(handlers![note]).state(level.clone()).concurrent_events(3);
    let platform = TestPlatform::new(app).unwrap();
    let started = Instant::now();
    for number in 0..12 {
        platform.deliver(message("status-update", "").replace("c-1", &format!("c-{number}"))).await;
    }
    platform.settled().await;
    assert_eq!(level.1.load(Ordering::Relaxed), 3);
    assert_eq!(started.elapsed().as_secs(), 4, "and no fewer");
}

#[tokio::test(start_paused = true)]
async fn a_store_that_hangs_holds_nobody_up_for_long() {
    #[end_of_call_report]
    async fn file(_report: EndOfCallReport, seen: &Seen) {
        seen.note("filed");
    }
    /// Say yes.
    #[tool]
    async fn answer(seen: &Seen) -> &'static str {
        seen.note("answered");
        "yes"
    }
    /// Do it later.
    #[tool(background)]
    async fn later(seen: &Seen) {
        seen.note("done");
    }

    let (seen, store) = (Seen::default(), Held::new(&Arc::new(Memory::new())));
    let app = App::new().handlers(handlers![file]).tools(tools![answer, later]).state(seen.clone());
    let platform = TestPlatform::new(app.store(store.clone())).unwrap();
    let deliver = async |body: &str| {
        let began = Instant::now();
        (platform.deliver(body.to_owned()).await, began.elapsed().as_millis())
    };

    store.hang(&["append"]);
    let (refused, waited) = deliver(&report("c-1")).await;
    assert_eq!(refused.status, 503);
    assert!(refused.headers.contains_key("retry-after"), "{refused:?}");
    assert!((5000..5050).contains(&waited), "{waited} ms");

    let began = Instant::now();
    let both = tool_calls(&[("later", "{}"), ("answer", "{}")]);
    let (told, waited) = deliver(&both).await;
    let results = told.json()["results"].clone();
    assert!(results[0]["result"]["error"].is_string(), "what is not kept is not accepted: {results}");
    assert_eq!(results[1]["result"], json!({ "result": "yes" }));
    assert!((5000..5050).contains(&waited), "{waited} ms");
    let (text, at) = seen.0.lock().unwrap()[0].clone();
    assert_eq!((text.as_str(), at), ("answered", began), "the other tool did not wait");

    store.hang(&[]);
    assert_eq!(deliver(&report("c-1")).await.0.status, 200);
    let again = deliver(&both).await.0.json();
    assert_eq!(again["results"][0]["result"], json!({ "result": "accepted" }));
    platform.settled().await;
    let mut texts = seen.texts();
    texts.sort();
    assert_eq!(texts, ["answered", "done", "filed"]);
}
