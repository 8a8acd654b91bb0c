//! Events are appended, and their jobs leased and ended.

use std::{collections::HashSet, sync::Arc};

use tokio::time::sleep;

use super::{LONG, LONGER, SHORT, all, append, counts, event, finish, lease, lease_one, list};
use crate::{
    TraceContext,
    store::{Counts, Filter, Job, JobId, JobState, NewEvent, Store, StoredJob},
};

pub(super) async fn each_handler_gets_a_job_of_its_own(store: &impl Store) {
    append(store, [event("a", "call-1", &["log", "bill"])]).await;
    let jobs = lease(store, 10).await;
    let handlers: HashSet<_> = jobs.iter().map(|job| job.handler.as_str()).collect();
    assert_eq!(handlers, HashSet::from(["log", "bill"]));
    for job in &jobs {
        assert_eq!((&*job.body, &*job.kind, job.attempt), (&b"the body of a"[..], "status-update", 1));
    }
    finish(store, &jobs[0]).await;
    assert_eq!(
        counts(store).await,
        Counts { waiting: 0, running: 1, dead: 0 },
        "what is finished for one handler is not finished for the other"
    );
}

pub(super) async fn a_repetition_is_left_out(store: &impl Store) {
    append(store, [event("a", "call-1", &["log"]), event("a", "call-1", &["log"])]).await;
    append(store, [event("a", "call-1", &["log"])]).await;
    let job = lease_one(store, "an event that comes again is left out").await;
    finish(store, &job).await;
    append(store, [event("a", "call-1", &["log"])]).await;
    assert_eq!(lease(store, 10).await, [], "… also after it was handled");
    append(store, [NewEvent { remembered_for: SHORT, ..event("b", "call-1", &["log"]) }]).await;
    let job = lease_one(store, "another key is another event").await;
    finish(store, &job).await;
    sleep(LONGER).await;
    append(store, [event("b", "call-1", &["log"])]).await;
    lease_one(store, "an event that is not remembered any more is new").await;
}

pub(super) async fn an_event_without_handlers_is_remembered(store: &impl Store) {
    append(store, [event("a", "call-1", &[])]).await;
    assert_eq!(counts(store).await, Counts::default(), "an event without handlers makes no job");
    append(store, [event("a", "call-1", &["log"])]).await;
    assert_eq!(lease(store, 10).await, [], "… and is remembered as any other");
}

/// Seen by somebody who counts meanwhile.
pub(super) async fn an_append_is_seen_whole_or_not(store: Arc<impl Store>) {
    const JOBS: u64 = 40;
    let appends = (0..4).map(|number| {
        let store = store.clone();
        let events: Vec<_> =
            (0..JOBS / 2).map(|index| event(&format!("{number}-{index}"), "", &["log", "bill"])).collect();
        tokio::spawn(async move { append(&*store, events).await })
    });
    let appends: Vec<_> = appends.collect();
    while !appends.iter().all(|append| append.is_finished()) {
        let waiting = counts(&*store).await.waiting;
        assert_eq!(waiting % JOBS, 0, "an append is all of its events or none of them");
        tokio::task::yield_now().await;
    }
    all(appends.into_iter()).await;
    assert_eq!(counts(&*store).await.waiting, 4 * JOBS, "what was appended is there");
}

/// One that is large: a store may refuse it, but not a part of it.
pub(super) async fn an_append_that_is_refused_leaves_nothing(store: &impl Store) {
    let large = NewEvent { body: vec![b'x'; 8 << 20].into(), ..event("large", "call-1", &["log"]) };
    let outcome = store.append(vec![event("small", "call-1", &["log"]), large]).await;
    let waiting = counts(store).await.waiting;
    match outcome {
        Ok(()) => assert_eq!(waiting, 2, "what was appended is there"),
        Err(_) => {
            assert_eq!(waiting, 0, "an append that is refused leaves nothing");
            append(store, [event("small", "call-1", &["log"])]).await;
            lease_one(store, "… and no key is remembered by it").await;
        }
    }
}

pub(super) async fn later_jobs_have_higher_numbers(store: &impl Store) {
    let mut last = None;
    for key in ["a", "b", "c"] {
        append(store, [event(key, "call-1", &["log"])]).await;
        let job = lease_one(store, "a job").await;
        assert!(last < Some(job.id), "later jobs have higher numbers, and none has one of those before");
        last = Some(job.id);
        finish(store, &job).await;
    }
}

pub(super) async fn a_leased_job_is_leased_once(store: &impl Store) {
    append(store, (0..5).map(|index| event(&index.to_string(), &index.to_string(), &["log"]))).await;
    let first = lease(store, 3).await;
    assert_eq!(first.len(), 3, "no more are leased than were asked for");
    let second = lease(store, 10).await;
    let ids: HashSet<_> = first.iter().chain(&second).map(|job| job.id).collect();
    assert_eq!((second.len(), ids.len()), (2, 5), "each job is leased once");
    assert_eq!(lease(store, 10).await, []);
}

pub(super) async fn jobs_are_leased_once_by_many_at_the_same_time(store: Arc<impl Store>) {
    append(&*store, (0..20).map(|index| event(&index.to_string(), &index.to_string(), &["log"]))).await;
    let leases = (0..8).map(|_| {
        let store = store.clone();
        tokio::spawn(async move { lease(&*store, 3).await })
    });
    let mut jobs: Vec<Job> = all(leases).await.into_iter().flatten().collect();
    jobs.extend(lease(&*store, 20).await);
    let ids: HashSet<_> = jobs.iter().map(|job| job.id).collect();
    assert_eq!((ids.len(), jobs.len()), (20, 20), "who asks at the same time gets different jobs");
}

pub(super) async fn jobs_of_a_call_come_in_order(store: &impl Store) {
    append(store, ["a", "b", "c"].map(|key| event(key, "call-1", &["log"]))).await;
    for key in ["a", "b", "c"] {
        let job = lease_one(store, "of one call and handler, one job at a time").await;
        assert_eq!(job.body, format!("the body of {key}"), "… and in their order");
        finish(store, &job).await;
    }
    append(store, ["d", "e"].map(|key| event(key, "", &["log"]))).await;
    assert_eq!(lease(store, 10).await.len(), 2, "without a call there is no order to keep");
}

pub(super) async fn a_failed_job_comes_again_when_its_time_has_come(store: &impl Store) {
    append(store, [event("a", "call-1", &["log"]), event("b", "call-1", &["log"])]).await;
    let job = lease_one(store, "the first").await;
    store.fail(job.id, "no network", Some(LONGER)).await.expect("a job can fail");
    assert_eq!(lease(store, 10).await, [], "a failed job waits, and what comes after it too");
    let listed = list(store, Filter { ids: vec![job.id], ..Filter::default() }).await;
    assert_eq!(listed.len(), 1);
    assert_eq!((listed[0].state, listed[0].attempts), (JobState::Waiting, 1));
    assert_eq!(listed[0].last_error.as_deref(), Some("no network"), "the last error is shown");
    assert!(store.lease(10).await.expect("jobs can be leased").next.is_some_and(|next| next <= LONGER), "it says when");
    sleep(LONGER + SHORT).await;
    let again = lease_one(store, "its time has come").await;
    assert_eq!((again.id, again.attempt), (job.id, 2));
}

pub(super) async fn a_failing_call_does_not_block_another(store: &impl Store) {
    append(store, [event("a", "call-1", &["log"]), event("b", "call-2", &["log"])]).await;
    let jobs = lease(store, 10).await;
    assert_eq!(jobs.len(), 2, "calls do not wait for each other");
    store.fail(jobs[0].id, "poisoned", Some(LONG)).await.expect("a job can fail");
    append(store, [event("c", "call-1", &["bill"]), event("d", "call-3", &["log"])]).await;
    assert_eq!(lease(store, 10).await.len(), 2, "neither another handler nor another call waits for it");
}

pub(super) async fn jobs_that_are_given_back_were_not_attempted(store: &impl Store) {
    append(store, [event("a", "call-1", &["log"]), event("b", "call-1", &["log"])]).await;
    let job = lease_one(store, "a job").await;
    store.give_back(vec![job.id]).await.expect("jobs can be given back");
    let again = lease_one(store, "what was given back is the first of its call still").await;
    assert_eq!((again.id, again.attempt), (job.id, 1), "an attempt that was given back does not count");
    finish(store, &again).await;
    lease_one(store, "the next one").await;
}

/// What somebody says of a job too late, or of one that there is not, changes nothing.
pub(super) async fn what_is_not_leased_cannot_be_ended(store: &impl Store) {
    let end = async |job: JobId, why: &str| {
        let before = list(store, Filter::default()).await;
        store.finish(job).await.expect("to finish what is not leased is no error");
        store.fail(job, "too late", Some(LONG)).await.expect("that what is not leased fails is no error");
        store.fail(job, "too late", None).await.expect("that what is not leased fails is no error");
        store.give_back(vec![job]).await.expect("to give back what is not leased is no error");
        let known = |job: &StoredJob| (job.id, job.state, job.attempts, job.last_error.clone());
        let after = list(store, Filter::default()).await;
        assert!(before.iter().map(known).eq(after.iter().map(known)), "{why}: {before:?} became {after:?}");
    };
    end(JobId(1 << 40), "there is no such job").await;
    append(store, ["a", "b", "c"].map(|key| event(key, "call-1", &["log"]))).await;
    let first = lease_one(store, "a job").await;
    store.give_back(vec![first.id]).await.expect("jobs can be given back");
    end(first.id, "it was given back").await;
    let again = lease_one(store, "what was given back").await;
    assert_eq!((again.id, again.attempt), (first.id, 1), "it waits as before");
    finish(store, &again).await;
    end(again.id, "it was finished").await;

    let second = lease_one(store, "the next").await;
    store.fail(second.id, "hopeless", None).await.expect("a job can die");
    end(second.id, "it is a dead letter").await;

    let third = lease_one(store, "the last, whatever was said of those before it").await;
    end(second.id, "it is a dead letter, and the one behind it is leased").await;
    store.give_back(vec![first.id, third.id, JobId(1 << 40)]).await.expect("jobs can be given back");
    let again = lease_one(store, "what is leased is given back, whatever else is named").await;
    assert_eq!(again.id, third.id);
    store.fail(again.id, "no network", Some(LONG)).await.expect("a job can fail");
    end(again.id, "it waits for its next try").await;
    assert_eq!(lease(store, 10).await, [], "it waits for its next try");
}

pub(super) async fn a_job_has_what_its_event_had(store: &impl Store) {
    let traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let trace = TraceContext::parse(traceparent).map(|trace| trace.with_tracestate("one=1,two=2"));
    let kind = "end-of-call-report";
    append(store, [NewEvent { trace: trace.clone(), kind: kind.into(), ..event("a", "call-1", &["log"]) }]).await;
    let expected = Job {
        id: JobId(0),
        handler: "log".into(),
        key: "a".into(),
        kind: kind.into(),
        body: "the body of a".into(),
        trace,
        attempt: 1,
    };
    let job = lease_one(store, "an event was appended").await;
    assert_eq!(Job { id: JobId(0), ..job }, expected, "what is leased is what was appended");
}

pub(super) async fn many_at_once_lose_nothing(store: Arc<impl Store>) {
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
                finish(&*store, &job).await;
                job.body
            })
        });
        for body in all(finishes).await {
            assert!(done.insert(body), "no event is leased twice");
        }
    }
    assert_eq!(counts(&*store).await, Counts::default());
}
