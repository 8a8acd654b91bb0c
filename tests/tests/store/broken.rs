//! Stores that break a promise each. The suite has to notice every one of them, or it proves nothing.

use std::{
    collections::HashSet,
    panic::AssertUnwindSafe,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use futures::FutureExt;
use hms_webhook::{
    store::{
        Claim, Counts, Filter, JobId, JobState, Leased, Memory, NewEvent, Store, StoreError, StoreFuture, StoredJob,
    },
    testing::store_conformance,
};

/// What is wrong with a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    GrantsEveryClaim,
    KeepsNothingUnclaimed,
    ReleasesResults,
    RemembersReleasesForEver,
    AppendsOneByOne,
    KeepsAPartOfWhatItRefuses,
    ForgetsEventsWithoutHandlers,
    NumbersDownwards,
    LeasesMoreThanAsked,
    FinishesWhatWaits,
    BuriesWhatWaits,
    RevivesTheDead,
    MindsWhatIsNotLeased,
    CountsGivenBackAttempts,
    ReplaysToTheEnd,
    ReplaysOneTooMany,
    ReplaysBesideWhatRuns,
    DiscardsAll,
    DiscardsWhatRuns,
    ListsBackwards,
    FiltersByOneThingOnly,
    IgnoresTheLimit,
    CountsTheDeadAsWaiting,
    ShowsATimeForAll,
    ShowsNoError,
    IsSilent,
    IsNotWell,
}

const FAULTS: [(Fault, &str); 27] = [
    (Fault::GrantsEveryClaim, "a claimed key cannot be claimed"),
    (Fault::KeepsNothingUnclaimed, "whoever has claimed its key"),
    (Fault::ReleasesResults, "a result that is kept is not given up"),
    (Fault::RemembersReleasesForEver, "is forgotten when its time is over"),
    (Fault::AppendsOneByOne, "an append is all of its events or none of them"),
    (Fault::KeepsAPartOfWhatItRefuses, "an append that is refused leaves nothing"),
    (Fault::ForgetsEventsWithoutHandlers, "is remembered as any other"),
    (Fault::NumbersDownwards, "later jobs have higher numbers"),
    (Fault::LeasesMoreThanAsked, "no more are leased than were asked for"),
    (Fault::FinishesWhatWaits, "it was given back"),
    (Fault::BuriesWhatWaits, "it was given back"),
    (Fault::RevivesTheDead, "it is a dead letter"),
    (Fault::MindsWhatIsNotLeased, "is no error"),
    (Fault::CountsGivenBackAttempts, "an attempt that was given back does not count"),
    (Fault::ReplaysToTheEnd, "comes before what was appended later"),
    (Fault::ReplaysOneTooMany, "so many are replayed"),
    (Fault::ReplaysBesideWhatRuns, "does not run beside what runs already"),
    (Fault::DiscardsAll, "so many are discarded"),
    (Fault::DiscardsWhatRuns, "what runs is not discarded"),
    (Fault::ListsBackwards, "what is not meant"),
    (Fault::FiltersByOneThingOnly, "so many are replayed"),
    (Fault::IgnoresTheLimit, "so many are replayed"),
    (Fault::CountsTheDeadAsWaiting, "each is counted in its state"),
    (Fault::ShowsATimeForAll, "only what waits is tried next"),
    (Fault::ShowsNoError, "the last error is shown"),
    (Fault::IsSilent, "the log has to name it"),
    (Fault::IsNotWell, "can be written"),
];

#[tokio::test(start_paused = true)]
async fn every_broken_promise_is_noticed() {
    for (fault, text) in FAULTS {
        let suite = AssertUnwindSafe(store_conformance(async || Broken::new(fault)));
        let panic = suite.catch_unwind().await.expect_err(&format!("{fault:?} is not noticed"));
        let found = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
        assert!(found.is_some_and(|found| found.contains(text)), "{fault:?} is noticed by {found:?}");
    }
}

/// A store in memory with one fault.
#[derive(Debug)]
struct Broken {
    fault: Fault,
    inner: Memory,
    claimed: Mutex<HashSet<String>>,
    released: Mutex<HashSet<String>>,
    appended: AtomicU64,
}

impl Broken {
    fn new(fault: Fault) -> Self {
        let (claimed, released, appended) = (Mutex::default(), Mutex::default(), AtomicU64::new(0));
        Self { fault, inner: Memory::new(), claimed, released, appended }
    }

    fn is(&self, fault: Fault) -> bool {
        self.fault == fault
    }

    /// The number of a job as others know it, and back.
    fn number(&self, job: JobId) -> JobId {
        if self.is(Fault::NumbersDownwards) { JobId(u64::MAX - job.0) } else { job }
    }

    /// The filter as it is understood.
    fn understood(&self, filter: &Filter) -> Filter {
        let mut filter = filter.clone();
        if self.is(Fault::FiltersByOneThingOnly) && filter.call_id.is_some() {
            filter = Filter { call_id: filter.call_id, ..Filter::default() };
        }
        if self.is(Fault::IgnoresTheLimit) {
            filter.limit = None;
        }
        filter
    }

    async fn state(&self, job: JobId) -> Option<JobState> {
        let found = self.inner.list(&Filter { ids: vec![job], ..Filter::default() }).await.ok()?;
        found.first().map(|job| job.state)
    }

    /// Leases this job, which waits.
    async fn seize(&self, job: JobId) -> Result<(), StoreError> {
        let others = self.inner.lease(100).await?.jobs.into_iter().map(|job| job.id).filter(|id| *id != job);
        self.inner.give_back(others.collect()).await
    }

    /// Appends the dead letters that match anew, about this phone call or their own.
    async fn append_again(&self, filter: &Filter, call_id: Option<&str>) -> Result<u64, StoreError> {
        let dead = self.inner.list(&Filter { state: Some(JobState::Dead), ..filter.clone() }).await?;
        for job in &dead {
            self.inner.discard(&Filter { ids: vec![job.id], ..Filter::default() }).await?;
            let event = NewEvent {
                key: format!("again {}", self.appended.fetch_add(1, Ordering::Relaxed)),
                remembered_for: Duration::from_secs(600),
                kind: job.kind.clone(),
                call_id: call_id.unwrap_or(&job.call_id).to_owned(),
                body: job.body.clone(),
                trace: None,
                handlers: vec![job.handler.clone()],
            };
            self.inner.append(vec![event]).await?;
        }
        Ok(dead.len() as u64)
    }
}

impl Store for Broken {
    fn claim<'a>(&'a self, key: &'a str, lease: Duration) -> StoreFuture<'a, Claim> {
        self.claimed.lock().unwrap().insert(key.to_owned());
        if self.is(Fault::GrantsEveryClaim) || self.released.lock().unwrap().contains(key) {
            return Box::pin(async { Ok(Claim::Granted { earlier: 0 }) });
        }
        self.inner.claim(key, lease)
    }

    fn keep<'a>(&'a self, key: &'a str, result: &'a str, time_to_live: Duration) -> StoreFuture<'a, ()> {
        if self.is(Fault::KeepsNothingUnclaimed) && !self.claimed.lock().unwrap().contains(key) {
            return Box::pin(async { Ok(()) });
        }
        self.inner.keep(key, result, time_to_live)
    }

    fn release<'a>(&'a self, key: &'a str, time_to_live: Duration) -> StoreFuture<'a, ()> {
        match self.fault {
            Fault::ReleasesResults => Box::pin(async move {
                if let Claim::Kept(_) = self.inner.claim(key, Duration::ZERO).await? {
                    self.released.lock().unwrap().insert(key.to_owned());
                }
                self.inner.release(key, time_to_live).await
            }),
            Fault::RemembersReleasesForEver => self.inner.release(key, Duration::from_secs(3600)),
            _ => self.inner.release(key, time_to_live),
        }
    }

    fn append(&self, events: Vec<NewEvent>) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            match self.fault {
                Fault::AppendsOneByOne => {
                    for event in events {
                        self.inner.append(vec![event]).await?;
                        tokio::task::yield_now().await;
                    }
                    Ok(())
                }
                Fault::KeepsAPartOfWhatItRefuses => {
                    for event in events {
                        if event.body.len() > 1_000_000 {
                            return Err(StoreError::new("this is too large"));
                        }
                        self.inner.append(vec![event]).await?;
                    }
                    Ok(())
                }
                Fault::ForgetsEventsWithoutHandlers => {
                    self.inner.append(events.into_iter().filter(|event| !event.handlers.is_empty()).collect()).await
                }
                _ => self.inner.append(events).await,
            }
        })
    }

    fn lease(&self, limit: usize) -> StoreFuture<'_, Leased> {
        Box::pin(async move {
            let mut leased = self.inner.lease(limit + usize::from(self.is(Fault::LeasesMoreThanAsked))).await?;
            leased.jobs.iter_mut().for_each(|job| job.id = self.number(job.id));
            Ok(leased)
        })
    }

    fn finish(&self, job: JobId) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            let job = self.number(job);
            match self.state(job).await {
                Some(JobState::Waiting) if self.is(Fault::FinishesWhatWaits) => self.seize(job).await?,
                Some(JobState::Running) => {}
                _ if self.is(Fault::MindsWhatIsNotLeased) => return Err(StoreError::new("there is no such lease")),
                _ => {}
            }
            self.inner.finish(job).await
        })
    }

    fn fail<'a>(&'a self, job: JobId, error: &'a str, retry: Option<Duration>) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            let job = self.number(job);
            match self.state(job).await {
                Some(JobState::Waiting) if self.is(Fault::BuriesWhatWaits) => self.seize(job).await?,
                Some(JobState::Dead) if self.is(Fault::RevivesTheDead) && retry.is_some() => {
                    self.inner.replay(&Filter { ids: vec![job], ..Filter::default() }).await?;
                }
                _ => {}
            }
            self.inner.fail(job, error, retry).await
        })
    }

    fn give_back(&self, jobs: Vec<JobId>) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            for job in jobs.into_iter().map(|job| self.number(job)) {
                match self.fault {
                    Fault::CountsGivenBackAttempts => self.inner.fail(job, "", Some(Duration::ZERO)).await?,
                    _ => self.inner.give_back(vec![job]).await?,
                }
            }
            Ok(())
        })
    }

    fn list<'a>(&'a self, filter: &'a Filter) -> StoreFuture<'a, Vec<StoredJob>> {
        Box::pin(async move {
            let mut found = self.inner.list(&self.understood(filter)).await?;
            match self.fault {
                Fault::ListsBackwards => found.reverse(),
                Fault::ShowsATimeForAll => found.iter_mut().for_each(|job| job.next_try = Some(SystemTime::now())),
                Fault::ShowsNoError => found.iter_mut().for_each(|job| job.last_error = None),
                _ => {}
            }
            Ok(found)
        })
    }

    fn counts(&self) -> StoreFuture<'_, Counts> {
        Box::pin(async {
            let counts = self.inner.counts().await?;
            Ok(match self.fault {
                Fault::CountsTheDeadAsWaiting => Counts { waiting: counts.waiting + counts.dead, dead: 0, ..counts },
                _ => counts,
            })
        })
    }

    fn replay<'a>(&'a self, filter: &'a Filter) -> StoreFuture<'a, u64> {
        Box::pin(async move {
            let filter = self.understood(filter);
            match self.fault {
                Fault::ReplaysToTheEnd => self.append_again(&filter, None).await,
                Fault::ReplaysBesideWhatRuns if self.inner.counts().await?.running > 0 => {
                    self.append_again(&filter, Some("")).await
                }
                Fault::ReplaysOneTooMany => Ok(self.inner.replay(&filter).await? + 1),
                _ => self.inner.replay(&filter).await,
            }
        })
    }

    fn discard<'a>(&'a self, filter: &'a Filter) -> StoreFuture<'a, u64> {
        Box::pin(async move {
            let filter = self.understood(filter);
            match self.fault {
                Fault::DiscardsAll => self.inner.discard(&Filter::default()).await,
                Fault::DiscardsWhatRuns => {
                    let running = self.inner.list(&Filter { state: Some(JobState::Running), ..filter.clone() }).await?;
                    for job in &running {
                        self.inner.finish(job.id).await?;
                    }
                    Ok(self.inner.discard(&filter).await? + running.len() as u64)
                }
                _ => self.inner.discard(&filter).await,
            }
        })
    }

    fn check(&self) -> StoreFuture<'_, ()> {
        if self.is(Fault::IsNotWell) {
            return Box::pin(async { Err(StoreError::new("it does not feel well")) });
        }
        self.inner.check()
    }

    fn describe(&self) -> String {
        if self.is(Fault::IsSilent) { String::new() } else { self.inner.describe() }
    }
}
