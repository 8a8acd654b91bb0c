//! What is acknowledged now and handled afterwards: notifications, and calls of background tools.
//!
//! They are appended to the store before they are acknowledged, and their handlers run from there: in order per phone
//! call, tried again when they fail, and among the dead letters in the end.

mod listener;

use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::{Notify, Semaphore, watch},
    task::AbortHandle,
    time::{sleep, timeout},
};
use tracing::{debug, info, warn};

use self::listener::Outcome;
pub(crate) use self::listener::{Listener, ListenerRun, Listeners};
#[cfg(feature = "console")]
use crate::store::Filter;
use crate::{
    call_id::logged,
    deadline::Deadline,
    error::chain,
    store::{Job, JobId, NewEvent, Store, StoreError},
    store_health::StoreHealth,
};

/// How long to wait after the store has failed.
const AFTER_FAILURE: Duration = Duration::from_secs(1);
/// How long a store may take to append. Whoever sends an event sends it again, sooner than it waits for an answer.
const APPEND_WITHIN: Duration = Duration::from_secs(5);
/// How long a store may take to say that it is well.
const CHECK_WITHIN: Duration = Duration::from_secs(2);

/// Events that wait for their handlers, and what runs them.
#[derive(Debug)]
pub(crate) struct Inbox {
    shared: Arc<Shared>,
}

struct Shared {
    store: Arc<dyn Store>,
    listeners: Listeners,
    /// One permit for each handler that may run at a time.
    slots: Arc<Semaphore>,
    started: OnceLock<()>,
    stopping: AtomicBool,
    health: Arc<StoreHealth>,
    /// Something may have become due: an append, an end, a stop.
    changed: Arc<Notify>,
    progress: watch::Sender<Progress>,
    /// What runs, with the means to end it once that is known.
    running: Mutex<HashMap<Lease, (JobId, Option<AbortHandle>)>>,
    leases: AtomicU64,
}

/// What somebody who waits for the inbox has to know.
#[derive(Debug, Default)]
struct Progress {
    appends: u64,
    running: usize,
    /// The store was asked for jobs, and may hand some out.
    is_taking: bool,
    /// Nothing was due when it was last looked.
    is_idle: bool,
}

impl Inbox {
    /// How many events the store holds.
    #[cfg(feature = "prometheus")]
    pub(crate) async fn counts(&self) -> Result<crate::store::Counts, StoreError> {
        self.shared.store.counts().await
    }

    pub(crate) fn new(store: Arc<dyn Store>, health: Arc<StoreHealth>, listeners: Listeners, at_a_time: usize) -> Self {
        let progress = Progress { is_idle: true, ..Progress::default() };
        Self {
            shared: Arc::new(Shared {
                store,
                listeners,
                slots: Arc::new(Semaphore::new(at_a_time.min(Semaphore::MAX_PERMITS))),
                started: OnceLock::new(),
                stopping: AtomicBool::new(false),
                health,
                changed: Arc::new(Notify::new()),
                progress: watch::channel(progress).0,
                running: Mutex::default(),
                leases: AtomicU64::new(0),
            }),
        }
    }

    pub(crate) fn listeners(&self) -> &Listeners {
        &self.shared.listeners
    }

    /// Begins to run what waits, as far as this was not done before. Needs tokio's runtime.
    pub(crate) fn start(&self) {
        self.shared.started.get_or_init(|| {
            // What an earlier process has left is looked for first.
            self.shared.progress.send_modify(|progress| progress.is_idle = false);
            tokio::spawn(run(Arc::downgrade(&self.shared), self.shared.changed.clone()));
        });
    }

    /// Keeps `events` for their handlers, by `deadline`. Once this has returned, they may be acknowledged.
    ///
    /// # Errors
    /// When the store fails or does not answer in time. It may have kept them all the same, or do so later: then they are
    /// handled, and when they come again, they are known by their keys.
    pub(crate) async fn append(&self, events: Vec<NewEvent>, deadline: Deadline) -> Result<(), StoreError> {
        let shared = &self.shared;
        self.start();
        // By its key one finds what was logged of its handlers, which run later and elsewhere.
        events.iter().for_each(|event| debug!(key = &*logged(&event.key), "keeping an event for its handlers"));
        let hangs = || Err(StoreError::new("the store has not kept events in time: see what holds it up"));
        let appended = deadline.bound_within(APPEND_WITHIN, shared.store.append(events)).await.unwrap_or_else(hangs);
        shared.health.note(&appended);
        shared.progress.send_modify(|progress| {
            progress.appends += 1;
            progress.is_idle = false;
        });
        shared.changed.notify_one();
        appended
    }

    /// Whether the store can be written. It is asked only if it has failed before.
    pub(crate) async fn is_well(&self) -> bool {
        let shared = &self.shared;
        if !shared.health.is_well() {
            let hangs = |_| Err(StoreError::new(format!("the store has not answered within {CHECK_WITHIN:?}")));
            shared.health.note(&timeout(CHECK_WITHIN, shared.store.check()).await.unwrap_or_else(hangs));
        }
        shared.health.is_well()
    }

    #[cfg(feature = "console")]
    pub(crate) fn store(&self) -> &dyn Store {
        &*self.shared.store
    }

    /// Tries the dead letters that match `filter` again, now. Gives back how many there were.
    #[cfg(feature = "console")]
    pub(crate) async fn replay(&self, filter: &Filter) -> Result<u64, StoreError> {
        let replayed = self.shared.store.replay(filter).await;
        self.start();
        self.shared.progress.send_modify(|progress| progress.is_idle = false);
        self.shared.changed.notify_one();
        replayed
    }

    /// Begins no further handler.
    pub(crate) fn stop(&self) {
        self.shared.stopping.store(true, Ordering::Relaxed);
        self.shared.changed.notify_one();
        self.shared.progress.send_modify(|_| {});
    }

    /// Waits until no handler runs and none is due. What waits for its next try is not waited for; once it was told to
    /// stop, nor is what has not begun.
    pub(crate) async fn settled(&self) {
        let shared = &self.shared;
        let is_settled = |progress: &Progress| {
            progress.running == 0
                && !progress.is_taking
                && (progress.is_idle || shared.stopping.load(Ordering::Relaxed))
        };
        // The sender is in `self`, so it does not go away meanwhile.
        let _ = shared.progress.subscribe().wait_for(is_settled).await;
    }

    /// Ends what still runs and gives it back, for another process to take up.
    pub(crate) async fn give_back(&self) {
        let running: Vec<_> = self.shared.running().drain().collect();
        if running.is_empty() {
            return;
        }
        let jobs = running.iter().map(|(_, (job, _))| *job).collect();
        running.into_iter().filter_map(|(_, (_, task))| task).for_each(|task| task.abort());
        self.shared.hand_back(jobs).await;
    }
}

impl Drop for Inbox {
    fn drop(&mut self) {
        // The task that runs handlers ends when it finds that this is gone.
        self.shared.changed.notify_one();
    }
}

/// A lease of a job. The next one of the same job may begin before the end of this one has been heard of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Lease(u64);

/// When to look for what is due.
enum Next {
    /// After this time, or when something changes.
    Within(Duration),
    /// When something changes.
    Change,
    Never,
}

/// Takes what is due out of the store, again and again.
async fn run(shared: Weak<Shared>, changed: Arc<Notify>) {
    loop {
        // The store is not held while nothing happens, so that its file can be closed when the app is gone.
        let next = match shared.upgrade() {
            Some(shared) => shared.take().await,
            None => return,
        };
        match next {
            Next::Within(wait) => {
                let _ = timeout(wait, changed.notified()).await;
            }
            Next::Change => changed.notified().await,
            Next::Never => return,
        }
    }
}

impl Shared {
    /// Starts what is due, unless this is stopping. Gives back when to look again.
    async fn take(self: Arc<Self>) -> Next {
        // Whoever stops this sees that it takes something, or this sees that it is stopped.
        self.progress.send_modify(|progress| progress.is_taking = true);
        let next = match self.stopping.load(Ordering::Relaxed) {
            true => Next::Never,
            false => self.start_due().await,
        };
        self.progress.send_modify(|progress| progress.is_taking = false);
        next
    }

    async fn start_due(self: &Arc<Self>) -> Next {
        let free = self.slots.available_permits();
        if free == 0 {
            return Next::Change; // The end of a handler is a change.
        }
        let appends = self.progress.borrow().appends;
        let leased = match self.store.lease(free).await {
            Ok(leased) => leased,
            Err(failure) => {
                self.health.has_failed(&failure);
                return Next::Within(AFTER_FAILURE);
            }
        };
        if leased.jobs.is_empty() {
            self.progress.send_if_modified(|progress| {
                let is_idle = progress.appends == appends;
                progress.is_idle |= is_idle;
                is_idle
            });
            return leased.next.map_or(Next::Change, Next::Within);
        }
        if self.stopping.load(Ordering::Relaxed) {
            self.hand_back(leased.jobs.iter().map(|job| job.id).collect()).await;
            return Next::Never;
        }
        for job in leased.jobs {
            // There were as many as were asked for, and nobody else takes any.
            let Ok(slot) = self.slots.clone().try_acquire_owned() else { continue };
            let lease = Lease(self.leases.fetch_add(1, Ordering::Relaxed));
            self.running().insert(lease, (job.id, None));
            let running = Running::new(self.clone());
            let task = tokio::spawn(async move {
                running.0.work(job, lease).await;
                drop(slot);
            });
            if let Some((_, known)) = self.running().get_mut(&lease) {
                *known = Some(task.abort_handle());
            }
        }
        Next::Within(Duration::ZERO)
    }

    async fn hand_back(&self, jobs: Vec<JobId>) {
        match self.store.give_back(jobs).await {
            Ok(()) => info!("handlers that were not done have given their events back"),
            Err(failure) => warn!(cause = chain(&failure), "handlers that were not done cannot give their events back"),
        }
    }

    /// Runs one handler and writes down how it went.
    async fn work(&self, job: Job, lease: Lease) {
        let id = job.id;
        let outcome = self.listeners.handle(job).await;
        if !self.running().contains_key(&lease) {
            return; // It was given back, and is somebody else's.
        }
        loop {
            let written = match &outcome {
                Outcome::Done => self.store.finish(id).await,
                Outcome::Failed { error, retry } => self.store.fail(id, error, *retry).await,
            };
            self.health.note(&written);
            if written.is_ok() || self.stopping.load(Ordering::Relaxed) {
                break;
            }
            // It was handled, and it would be a pity to do it again.
            sleep(AFTER_FAILURE).await;
        }
        self.running().remove(&lease);
    }

    fn running(&self) -> MutexGuard<'_, HashMap<Lease, (JobId, Option<AbortHandle>)>> {
        // Nothing panics while it holds the lock.
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A handler that runs: counted until it has ended, however it ends.
struct Running(Arc<Shared>);

impl Running {
    fn new(shared: Arc<Shared>) -> Self {
        shared.progress.send_modify(|progress| progress.running += 1);
        Self(shared)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.progress.send_modify(|progress| progress.running -= 1);
        self.0.changed.notify_one();
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbox").field("store", &self.store).finish_non_exhaustive()
    }
}
