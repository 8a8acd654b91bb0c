//! What every store has to promise, as checks that a store of one's own can be put through.

use std::{collections::HashSet, sync::Arc, time::Duration};

use tokio::{task::JoinHandle, time::sleep};

use crate::store::{Claim, Counts, Filter, Job, JobId, JobState, NewEvent, Store};

const LONG: Duration = Duration::from_secs(600);
const SHORT: Duration = Duration::from_millis(200);
/// Longer than [`SHORT`], and than what a store behind a network may add to it.
const LONGER: Duration = Duration::from_millis(600);

/// Checks that a store keeps the promises of [`Store`]. `make` gives an empty store each time.
///
/// Times are real ones: it takes a few seconds, unless tokio's clock is paused and the store lives by it.
///
/// ```
/// use hms_webhook::{store::Memory, testing::store_conformance};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// store_conformance(async || Memory::new()).await;
/// # }
/// ```
///
/// # Panics
/// When a promise is broken; the text says which.
pub async fn store_conformance<S: Store>(make: impl AsyncFn() -> S) {
    claims_exclude_each_other(&make().await).await;
    a_kept_result_answers_until_it_expires(&make().await).await;
    a_released_key_can_be_claimed_again(&make().await).await;
    a_claim_ends_with_its_lease(&make().await).await;
    results_come_back_as_they_were(&make().await).await;
    one_of_many_claims_is_granted(Arc::new(make().await)).await;
    each_handler_gets_a_job_of_its_own(&make().await).await;
    a_repetition_is_left_out(&make().await).await;
    a_leased_job_is_leased_once(&make().await).await;
    jobs_of_a_call_come_in_order(&make().await).await;
    a_failed_job_comes_again_when_its_time_has_come(&make().await).await;
    a_dead_letter_blocks_nobody_and_can_be_replayed(&make().await).await;
    a_failing_call_does_not_block_another(&make().await).await;
    jobs_that_are_given_back_were_not_attempted(&make().await).await;
    filters_choose(&make().await).await;
    many_at_once_lose_nothing(Arc::new(make().await)).await;
}

fn event(key: &str, call_id: &str, handlers: &[&str]) -> NewEvent {
    NewEvent {
        key: key.into(),
        remembered_for: LONG,
        kind: "status-update".into(),
        call_id: call_id.into(),
        body: format!("the body of {key}").into(),
        handlers: handlers.iter().map(ToString::to_string).collect(),
    }
}

async fn append(store: &impl Store, events: impl IntoIterator<Item = NewEvent>) {
    store.append(events.into_iter().collect()).await.expect("events can be appended");
}

async fn lease(store: &impl Store, limit: usize) -> Vec<Job> {
    store.lease(limit).await.expect("jobs can be leased").jobs
}

/// The only job that can be leased.
async fn lease_one(store: &impl Store, why: &str) -> Job {
    let mut jobs = lease(store, 10).await;
    assert_eq!(jobs.len(), 1, "{why}: {jobs:?}");
    jobs.remove(0)
}

/// Starts all of them, then waits for each.
async fn all<T>(tasks: impl Iterator<Item = JoinHandle<T>>) -> Vec<T> {
    let mut outcomes = Vec::new();
    for task in tasks.collect::<Vec<_>>() {
        outcomes.push(task.await.expect("no method of a store panics"));
    }
    outcomes
}

async fn claim(store: &impl Store, key: &str) -> Claim {
    store.claim(key, LONG).await.expect("a key can be claimed")
}

// -- once -------------------------------------------------------------------------------------

async fn claims_exclude_each_other(store: &impl Store) {
    assert_eq!(claim(store, "one").await, Claim::Granted { earlier: 0 }, "the first claim is granted");
    assert_eq!(claim(store, "one").await, Claim::Running, "a claimed key cannot be claimed");
    assert_eq!(claim(store, "two").await, Claim::Granted { earlier: 0 }, "keys are independent");
}

async fn a_kept_result_answers_until_it_expires(store: &impl Store) {
    claim(store, "one").await;
    store.keep("one", "done", LONGER).await.expect("a result can be kept");
    assert_eq!(claim(store, "one").await, Claim::Kept("done".into()), "a kept result answers every claim");
    assert_eq!(claim(store, "one").await, Claim::Kept("done".into()), "… and is not used up by that");
    sleep(LONGER + SHORT).await;
    assert!(matches!(claim(store, "one").await, Claim::Granted { .. }), "a result is forgotten when its time is over");
}

async fn a_released_key_can_be_claimed_again(store: &impl Store) {
    for earlier in 0..3 {
        assert_eq!(claim(store, "one").await, Claim::Granted { earlier }, "claims are counted across releases");
        store.release("one", LONG).await.expect("a claim can be released");
    }
}

async fn a_claim_ends_with_its_lease(store: &impl Store) {
    store.claim("one", SHORT).await.expect("a key can be claimed");
    sleep(LONGER).await;
    assert_eq!(
        claim(store, "one").await,
        Claim::Granted { earlier: 1 },
        "a claim whose lease is over does not exclude"
    );
}

async fn results_come_back_as_they_were(store: &impl Store) {
    for (key, result) in [
        ("plain", r#"{"status":"shipped"}"#.to_owned()),
        ("empty", String::new()),
        ("any text: ' \" \\ \n ä€𝄞", "ä€𝄞 ' \" \\ \u{1}".into()),
        ("long", "x".repeat(100_000)),
        ("call/with.dots and*stars>", "fine".into()),
    ] {
        claim(store, key).await;
        store.keep(key, &result, LONG).await.expect("a result can be kept");
        assert_eq!(claim(store, key).await, Claim::Kept(result), "{key:?}");
    }
}

async fn one_of_many_claims_is_granted(store: Arc<impl Store>) {
    let claims = (0..32).map(|_| {
        let store = store.clone();
        tokio::spawn(async move { claim(&*store, "one").await })
    });
    let granted = all(claims).await.into_iter().filter(|claim| matches!(claim, Claim::Granted { .. }));
    assert_eq!(granted.count(), 1, "of all who claim at the same time, one is granted it");
}

// -- the queue --------------------------------------------------------------------------------

async fn each_handler_gets_a_job_of_its_own(store: &impl Store) {
    append(store, [event("a", "call-1", &["log", "bill"])]).await;
    let jobs = lease(store, 10).await;
    let handlers: HashSet<_> = jobs.iter().map(|job| job.handler.as_str()).collect();
    assert_eq!(handlers, HashSet::from(["log", "bill"]));
    for job in &jobs {
        assert_eq!((&*job.body, &*job.kind, job.attempt), (&b"the body of a"[..], "status-update", 1));
    }
    store.finish(jobs[0].id).await.expect("a job can be finished");
    assert_eq!(
        store.counts().await.expect("jobs can be counted"),
        Counts { waiting: 0, running: 1, dead: 0 },
        "what is finished for one handler is not finished for the other"
    );
}

async fn a_repetition_is_left_out(store: &impl Store) {
    append(store, [event("a", "call-1", &["log"]), event("a", "call-1", &["log"])]).await;
    append(store, [event("a", "call-1", &["log"])]).await;
    let job = lease_one(store, "an event that comes again is left out").await;
    store.finish(job.id).await.expect("a job can be finished");
    append(store, [event("a", "call-1", &["log"])]).await;
    assert_eq!(lease(store, 10).await, [], "… also after it was handled");
    append(store, [NewEvent { remembered_for: SHORT, ..event("b", "call-1", &["log"]) }]).await;
    let job = lease_one(store, "another key is another event").await;
    store.finish(job.id).await.expect("a job can be finished");
    sleep(LONGER).await;
    append(store, [event("b", "call-1", &["log"])]).await;
    lease_one(store, "an event that is not remembered any more is new").await;
}

async fn a_leased_job_is_leased_once(store: &impl Store) {
    append(store, (0..5).map(|index| event(&index.to_string(), &index.to_string(), &["log"]))).await;
    let first = lease(store, 3).await;
    assert_eq!(first.len(), 3, "no more are leased than were asked for");
    let second = lease(store, 10).await;
    let ids: HashSet<_> = first.iter().chain(&second).map(|job| job.id).collect();
    assert_eq!((second.len(), ids.len()), (2, 5), "each job is leased once");
    assert_eq!(lease(store, 10).await, []);
}

async fn jobs_of_a_call_come_in_order(store: &impl Store) {
    append(store, ["a", "b", "c"].map(|key| event(key, "call-1", &["log"]))).await;
    for key in ["a", "b", "c"] {
        let job = lease_one(store, "of one call and handler, one job at a time").await;
        assert_eq!(job.body, format!("the body of {key}"), "… and in their order");
        store.finish(job.id).await.expect("a job can be finished");
    }
    append(store, ["d", "e"].map(|key| event(key, "", &["log"]))).await;
    assert_eq!(lease(store, 10).await.len(), 2, "without a call there is no order to keep");
}

async fn a_failed_job_comes_again_when_its_time_has_come(store: &impl Store) {
    append(store, [event("a", "call-1", &["log"]), event("b", "call-1", &["log"])]).await;
    let job = lease_one(store, "the first").await;
    store.fail(job.id, "no network", Some(LONGER)).await.expect("a job can fail");
    assert_eq!(lease(store, 10).await, [], "a failed job waits, and what comes after it too");
    let listed = store.list(&Filter { ids: vec![job.id], ..Filter::default() }).await.expect("jobs can be listed");
    assert_eq!(listed.len(), 1);
    assert_eq!((listed[0].state, listed[0].attempts), (JobState::Waiting, 1));
    assert_eq!(listed[0].last_error.as_deref(), Some("no network"));
    assert!(store.lease(10).await.expect("jobs can be leased").next.is_some_and(|next| next <= LONGER), "it says when");
    sleep(LONGER + SHORT).await;
    let again = lease_one(store, "its time has come").await;
    assert_eq!((again.id, again.attempt), (job.id, 2));
}

async fn a_dead_letter_blocks_nobody_and_can_be_replayed(store: &impl Store) {
    append(store, [event("a", "call-1", &["log"]), event("b", "call-1", &["log"])]).await;
    let first = lease_one(store, "the first").await;
    store.fail(first.id, "hopeless", None).await.expect("a job can die");
    let second = lease_one(store, "a dead letter does not block").await;
    assert_ne!(second.id, first.id);
    store.finish(second.id).await.expect("a job can be finished");
    assert_eq!(lease(store, 10).await, [], "a dead letter is not leased");
    let dead = Filter { state: Some(JobState::Dead), ..Filter::default() };
    let listed = store.list(&dead).await.expect("jobs can be listed");
    assert_eq!(listed.len(), 1);
    assert_eq!((listed[0].id, listed[0].last_error.as_deref()), (first.id, Some("hopeless")));
    assert_eq!(store.replay(&dead).await.expect("dead letters can be replayed"), 1);
    assert_eq!(store.replay(&dead).await.expect("dead letters can be replayed"), 0, "what waits is no dead letter");
    let again = lease_one(store, "a replayed letter").await;
    assert_eq!((again.attempt, again.body), (1, first.body), "its attempts are counted anew");
    store.fail(again.id, "still hopeless", None).await.expect("a job can die");
    assert_eq!(store.discard(&Filter::default()).await.expect("dead letters can be discarded"), 1);
    assert_eq!(store.counts().await.expect("jobs can be counted"), Counts::default());
}

async fn a_failing_call_does_not_block_another(store: &impl Store) {
    append(store, [event("a", "call-1", &["log"]), event("b", "call-2", &["log"])]).await;
    let jobs = lease(store, 10).await;
    assert_eq!(jobs.len(), 2, "calls do not wait for each other");
    store.fail(jobs[0].id, "poisoned", Some(LONG)).await.expect("a job can fail");
    append(store, [event("c", "call-1", &["bill"]), event("d", "call-3", &["log"])]).await;
    assert_eq!(lease(store, 10).await.len(), 2, "neither another handler nor another call waits for it");
}

async fn jobs_that_are_given_back_were_not_attempted(store: &impl Store) {
    append(store, [event("a", "call-1", &["log"])]).await;
    let job = lease_one(store, "a job").await;
    store.give_back(vec![job.id]).await.expect("jobs can be given back");
    let again = lease_one(store, "what was given back").await;
    assert_eq!((again.id, again.attempt), (job.id, 1));
}

async fn filters_choose(store: &impl Store) {
    append(
        store,
        [
            event("a", "call-1", &["log", "bill"]),
            NewEvent { kind: "end-of-call-report".into(), ..event("b", "call-2", &["log"]) },
        ],
    )
    .await;
    let count = async |filter: Filter| store.list(&filter).await.expect("jobs can be listed").len();
    assert_eq!(count(Filter::default()).await, 3);
    assert_eq!(count(Filter { kind: Some("end-of-call-report".into()), ..Filter::default() }).await, 1);
    assert_eq!(count(Filter { call_id: Some("call-1".into()), ..Filter::default() }).await, 2);
    assert_eq!(count(Filter { handler: Some("log".into()), ..Filter::default() }).await, 2);
    assert_eq!(count(Filter { limit: Some(2), ..Filter::default() }).await, 2);
    assert_eq!(count(Filter { ids: vec![JobId(u64::MAX)], ..Filter::default() }).await, 0);
    assert_eq!(count(Filter { state: Some(JobState::Dead), ..Filter::default() }).await, 0);
    assert_eq!(
        store.discard(&Filter::default()).await.expect("dead letters can be discarded"),
        0,
        "only those that are dead"
    );
}

async fn many_at_once_lose_nothing(store: Arc<impl Store>) {
    let appends = (0..50).map(|index| {
        let store = store.clone();
        tokio::spawn(async move {
            append(&*store, [event(&format!("e{index}"), &format!("c{}", index % 7), &["log"])]).await
        })
    });
    all(appends).await;
    let mut done = HashSet::new();
    while done.len() < 50 {
        let jobs = lease(&*store, 4).await;
        assert!(!jobs.is_empty(), "50 events were appended, and {} were leased", done.len());
        let finishes = jobs.into_iter().map(|job| {
            let store = store.clone();
            tokio::spawn(async move {
                store.finish(job.id).await.expect("a job can be finished");
                job.body
            })
        });
        for body in all(finishes).await {
            assert!(done.insert(body), "no event is leased twice");
        }
    }
    assert_eq!(store.counts().await.expect("jobs can be counted"), Counts::default());
}
