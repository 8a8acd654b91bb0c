//! Where it is remembered what has been answered and what is still to be done.
//!
//! A [`Store`] has two sides. By the first, something that has a key is done **once**: a key is claimed before the work
//! begins, and its result is kept afterwards. By the second, events wait in a queue until their handlers have succeeded.
//!
//! [`Memory`] forgets everything when the process ends. With the feature `sqlite`, `Sqlite` keeps it in a file; with `nats`,
//! `Nats` keeps it in NATS JetStream, for several servers together.
//!
//! # Writing one
//!
//! The methods of the trait say what each has to promise; `testing::store_conformance` checks what one store in one process
//! shows of it. What it cannot see: that what a method has returned `Ok` for is not lost, as far as the store promises
//! durability at all; that what a process had begun which has ended comes again; and what holds between several servers.
//!
//! All times are durations from now, so that a store uses a clock of its own choice. Methods are called from many tasks at
//! once, and a future may be dropped before it is done: then what it was asked for may be done or not, but not in part.
//! Keys and texts may hold any characters. The keys of claims and those of events are different ones, so that a store may
//! keep them in one place.
//!
//! A store that looks at what passes on its way to another one:
//!
//! ```
//! use hms_webhook::store::{
//!     Claim, Counts, Filter, JobId, Leased, Memory, NewEvent, Store, StoreFuture, StoredJob,
//! };
//! use std::{sync::atomic::{AtomicUsize, Ordering::Relaxed}, time::Duration};
//!
//! #[derive(Debug)]
//! struct Counting<S> {
//!     inner: S,
//!     appended: AtomicUsize,
//! }
//!
//! impl<S: Store> Store for Counting<S> {
//!     fn append(&self, events: Vec<NewEvent>) -> StoreFuture<'_, ()> {
//!         Box::pin(async move {
//!             let count = events.len();
//!             self.inner.append(events).await?;
//!             self.appended.fetch_add(count, Relaxed);
//!             Ok(())
//!         })
//!     }
//!
//!     // All others hand on what they get:
//!     fn claim<'a>(&'a self, key: &'a str, lease: Duration) -> StoreFuture<'a, Claim> {
//!         self.inner.claim(key, lease)
//!     }
//!     # fn keep<'a>(&'a self, key: &'a str, result: &'a str, live: Duration) -> StoreFuture<'a, ()> {
//!     #     self.inner.keep(key, result, live)
//!     # }
//!     # fn release<'a>(&'a self, key: &'a str, live: Duration) -> StoreFuture<'a, ()> { self.inner.release(key, live) }
//!     # fn lease(&self, limit: usize) -> StoreFuture<'_, Leased> { self.inner.lease(limit) }
//!     # fn finish(&self, job: JobId) -> StoreFuture<'_, ()> { self.inner.finish(job) }
//!     # fn fail<'a>(&'a self, job: JobId, error: &'a str, retry: Option<Duration>) -> StoreFuture<'a, ()> {
//!     #     self.inner.fail(job, error, retry)
//!     # }
//!     # fn give_back(&self, jobs: Vec<JobId>) -> StoreFuture<'_, ()> { self.inner.give_back(jobs) }
//!     # fn list<'a>(&'a self, filter: &'a Filter) -> StoreFuture<'a, Vec<StoredJob>> { self.inner.list(filter) }
//!     # fn counts(&self) -> StoreFuture<'_, Counts> { self.inner.counts() }
//!     # fn replay<'a>(&'a self, filter: &'a Filter) -> StoreFuture<'a, u64> { self.inner.replay(filter) }
//!     # fn discard<'a>(&'a self, filter: &'a Filter) -> StoreFuture<'a, u64> { self.inner.discard(filter) }
//!     # fn check(&self) -> StoreFuture<'_, ()> { self.inner.check() }
//!     fn describe(&self) -> String {
//!         format!("{}, counted", self.inner.describe())
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
//! // Does it keep the promises?
//! hms_webhook::testing::store_conformance(async || Counting { inner: Memory::new(), appended: 0.into() }).await;
//! # }
//! ```

pub(crate) mod memory;
#[cfg(feature = "nats")]
pub(crate) mod nats;
#[cfg(feature = "sqlite")]
pub(crate) mod sqlite;

use std::{
    error::Error,
    fmt,
    pin::Pin,
    time::{Duration, SystemTime},
};

use crate::TraceContext;
use bytes::Bytes;

pub use self::memory::Memory;
#[cfg(feature = "nats")]
pub use self::nats::Nats;
#[cfg(feature = "sqlite")]
pub use self::sqlite::Sqlite;

/// What the methods of a [`Store`] return.
pub type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// Remembers results by key, and events until they are handled.
///
/// One value is shared by everything in a server; a store behind a network is shared by several servers.
pub trait Store: fmt::Debug + Send + Sync + 'static {
    // -- once ---------------------------------------------------------------------------------

    /// Claims `key`, so that nobody else begins the same work: of all who ask at the same time, one gets
    /// [`Claim::Granted`].
    ///
    /// The claim ends with [`keep`](Self::keep) or [`release`](Self::release), and at the latest when `lease` is over
    /// or the process that holds it has ended. Then the key can be claimed again; how often it had been claimed
    /// before is remembered, for ten minutes after the lease at least.
    fn claim<'a>(&'a self, key: &'a str, lease: Duration) -> StoreFuture<'a, Claim>;

    /// Keeps the result of a key. For `time_to_live`, every claim of it is answered [`Claim::Kept`]. It is kept also where
    /// the claim has ended or could not be made: the work was done all the same.
    fn keep<'a>(&'a self, key: &'a str, result: &'a str, time_to_live: Duration) -> StoreFuture<'a, ()>;

    /// Gives a claim up without a result: the key can be claimed again. That it had been is remembered for
    /// `time_to_live`. A result that is kept stays.
    fn release<'a>(&'a self, key: &'a str, time_to_live: Duration) -> StoreFuture<'a, ()>;

    // -- the queue ----------------------------------------------------------------------------

    /// Appends events, all of them or none, for whoever looks meanwhile too. Each becomes one [`Job`] for each of its
    /// handlers. An event whose key was appended before, and is still remembered, is a repetition and is left out: also if
    /// it is in the same append, was handled or discarded, or has other handlers now or had none.
    ///
    /// Once this has returned, the events are acknowledged to the sender.
    fn append(&self, events: Vec<NewEvent>) -> StoreFuture<'_, ()>;

    /// Takes up to `limit` jobs whose time has come. Nobody else gets a leased job until it is given back, fails, or the
    /// process that leased it has ended.
    ///
    /// The jobs of one handler about one phone call are leased in the order in which they were appended, each when the one before
    /// it has been finished or is a dead letter; one that has failed or was given back keeps its place. Jobs of other handlers,
    /// of other phone calls and about none do not wait. A store that cannot promise this order between several servers says
    /// so in its documentation.
    fn lease(&self, limit: usize) -> StoreFuture<'_, Leased>;

    /// A leased job is done and is forgotten.
    ///
    /// For a job that is not leased (by this server, where there are several) this, [`fail`](Self::fail) and
    /// [`give_back`](Self::give_back) change nothing, and that is no error: it comes too late, or once more.
    fn finish(&self, job: JobId) -> StoreFuture<'_, ()>;

    /// A leased job has failed with `error`, which is shown from then on. It is leased again after `retry`, or, where that is
    /// `None`, it becomes a dead letter, which is kept until somebody replays or discards it.
    fn fail<'a>(&'a self, job: JobId, error: &'a str, retry: Option<Duration>) -> StoreFuture<'a, ()>;

    /// Leased jobs are given back, as if they had not been leased: the attempt does not count.
    fn give_back(&self, jobs: Vec<JobId>) -> StoreFuture<'_, ()>;

    // -- looking ------------------------------------------------------------------------------

    /// The jobs that match `filter`, oldest first, which is by their numbers.
    fn list<'a>(&'a self, filter: &'a Filter) -> StoreFuture<'a, Vec<StoredJob>>;

    /// How many jobs there are in each state.
    fn counts(&self) -> StoreFuture<'_, Counts>;

    /// Makes the dead letters that match `filter` wait again, with their attempts counted anew. Gives back how many.
    ///
    /// In the order of its handler and phone call, a replayed one has its old place: before what was appended later and
    /// waits, but not beside what of that runs already. A store that cannot promise this between several servers says so in
    /// its documentation.
    fn replay<'a>(&'a self, filter: &'a Filter) -> StoreFuture<'a, u64>;

    /// Removes the dead letters that match `filter`. Gives back how many. Their events are remembered as before.
    fn discard<'a>(&'a self, filter: &'a Filter) -> StoreFuture<'a, u64>;

    /// Whether the store can be written. It leaves nothing behind.
    fn check(&self) -> StoreFuture<'_, ()>;

    /// What it is and where, for the log: `memory`, `sqlite:/var/lib/desk/events.sqlite3`. No password.
    fn describe(&self) -> String;
}

/// The answer to a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// The key is the caller's; it had been claimed this many times before.
    Granted {
        /// Zero for the first claim.
        earlier: u32,
    },
    /// Somebody else has claimed it and is not done.
    Running,
    /// The work was done, with this result.
    Kept(String),
}

/// An event to be appended.
#[derive(Debug, Clone)]
pub struct NewEvent {
    /// By what a repetition is recognised.
    pub key: String,
    /// For how long a repetition is recognised.
    pub remembered_for: Duration,
    /// The event's type, `message.type` on the wire.
    pub kind: String,
    /// The phone call that it is about; empty where there is none, and then no order is kept.
    pub call_id: String,
    /// The body of the delivery.
    pub body: Bytes,
    /// The trace that the handlers' work belongs to. A store keeps it as two texts, by
    /// [`traceparent`](TraceContext::traceparent) and [`tracestate`](TraceContext::tracestate).
    pub trace: Option<TraceContext>,
    /// By what names its handlers are known. Each gets the event in a job of its own.
    pub handlers: Vec<String>,
}

/// The number of a job: unique in its store, also when the job is gone, and later jobs have higher ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(pub u64);

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One event for one handler, leased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Its number.
    pub id: JobId,
    /// By what name the handler is known.
    pub handler: String,
    /// By what a repetition of the event is recognised.
    pub key: String,
    /// The event's type.
    pub kind: String,
    /// The body of the delivery.
    pub body: Bytes,
    /// The trace that the event was appended with.
    pub trace: Option<TraceContext>,
    /// Which attempt this is; the first is 1. One that a crash interrupted counts.
    pub attempt: u32,
}

/// What was leased.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Leased {
    /// The jobs.
    pub jobs: Vec<Job>,
    /// When to ask again, if nothing is appended or ended meanwhile; `None` where there is nothing to wait for.
    pub next: Option<Duration>,
}

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JobState {
    /// It waits for its first or next attempt.
    Waiting,
    /// A handler is at it.
    Running,
    /// It has failed for the last time.
    Dead,
}

impl JobState {
    /// All states.
    pub const ALL: [Self; 3] = [Self::Waiting, Self::Running, Self::Dead];

    /// The state's name: `waiting`, `running` or `dead`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Dead => "dead",
        }
    }
}

/// Which jobs are meant: those of which everything that is set here is true. An empty one means all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// These numbers only; empty for all.
    pub ids: Vec<JobId>,
    /// In this state only.
    pub state: Option<JobState>,
    /// Of events of this type only.
    pub kind: Option<String>,
    /// About this phone call only; an empty text means those about none.
    pub call_id: Option<String>,
    /// For this handler only.
    pub handler: Option<String>,
    /// At most this many, the oldest.
    pub limit: Option<usize>,
}

/// A job as it stands in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredJob {
    /// Its number.
    pub id: JobId,
    /// By what name the handler is known.
    pub handler: String,
    /// The event's type.
    pub kind: String,
    /// The phone call; empty where there is none.
    pub call_id: String,
    /// Where it stands.
    pub state: JobState,
    /// How many attempts have begun.
    pub attempts: u32,
    /// What the last attempt failed with.
    pub last_error: Option<String>,
    /// When it was appended.
    pub appended: SystemTime,
    /// When it is tried next; only of a waiting one.
    pub next_try: Option<SystemTime>,
    /// The body of the delivery.
    pub body: Bytes,
}

/// How many jobs there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Those that wait for an attempt.
    pub waiting: u64,
    /// Those that a handler is at.
    pub running: u64,
    /// Dead letters.
    pub dead: u64,
}

/// Why a store did not do what it was asked for. Nothing was changed then, unless the store could not find out: an answer
/// over a network may be lost. What has failed can be asked for again: keys and numbers see to it that it is done once.
#[derive(Debug)]
pub struct StoreError {
    what: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl StoreError {
    /// An error that is told by this text: what happened, to which thing, what to do.
    pub fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), source: None }
    }

    /// Adds what caused it.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
