//! The simulated store: what is written stays, whoever wrote it may be gone.

use std::{
    collections::BTreeSet,
    fmt,
    future::pending,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use hms_webhook::store::{
    Claim, Counts, Filter, JobId, JobState, Leased, Memory, NewEvent, Store, StoreError, StoreFuture, StoredJob,
};
use tokio::time::sleep;

/// How a store can be wrong. Each of these has to be noticed, or the simulation proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flaw {
    None,
    AcknowledgesBeforeCommit,
    AnswersBeforeKeeping,
    GrantsEveryClaim,
}

/// What outlives a process.
pub(super) struct Disk {
    pub(super) kept: Memory,
    /// Keys that a process has claimed and not ended.
    claimed: Mutex<BTreeSet<String>>,
    /// From now on nothing fails.
    pub(super) is_repaired: AtomicBool,
    failing_writes: bool,
    flaw: Flaw,
}

impl Disk {
    pub(super) fn new(failing_writes: bool, flaw: Flaw) -> Self {
        let (kept, claimed) = (Memory::new(), Mutex::default());
        Self { kept, claimed, is_repaired: AtomicBool::new(false), failing_writes, flaw }
    }

    /// What a store on disk does when it is opened: what an earlier process was at is nobody's any more.
    pub(super) async fn take_over(&self) {
        let running = Filter { state: Some(JobState::Running), ..Filter::default() };
        for job in self.kept.list(&running).await.unwrap() {
            self.kept.fail(job.id, "interrupted", Some(Duration::ZERO)).await.unwrap();
        }
        let claimed = std::mem::take(&mut *self.claimed.lock().unwrap());
        for key in claimed {
            self.kept.release(&key, Duration::from_secs(600)).await.unwrap();
        }
    }
}

/// The disk as one process sees it.
#[derive(Clone)]
pub(super) struct Handle {
    disk: Arc<Disk>,
    process: Arc<Process>,
}

/// A process, or what is left of it: its tasks cannot be stopped here, but nothing they do has an effect any more.
pub(super) struct Process {
    is_gone: AtomicBool,
    dice: Mutex<fastrand::Rng>,
}

impl Process {
    pub(super) fn new(seed: u64) -> Self {
        Self { is_gone: AtomicBool::new(false), dice: Mutex::new(fastrand::Rng::with_seed(seed)) }
    }

    pub(super) fn kill(&self) {
        self.is_gone.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_gone(&self) -> bool {
        self.is_gone.load(Ordering::Relaxed)
    }

    /// One in `sides`.
    pub(super) fn chance(&self, sides: u32) -> bool {
        self.dice.lock().unwrap().u32(0..sides) == 0
    }

    /// Takes up to this many milliseconds, mostly far less. Does not come back to a process that is gone.
    pub(super) async fn step(&self, most: u64) {
        let wait = {
            let mut dice = self.dice.lock().unwrap();
            let most = dice.u64(0..=most);
            dice.u64(0..=most)
        };
        sleep(Duration::from_millis(wait)).await;
        if self.is_gone() {
            pending::<()>().await;
        }
    }
}

impl Handle {
    pub(super) fn new(disk: Arc<Disk>, process: Arc<Process>) -> Self {
        Self { disk, process }
    }

    /// An operation: it waits for its turn, then takes effect or fails, and then its answer comes back.
    fn operation<'a, T: Send + 'a>(
        &'a self,
        effect: impl Future<Output = Result<T, StoreError>> + Send + 'a,
    ) -> StoreFuture<'a, T> {
        Box::pin(async move {
            self.process.step(20).await;
            let fails = self.disk.failing_writes && !self.disk.is_repaired.load(Ordering::Relaxed);
            if fails && self.process.chance(5) {
                return Err(StoreError::new("the disk is full"));
            }
            let outcome = effect.await;
            self.process.step(20).await;
            outcome
        })
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Handle")
    }
}

impl Store for Handle {
    fn claim<'a>(&'a self, key: &'a str, lease: Duration) -> StoreFuture<'a, Claim> {
        self.operation(async move {
            if self.disk.flaw == Flaw::GrantsEveryClaim {
                return Ok(Claim::Granted { earlier: 0 });
            }
            let claim = self.disk.kept.claim(key, lease).await?;
            if matches!(claim, Claim::Granted { .. }) {
                self.disk.claimed.lock().unwrap().insert(key.to_owned());
            }
            Ok(claim)
        })
    }

    fn keep<'a>(&'a self, key: &'a str, result: &'a str, time_to_live: Duration) -> StoreFuture<'a, ()> {
        if self.disk.flaw == Flaw::AnswersBeforeKeeping {
            let (key, result) = (key.to_owned(), result.to_owned());
            let handle = self.clone();
            tokio::spawn(async move {
                handle.process.step(2000).await;
                handle.disk.claimed.lock().unwrap().remove(&key);
                handle.disk.kept.keep(&key, &result, time_to_live).await.unwrap();
            });
            return Box::pin(std::future::ready(Ok(())));
        }
        self.operation(async move {
            self.disk.claimed.lock().unwrap().remove(key);
            self.disk.kept.keep(key, result, time_to_live).await
        })
    }

    fn release<'a>(&'a self, key: &'a str, time_to_live: Duration) -> StoreFuture<'a, ()> {
        self.operation(async move {
            self.disk.claimed.lock().unwrap().remove(key);
            self.disk.kept.release(key, time_to_live).await
        })
    }

    fn append(&self, events: Vec<NewEvent>) -> StoreFuture<'_, ()> {
        if self.disk.flaw == Flaw::AcknowledgesBeforeCommit {
            let handle = self.clone();
            tokio::spawn(async move {
                handle.process.step(200).await;
                handle.disk.kept.append(events).await.unwrap();
            });
            return Box::pin(std::future::ready(Ok(())));
        }
        self.operation(async move { self.disk.kept.append(events).await })
    }

    fn lease(&self, limit: usize) -> StoreFuture<'_, Leased> {
        self.operation(async move { self.disk.kept.lease(limit).await })
    }

    fn finish(&self, job: JobId) -> StoreFuture<'_, ()> {
        self.operation(async move { self.disk.kept.finish(job).await })
    }

    fn fail<'a>(&'a self, job: JobId, error: &'a str, retry: Option<Duration>) -> StoreFuture<'a, ()> {
        self.operation(async move { self.disk.kept.fail(job, error, retry).await })
    }

    fn give_back(&self, jobs: Vec<JobId>) -> StoreFuture<'_, ()> {
        self.operation(async move { self.disk.kept.give_back(jobs).await })
    }

    fn list<'a>(&'a self, filter: &'a Filter) -> StoreFuture<'a, Vec<StoredJob>> {
        self.operation(async move { self.disk.kept.list(filter).await })
    }

    fn counts(&self) -> StoreFuture<'_, Counts> {
        self.operation(async move { self.disk.kept.counts().await })
    }

    fn replay<'a>(&'a self, filter: &'a Filter) -> StoreFuture<'a, u64> {
        self.operation(async move { self.disk.kept.replay(filter).await })
    }

    fn discard<'a>(&'a self, filter: &'a Filter) -> StoreFuture<'a, u64> {
        self.operation(async move { self.disk.kept.discard(filter).await })
    }

    fn check(&self) -> StoreFuture<'_, ()> {
        self.operation(async { Ok(()) })
    }

    fn describe(&self) -> String {
        "a simulated disk".into()
    }
}
