//! Jobs are looked at, and dead letters are replayed and discarded.

use std::time::{Duration, SystemTime};

use super::{LONG, append, bury, counts, event, finish, lease, lease_one, list};
use crate::store::{Counts, Filter, JobId, JobState, NewEvent, Store, StoredJob};

async fn replay(store: &impl Store, filter: Filter) -> u64 {
    store.replay(&filter).await.expect("dead letters can be replayed")
}

async fn discard(store: &impl Store, filter: Filter) -> u64 {
    store.discard(&filter).await.expect("dead letters can be discarded")
}

pub(super) async fn a_dead_letter_blocks_nobody_and_can_be_replayed(store: &impl Store) {
    append(store, [event("a", "call-1", &["log"]), event("b", "call-1", &["log"])]).await;
    let first = lease_one(store, "the first").await;
    store.fail(first.id, "hopeless", None).await.expect("a job can die");
    let second = lease_one(store, "a dead letter does not block").await;
    assert_ne!(second.id, first.id);
    finish(store, &second).await;
    assert_eq!(lease(store, 10).await, [], "a dead letter is not leased");
    let dead = Filter { state: Some(JobState::Dead), ..Filter::default() };
    let listed = list(store, dead.clone()).await;
    assert_eq!(listed.len(), 1);
    assert_eq!((listed[0].id, listed[0].last_error.as_deref()), (first.id, Some("hopeless")));
    assert_eq!(replay(store, dead.clone()).await, 1, "so many are replayed");
    assert_eq!(replay(store, dead.clone()).await, 0, "what waits is no dead letter");
    let again = lease_one(store, "a replayed letter").await;
    assert_eq!((again.attempt, again.body), (1, first.body), "its attempts are counted anew");
    store.fail(again.id, "still hopeless", None).await.expect("a job can die");
    assert_eq!(discard(store, Filter::default()).await, 1);
    assert_eq!(counts(store).await, Counts::default());
}

pub(super) async fn a_replayed_letter_has_its_old_place(store: &impl Store) {
    append(store, ["1", "2", "3", "4"].map(|key| event(key, "call-1", &["log"]))).await;
    let mut dead = Vec::new();
    for _ in 0..2 {
        let job = lease_one(store, "the next of the call").await;
        store.fail(job.id, "hopeless", None).await.expect("a job can die");
        dead.push(job);
    }
    // The third has its turn, but has not begun.
    assert_eq!(replay(store, Filter { ids: vec![dead[1].id], ..Filter::default() }).await, 1);
    let second = lease_one(store, "the next of the call").await;
    assert_eq!(second.key, "2", "a replayed letter comes before what was appended later");
    // The second runs.
    assert_eq!(replay(store, Filter::default()).await, 1);
    assert_eq!(lease(store, 10).await, [], "a replayed letter does not run beside what runs already");
    finish(store, &second).await;
    for key in ["1", "3", "4"] {
        let job = lease_one(store, "the next of the call").await;
        assert_eq!(job.key, key, "a replayed letter has its old place");
        finish(store, &job).await;
    }
}

/// Five dead letters, and one job that waits.
async fn bury_five(store: &impl Store) -> [JobId; 5] {
    append(
        store,
        [
            event("a", "call-1", &["log"]),
            NewEvent { kind: "end-of-call-report".into(), ..event("b", "call-2", &["log"]) },
            event("c", "call-2", &["bill"]),
            event("d", "call-3", &["log"]),
            event("e", "", &["log"]),
        ],
    )
    .await;
    let mut dead: Vec<JobId> = bury(store).await.iter().map(|job| job.id).collect();
    dead.sort();
    append(store, [event("f", "call-1", &["log"])]).await;
    dead.try_into().expect("five jobs can be leased")
}

/// Filters, and which of those of [`bury_five`] each of them means when those before it are no dead letters any more.
fn one_after_the_other([a, b, c, d, e]: [JobId; 5]) -> Vec<(Filter, Vec<JobId>)> {
    let all = Filter::default;
    vec![
        (Filter { state: Some(JobState::Waiting), ..all() }, vec![]),
        (Filter { state: Some(JobState::Running), ..all() }, vec![]),
        (Filter { call_id: Some("call-4".into()), ..all() }, vec![]),
        (Filter { ids: vec![a], call_id: Some("call-2".into()), ..all() }, vec![]),
        (Filter { limit: Some(0), ..all() }, vec![]),
        (Filter { kind: Some("end-of-call-report".into()), ..all() }, vec![b]),
        (Filter { call_id: Some("call-2".into()), handler: Some("bill".into()), ..all() }, vec![c]),
        (Filter { handler: Some("log".into()), limit: Some(1), ..all() }, vec![a]),
        (Filter { ids: vec![e, JobId(u64::MAX)], state: Some(JobState::Dead), ..all() }, vec![e]),
        (all(), vec![d]),
        (all(), vec![]),
    ]
}

async fn the_dead(store: &impl Store) -> Vec<JobId> {
    let dead = list(store, Filter { state: Some(JobState::Dead), ..Filter::default() }).await;
    dead.into_iter().map(|job| job.id).collect()
}

pub(super) async fn those_that_are_meant_are_replayed(store: &impl Store) {
    let mut dead = bury_five(store).await.to_vec();
    for (filter, meant) in one_after_the_other(dead.clone().try_into().expect("there are five")) {
        assert_eq!(replay(store, filter.clone()).await, meant.len() as u64, "so many are replayed: {filter:?}");
        dead.retain(|id| !meant.contains(id));
        assert_eq!(the_dead(store).await, dead, "what is not meant is no dead letter any less: {filter:?}");
    }
    assert_eq!(counts(store).await, Counts { waiting: 6, running: 0, dead: 0 }, "what is replayed waits");
}

pub(super) async fn those_that_are_meant_are_discarded(store: &impl Store) {
    let mut dead = bury_five(store).await.to_vec();
    for (filter, meant) in one_after_the_other(dead.clone().try_into().expect("there are five")) {
        assert_eq!(discard(store, filter.clone()).await, meant.len() as u64, "so many are discarded: {filter:?}");
        dead.retain(|id| !meant.contains(id));
        assert_eq!(the_dead(store).await, dead, "what is not meant is no dead letter any less: {filter:?}");
    }
    assert_eq!(counts(store).await, Counts { waiting: 1, running: 0, dead: 0 }, "what is discarded is gone");
    append(store, ["a", "b", "c", "d", "e"].map(|key| event(key, "call-9", &["log"]))).await;
    assert_eq!(counts(store).await.waiting, 1, "an event whose jobs were discarded is remembered still");
}

pub(super) async fn what_is_discarded_leaves_the_other_handlers(store: &impl Store) {
    append(store, [event("a", "call-1", &["log", "bill"])]).await;
    let jobs = lease(store, 10).await;
    assert_eq!(jobs.len(), 2);
    store.fail(jobs[0].id, "hopeless", None).await.expect("a job can die");
    assert_eq!(discard(store, Filter::default()).await, 1, "what runs is not discarded");
    store.give_back(vec![jobs[1].id]).await.expect("jobs can be given back");
    let other = lease_one(store, "the other handler's").await;
    assert_eq!((other.id, &other.body), (jobs[1].id, &jobs[1].body));
}

pub(super) async fn jobs_are_shown_as_they_stand(store: &impl Store) {
    let began = SystemTime::now();
    append(store, [event("a", "call-1", &["log"])]).await;
    let [dead] = &bury(store).await[..] else { panic!("one job can be leased") };
    append(store, ["b", "c", "d"].map(|key| event(key, key, &["log"]))).await;
    let [running] = &lease(store, 1).await[..] else { panic!("one job can be leased") };
    let [failed] = &lease(store, 1).await[..] else { panic!("one job can be leased") };
    store.fail(failed.id, "no network", Some(LONG)).await.expect("a job can fail");
    assert_eq!(counts(store).await, Counts { waiting: 2, running: 1, dead: 1 }, "each is counted in its state");

    let shown = list(store, Filter::default()).await;
    assert!(shown.is_sorted_by_key(|job| job.id), "the oldest is first: {shown:?}");
    assert_eq!(shown.len(), 4);
    let close = |moment: SystemTime, to: SystemTime| {
        let [one, other] = [moment.duration_since(to), to.duration_since(moment)];
        one.or(other).is_ok_and(|apart| apart < Duration::from_secs(60))
    };
    for job in &shown {
        let (state, attempts, error) = match job.id {
            id if id == dead.id => (JobState::Dead, 1, Some("hopeless")),
            id if id == running.id => (JobState::Running, 1, None),
            id if id == failed.id => (JobState::Waiting, 1, Some("no network")),
            _ => (JobState::Waiting, 0, None),
        };
        assert_eq!((job.state, job.attempts, job.last_error.as_deref()), (state, attempts, error), "{job:?}");
        let (_, key) = std::str::from_utf8(&job.body).ok().and_then(|body| body.rsplit_once(' ')).expect("its body");
        let call_id = if key == "a" { "call-1" } else { key };
        assert_eq!((&*job.handler, &*job.kind, &*job.call_id), ("log", "status-update", call_id));
        assert!(close(job.appended, began), "it was appended just now: {job:?}");
        assert_eq!(job.next_try.is_some(), state == JobState::Waiting, "only what waits is tried next: {job:?}");
        let due = if job.id == failed.id { began + LONG } else { began };
        assert!(job.next_try.is_none_or(|next| close(next, due)), "it is tried when it is due: {job:?}");
    }
}

pub(super) async fn filters_choose(store: &impl Store) {
    append(
        store,
        [
            event("a", "call-1", &["log", "bill"]),
            NewEvent { kind: "end-of-call-report".into(), ..event("b", "call-2", &["log"]) },
            event("c", "", &["log"]),
        ],
    )
    .await;
    let every = list(store, Filter::default()).await;
    assert_eq!(every.len(), 4, "an empty filter means all");
    let ids: Vec<JobId> = every.iter().map(|job| job.id).collect();
    let found = async |filter: Filter, is_meant: &dyn Fn(&StoredJob) -> bool| {
        let meant: Vec<StoredJob> = every.iter().filter(|job| is_meant(job)).cloned().collect();
        let found: Vec<JobId> = list(store, filter.clone()).await.iter().map(|job| job.id).collect();
        assert_eq!(found, meant.iter().map(|job| job.id).collect::<Vec<_>>(), "{filter:?}");
        found.len()
    };
    let all = Filter::default;
    let report = || Some("end-of-call-report".to_owned());
    let (first, log) = (|| Some("call-1".to_owned()), || Some("log".to_owned()));
    let counts = [
        found(Filter { kind: report(), ..all() }, &|job| job.kind == "end-of-call-report").await,
        found(Filter { call_id: first(), ..all() }, &|job| job.call_id == "call-1").await,
        found(Filter { call_id: Some(String::new()), ..all() }, &|job| job.call_id.is_empty()).await,
        found(Filter { handler: log(), ..all() }, &|job| job.handler == "log").await,
        found(Filter { handler: log(), call_id: first(), ..all() }, &|job| {
            job.handler == "log" && job.call_id == "call-1"
        })
        .await,
        found(Filter { kind: report(), call_id: first(), ..all() }, &|_| false).await,
        found(Filter { limit: Some(2), ..all() }, &|job| ids[..2].contains(&job.id)).await,
        found(Filter { limit: Some(0), ..all() }, &|_| false).await,
        found(Filter { ids: vec![ids[3], ids[0]], ..all() }, &|job| [ids[0], ids[3]].contains(&job.id)).await,
        found(Filter { ids: vec![JobId(u64::MAX)], ..all() }, &|_| false).await,
        found(Filter { state: Some(JobState::Waiting), ..all() }, &|_| true).await,
        found(Filter { state: Some(JobState::Running), ..all() }, &|_| false).await,
        found(Filter { state: Some(JobState::Dead), ..all() }, &|_| false).await,
    ];
    assert_eq!(counts, [1, 2, 1, 3, 1, 0, 2, 0, 2, 0, 4, 0, 0]);
}

pub(super) async fn it_is_well_and_says_what_it_is(store: &impl Store) {
    append(store, [event("a", "call-1", &["log"])]).await;
    store.check().await.expect("an empty store can be written");
    assert_eq!(counts(store).await, Counts { waiting: 1, running: 0, dead: 0 }, "a check changes nothing");
    assert!(!store.describe().is_empty(), "the log has to name it");
}
