//! Deadlines: the answer leaves in time whatever the handlers do.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use hms_webhook::{
    App, AssistantReply, AssistantRequest, Deadline, assistant_request, handlers, testing::TestPlatform, tool, tools,
};
use serde_json::json;
use tokio::{sync::Notify, time::Instant};

use crate::support::{Server, message, tool_calls};

const TOO_LATE: &str = "the tool took too long and was given up; tell the caller that this cannot be done right now";

/// Never return.
#[tool]
async fn hang() -> u8 {
    std::future::pending().await
}

/// Never return, within three seconds.
#[tool(deadline = "3s")]
async fn hang_briefly() -> u8 {
    std::future::pending().await
}

/// Tell the time that is left.
#[tool]
async fn time_left(deadline: &Deadline) -> u128 {
    deadline.remaining().as_millis()
}

/// Tell the time that is left of two seconds.
#[tool(deadline = "2s")]
async fn time_left_of_two(deadline: &Deadline) -> u128 {
    deadline.remaining().as_millis()
}

#[tokio::test(start_paused = true)]
async fn finished_results_are_returned_when_others_are_late() {
    let platform = TestPlatform::new(App::new().tools(tools![hang, hang_briefly, time_left])).unwrap();
    let start = Instant::now();
    let replies =
        platform.call_tools([("hang", json!({})), ("time_left", json!({})), ("hang_briefly", json!({}))]).await;
    assert_eq!(start.elapsed().as_millis() / 10, 900, "9 s, up to the timer's resolution");
    assert_eq!(replies[0].error(), Some(TOO_LATE));
    assert_eq!(replies[1].read::<u64>().unwrap(), 9000);
    assert_eq!(replies[2].error(), Some(TOO_LATE));
}

#[tokio::test(start_paused = true)]
async fn a_tools_own_deadline_only_shortens() {
    let app = || App::new().tools(tools![hang_briefly, time_left_of_two]);
    let platform = TestPlatform::new(app()).unwrap();
    let start = Instant::now();
    assert_eq!(platform.call_tool("hang_briefly", json!({})).await.error(), Some(TOO_LATE));
    assert_eq!(start.elapsed().as_millis() / 10, 300);
    assert_eq!(platform.call_tool("time_left_of_two", json!({})).await.read::<u64>().unwrap(), 2000);

    let platform = TestPlatform::new(app().tool_calls_budget(Duration::from_secs(1))).unwrap();
    let start = Instant::now();
    assert_eq!(platform.call_tool("hang_briefly", json!({})).await.error(), Some(TOO_LATE));
    assert_eq!(start.elapsed().as_millis() / 10, 100);
    assert_eq!(platform.call_tool("time_left_of_two", json!({})).await.read::<u64>().unwrap(), 1000);
}

#[tokio::test(start_paused = true)]
async fn a_late_assistant_request_gets_the_fallback_after_four_and_a_half_seconds() {
    #[assistant_request]
    async fn dawdle(_request: AssistantRequest) -> AssistantReply {
        std::future::pending().await
    }

    let app = App::new().handlers(handlers![dawdle]).fallback_reply(AssistantReply::reject("Sorry."));
    let platform = TestPlatform::new(app).unwrap();
    let start = Instant::now();
    assert_eq!(platform.assistant_request().await.rejection(), Some("Sorry."));
    assert_eq!(start.elapsed().as_millis() / 10, 450);
}

/// Notes what became of a tool.
#[derive(Default, Clone)]
struct Trace {
    finished: Arc<AtomicBool>,
    dropped: Arc<Notify>,
}

struct OnDrop(Arc<Notify>);

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

/// Take a minute; be cancelled at the deadline.
#[tool]
async fn cancelled(trace: &Trace) -> u8 {
    let _on_drop = OnDrop(trace.dropped.clone());
    tokio::time::sleep(Duration::from_secs(60)).await;
    trace.finished.store(true, Ordering::Relaxed);
    0
}

/// Take a minute; go on after the deadline.
#[tool(after_deadline = "finish")]
async fn finishing(trace: &Trace) -> u8 {
    let _on_drop = OnDrop(trace.dropped.clone());
    tokio::time::sleep(Duration::from_secs(60)).await;
    trace.finished.store(true, Ordering::Relaxed);
    0
}

#[tokio::test(start_paused = true)]
async fn a_late_tool_is_cancelled_unless_it_shall_finish() {
    for (name, finishes) in [("cancelled", false), ("finishing", true)] {
        let trace = Trace::default();
        let platform = TestPlatform::new(App::new().tools(tools![cancelled, finishing]).state(trace.clone())).unwrap();
        assert_eq!(platform.call_tool(name, json!({})).await.error(), Some(TOO_LATE));
        platform.settled().await;
        trace.dropped.notified().await;
        assert_eq!(trace.finished.load(Ordering::Relaxed), finishes, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_background_tool_has_no_deadline_but_its_own() {
    /// Take a minute in the background.
    #[tool(background)]
    async fn unhurried(trace: &Trace, deadline: &Deadline) {
        assert_eq!(deadline.remaining(), Duration::MAX);
        tokio::time::sleep(Duration::from_secs(60)).await;
        trace.finished.store(true, Ordering::Relaxed);
    }

    /// Take a minute in the background, of which thirty seconds are allowed.
    #[tool(background, deadline = "30s")]
    async fn hurried(trace: &Trace) {
        tokio::time::sleep(Duration::from_secs(60)).await;
        trace.finished.store(true, Ordering::Relaxed);
    }

    for (name, finishes) in [("unhurried", true), ("hurried", false)] {
        let trace = Trace::default();
        let platform = TestPlatform::new(App::new().tools(tools![unhurried, hurried]).state(trace.clone())).unwrap();
        let start = Instant::now();
        assert_eq!(platform.call_tool(name, json!({})).await.error(), None);
        assert_eq!(start.elapsed(), Duration::ZERO);
        platform.settled().await;
        assert_eq!(trace.finished.load(Ordering::Relaxed), finishes, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_that_blocks_its_thread_does_not_delay_the_answer() {
    struct Blocked(std::sync::Mutex<std::sync::mpsc::Receiver<()>>, Arc<AtomicBool>);

    /// Block the thread, which an async function should not.
    #[tool]
    async fn block(blocked: &Blocked) -> u8 {
        let _ = blocked.0.lock().unwrap().recv();
        blocked.1.store(true, Ordering::Relaxed);
        0
    }

    let (release, wait) = std::sync::mpsc::channel();
    let done = Arc::new(AtomicBool::new(false));
    let app = App::new()
        .tools(tools![block, hang])
        .state(Blocked(std::sync::Mutex::new(wait), done.clone()))
        .tool_calls_budget(Duration::from_millis(200));
    let server = Server::start(app).await;
    let answer = server.deliver(tool_calls(&[("block", "{}"), ("hang", "{}")])).await;
    assert_eq!(answer.tool_error(), TOO_LATE);
    assert!(!done.load(Ordering::Relaxed), "the answer did not wait for the blocked thread");
    release.send(()).unwrap();
}

/// Many rounds, since it is a matter of which worker takes up what.
#[tokio::test(flavor = "multi_thread", worker_threads = 6)]
async fn a_handler_that_blocks_its_thread_at_its_deadline_does_not_delay_the_answer_either() {
    #[derive(Default, Clone)]
    struct Waits {
        answered: Arc<AtomicBool>,
        in_vain: Arc<AtomicBool>,
    }

    /// Block the thread from the deadline on, until the answer has come.
    #[tool(deadline = "20ms")]
    async fn block_late(waits: &Waits, deadline: &Deadline) -> u8 {
        tokio::time::sleep_until(deadline.instant().unwrap()).await;
        for _ in 0..60 {
            if waits.answered.load(Ordering::Relaxed) {
                return 0;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        waits.in_vain.store(true, Ordering::Relaxed);
        0
    }

    for _ in 0..30 {
        let waits = Waits::default();
        let platform = TestPlatform::new(App::new().tools(tools![block_late]).state(waits.clone())).unwrap();
        let answer = tokio::spawn(async move {
            platform.call_tool("block_late", json!({})).await;
            platform
        });
        let platform = answer.await.unwrap();
        waits.answered.store(true, Ordering::Relaxed);
        platform.settled().await;
        assert!(!waits.in_vain.load(Ordering::Relaxed), "the answer waited for the blocked thread");
    }
}

#[tokio::test]
async fn the_clock_runs_while_the_body_is_still_arriving() {
    let server = Server::start(App::new().tools(tools![time_left]).tool_calls_budget(Duration::from_secs(10))).await;
    let request = crate::support::signed_request(tool_calls(&[("time_left", "{}")]).as_bytes());
    let (head, body) = request.split_at(request.len() - 10);
    let mut connection = server.connect().await;
    connection.send(head).await;
    // A real pause, as the server's clock is the real one here.
    tokio::time::sleep(Duration::from_millis(300)).await;
    connection.send(body).await;
    let left = connection.answer().await.result()["result"].as_u64().unwrap();
    assert!(left < 9_750, "{left} ms were left");
}

#[tokio::test]
async fn a_started_tool_runs_on_when_the_peer_goes_away() {
    struct Gate(Arc<Notify>, Arc<Notify>, Arc<Notify>);

    /// Wait for the gate, then tell.
    #[tool]
    async fn persist(gate: &Gate) -> u8 {
        gate.0.notify_one();
        gate.1.notified().await;
        gate.2.notify_one();
        0
    }

    let [entered, open, done] = [(); 3].map(|()| Arc::new(Notify::new()));
    let server =
        Server::start(App::new().tools(tools![persist]).state(Gate(entered.clone(), open.clone(), done.clone()))).await;
    let mut connection = server.connect().await;
    connection.send(crate::support::signed_request(tool_calls(&[("persist", "{}")]).as_bytes())).await;
    entered.notified().await;
    drop(connection);
    // The server has seen the end of that connection once it has answered on another one.
    assert_eq!(server.deliver(message("status-update", "")).await.status, 200);
    open.notify_one();
    done.notified().await;
}
