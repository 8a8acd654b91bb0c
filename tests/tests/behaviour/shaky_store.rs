//! Tool calls while the store does not do what it should: nothing is done twice at the same time, and nobody hangs.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use hms_webhook::{
    App,
    store::{Claim, Counts, Filter, JobId, Leased, Memory, NewEvent, Store, StoreError, StoreFuture, StoredJob},
    testing::TestPlatform,
    tool, tools,
};
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::support::tool_calls;

/// How a [`Shaky`] store treats claims and results.
#[derive(Debug, Clone, Copy)]
enum Mood {
    /// It does nothing, and says so.
    Fails,
    /// It panics the first time.
    Panics,
    /// Another server is at everything.
    IsBusy,
}

#[derive(Debug)]
struct Shaky {
    mood: Mood,
    asked: AtomicU32,
    inner: Memory,
}

impl Shaky {
    fn new(mood: Mood) -> Self {
        Self { mood, asked: AtomicU32::new(0), inner: Memory::new() }
    }

    fn or<'a, T: Send + 'a>(&self, good: impl FnOnce() -> StoreFuture<'a, T>) -> StoreFuture<'a, T> {
        let asked = self.asked.fetch_add(1, Ordering::Relaxed);
        match self.mood {
            Mood::Fails => Box::pin(async { Err(StoreError::new("the disk is full")) }),
            Mood::Panics if asked == 0 => panic!("a store should not do this"),
            Mood::Panics | Mood::IsBusy => good(),
        }
    }
}

impl Store for Shaky {
    fn claim<'a>(&'a self, key: &'a str, lease: Duration) -> StoreFuture<'a, Claim> {
        match self.mood {
            Mood::IsBusy => Box::pin(async { Ok(Claim::Running) }),
            _ => self.or(|| self.inner.claim(key, lease)),
        }
    }

    fn keep<'a>(&'a self, key: &'a str, result: &'a str, time_to_live: Duration) -> StoreFuture<'a, ()> {
        self.or(|| self.inner.keep(key, result, time_to_live))
    }

    fn release<'a>(&'a self, key: &'a str, time_to_live: Duration) -> StoreFuture<'a, ()> {
        self.or(|| self.inner.release(key, time_to_live))
    }

    fn append(&self, events: Vec<NewEvent>) -> StoreFuture<'_, ()> {
        self.inner.append(events)
    }

    fn lease(&self, limit: usize) -> StoreFuture<'_, Leased> {
        self.inner.lease(limit)
    }

    fn finish(&self, job: JobId) -> StoreFuture<'_, ()> {
        self.inner.finish(job)
    }

    fn fail<'a>(&'a self, job: JobId, error: &'a str, retry: Option<Duration>) -> StoreFuture<'a, ()> {
        self.inner.fail(job, error, retry)
    }

    fn give_back(&self, jobs: Vec<JobId>) -> StoreFuture<'_, ()> {
        self.inner.give_back(jobs)
    }

    fn list<'a>(&'a self, filter: &'a Filter) -> StoreFuture<'a, Vec<StoredJob>> {
        self.inner.list(filter)
    }

    fn counts(&self) -> StoreFuture<'_, Counts> {
        self.inner.counts()
    }

    fn replay<'a>(&'a self, filter: &'a Filter) -> StoreFuture<'a, u64> {
        self.inner.replay(filter)
    }

    fn discard<'a>(&'a self, filter: &'a Filter) -> StoreFuture<'a, u64> {
        self.inner.discard(filter)
    }

    fn check(&self) -> StoreFuture<'_, ()> {
        self.inner.check()
    }

    fn describe(&self) -> String {
        "shaky".into()
    }
}

#[derive(Clone, Default)]
struct Desk {
    entered: Arc<Notify>,
    open: Arc<Notify>,
    bookings: Arc<AtomicU32>,
}

/// Book something, as soon as the desk is open.
#[tool]
async fn book(desk: &Desk) -> u32 {
    desk.entered.notify_one();
    desk.open.notified().await;
    desk.bookings.fetch_add(1, Ordering::Relaxed) + 1
}

fn platform(mood: Mood, desk: &Desk) -> TestPlatform {
    TestPlatform::new(App::new().tools(tools![book]).state(desk.clone()).store(Shaky::new(mood))).unwrap()
}

async fn result(platform: TestPlatform, body: String) -> Value {
    platform.deliver(body).await.json()["results"][0]["result"].clone()
}

#[tokio::test(start_paused = true)]
async fn who_comes_meanwhile_gets_the_first_answer_though_nothing_can_be_kept() {
    let desk = Desk::default();
    let platform = platform(Mood::Fails, &desk);
    let body = tool_calls(&[("book", "{}")]);
    let first = tokio::spawn(result(platform.clone(), body.clone()));
    desk.entered.notified().await;
    let second = tokio::spawn(result(platform, body));
    // The clock goes on when nothing else does: the second one waits.
    tokio::time::sleep(Duration::from_millis(1)).await;
    desk.open.notify_one();
    assert_eq!(first.await.unwrap(), json!({ "result": 1 }));
    assert_eq!(second.await.unwrap(), json!({ "result": 1 }));
    assert_eq!(desk.bookings.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn what_broke_with_its_store_is_run_when_it_comes_again() {
    let desk = Desk::default();
    let platform = platform(Mood::Panics, &desk);
    let body = tool_calls(&[("book", "{}")]);
    desk.open.notify_one();
    let first = result(platform.clone(), body.clone()).await;
    assert!(first["error"].as_str().unwrap().contains("internal reason"), "{first}");
    assert_eq!(result(platform, body).await, json!({ "result": 1 }));
}

#[tokio::test(start_paused = true)]
async fn what_another_server_is_at_until_the_deadline_is_not_begun_afterwards() {
    let desk = Desk::default();
    let platform = platform(Mood::IsBusy, &desk);
    desk.open.notify_one();
    let answer = result(platform.clone(), tool_calls(&[("book", "{}")])).await;
    assert!(answer["error"].as_str().unwrap().contains("too long"), "{answer}");
    let settled = tokio::time::timeout(Duration::from_secs(60), platform.settled()).await;
    assert!(settled.is_ok(), "it still waits for its turn");
    assert_eq!(desk.bookings.load(Ordering::Relaxed), 0);
}
