//! What every store has to promise, as checks that a store of one's own can be put through.

mod letters;
mod once;
mod queue;

use std::{sync::Arc, time::Duration};

use tokio::task::JoinHandle;

use crate::store::{Claim, Counts, Filter, Job, NewEvent, Store, StoredJob};

const LONG: Duration = Duration::from_secs(600);
const SHORT: Duration = Duration::from_millis(200);
/// Longer than [`SHORT`], and than what a store behind a network may add to it.
const LONGER: Duration = Duration::from_millis(600);

/// Checks that a store keeps the promises of [`Store`]. `make` gives an empty store each time.
///
/// What it cannot see is left to tests of the store's own: that what is kept outlives a crash, that what an ended process
/// had begun comes again, and what is promised between several servers. The order of a call's jobs is checked as one
/// server sees it.
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
    once::claims_exclude_each_other(&make().await).await;
    once::a_kept_result_answers_until_it_expires(&make().await).await;
    once::a_result_is_kept_without_a_claim(&make().await).await;
    once::a_released_key_can_be_claimed_again(&make().await).await;
    once::a_release_takes_no_result_away(&make().await).await;
    once::a_release_is_remembered_for_its_time(&make().await).await;
    once::a_claim_ends_with_its_lease(&make().await).await;
    once::results_come_back_as_they_were(&make().await).await;
    once::one_of_many_claims_is_granted(Arc::new(make().await)).await;

    queue::each_handler_gets_a_job_of_its_own(&make().await).await;
    queue::a_repetition_is_left_out(&make().await).await;
    queue::an_event_without_handlers_is_remembered(&make().await).await;
    queue::an_append_is_seen_whole_or_not(Arc::new(make().await)).await;
    queue::an_append_that_is_refused_leaves_nothing(&make().await).await;
    queue::later_jobs_have_higher_numbers(&make().await).await;
    queue::a_leased_job_is_leased_once(&make().await).await;
    queue::jobs_are_leased_once_by_many_at_the_same_time(Arc::new(make().await)).await;
    queue::jobs_of_a_call_come_in_order(&make().await).await;
    queue::a_failed_job_comes_again_when_its_time_has_come(&make().await).await;
    queue::a_failing_call_does_not_block_another(&make().await).await;
    queue::jobs_that_are_given_back_were_not_attempted(&make().await).await;
    queue::what_is_not_leased_cannot_be_ended(&make().await).await;
    queue::a_job_has_what_its_event_had(&make().await).await;
    queue::many_at_once_lose_nothing(Arc::new(make().await)).await;

    letters::a_dead_letter_blocks_nobody_and_can_be_replayed(&make().await).await;
    letters::a_replayed_letter_has_its_old_place(&make().await).await;
    letters::those_that_are_meant_are_replayed(&make().await).await;
    letters::those_that_are_meant_are_discarded(&make().await).await;
    letters::what_is_discarded_leaves_the_other_handlers(&make().await).await;
    letters::jobs_are_shown_as_they_stand(&make().await).await;
    letters::filters_choose(&make().await).await;
    letters::it_is_well_and_says_what_it_is(&make().await).await;
}

fn event(key: &str, call_id: &str, handlers: &[&str]) -> NewEvent {
    NewEvent {
        key: key.into(),
        remembered_for: LONG,
        kind: "status-update".into(),
        call_id: call_id.into(),
        body: format!("the body of {key}").into(),
        trace: None,
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

/// Leases all that can be leased, and makes dead letters of them.
async fn bury(store: &impl Store) -> Vec<Job> {
    let jobs = lease(store, 100).await;
    for job in &jobs {
        store.fail(job.id, "hopeless", None).await.expect("a job can die");
    }
    jobs
}

async fn finish(store: &impl Store, job: &Job) {
    store.finish(job.id).await.expect("a job can be finished");
}

async fn list(store: &impl Store, filter: Filter) -> Vec<StoredJob> {
    store.list(&filter).await.expect("jobs can be listed")
}

async fn counts(store: &impl Store) -> Counts {
    store.counts().await.expect("jobs can be counted")
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
