//! One effect for one tool call, however often it is delivered.
//!
//! Who comes while the first is at it waits for the same answer; who comes afterwards gets the kept one. What answered
//! nothing, since it broke or was late, is run again.

use std::{
    collections::{HashMap, hash_map::Entry},
    mem,
    pin::pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use foldhash::fast::RandomState;
use tokio::{
    sync::watch,
    time::{Instant, sleep},
};
use tracing::{Instrument, debug, error, warn};

use crate::{
    deadline::Deadline,
    store::{Claim, Store, StoreError, StoreFuture},
    store_health::StoreHealth,
    tasks::Tasks,
    tool_key::ToolKey,
};

/// For how long the result of a tool call is kept.
const KEPT_FOR: Duration = Duration::from_secs(600);
/// How often it is asked whether another server is done.
const ASK_EVERY: Duration = Duration::from_millis(100);

/// How long the store is waited for before a tool is begun. Beyond that the caller on the phone matters more.
const STORE_WITHIN: Duration = Duration::from_secs(2);
/// So long before its deadline an answer goes out, whether it is kept or not; where less is left, after half of that.
const LAST_MOMENT: Duration = Duration::from_millis(500);
/// After so long a store that fails is not waited for any more before an answer goes out. Brokers need up to nine seconds
/// to choose a new leader.
const TROUBLE: Duration = Duration::from_secs(10);

/// Runs what has a key once.
#[derive(Debug)]
pub(crate) struct Once {
    store: Arc<dyn Store>,
    /// What runs in this process. Nobody waits for most of it, so what wakes those who wait is made for the first of them.
    flights: Mutex<Flights>,
    trouble: Trouble,
    health: Arc<StoreHealth>,
    /// What a stop waits for.
    running: Tasks,
}

/// What became of a claim.
enum Claimed<'a> {
    /// It was claimed so often before.
    Granted(u32),
    Kept(String),
    /// It is too late to begin; the store may still grant it.
    Late(Option<StoreFuture<'a, Claim>>),
}

type Flights = HashMap<ToolKey, InFlight, RandomState>;
type Waiters = watch::Sender<Option<Arc<str>>>;
type Landing = watch::Receiver<Option<Arc<str>>>;

#[derive(Debug, Default)]
struct InFlight {
    waiters: Option<Waiters>,
    /// How often it was begun before.
    earlier: u32,
}

/// What became of a piece of work.
#[derive(Debug, Clone)]
pub(crate) struct Done {
    pub(crate) answer: String,
    /// How it went, in a word.
    pub(crate) outcome: &'static str,
    /// It counts as done: a repetition gets this answer. Otherwise a repetition runs it again.
    pub(crate) is_final: bool,
    /// The metrics have it.
    pub(crate) is_counted: bool,
}

/// The answer that was found, or made.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) answer: String,
    /// How the work went, in its own word; [`REPEATED`] where it was known.
    pub(crate) outcome: &'static str,
    /// The how many-th try it was; 0 where it was known.
    pub(crate) attempt: u32,
    /// The metrics have it.
    pub(crate) is_counted: bool,
}

/// The outcome of work that was done before.
pub(crate) const REPEATED: &str = "repeated";

impl Found {
    /// An answer without any work.
    pub(crate) fn not_run(answer: String, outcome: &'static str) -> Self {
        Self { answer, outcome, attempt: 0, is_counted: true }
    }

    #[cold]
    fn known(answer: String) -> Self {
        Self::not_run(answer, REPEATED)
    }
}

impl Once {
    pub(crate) fn new(store: Arc<dyn Store>, health: Arc<StoreHealth>, running: Tasks) -> Self {
        Self { store, flights: Mutex::default(), trouble: Trouble::none(), health, running }
    }

    /// The answer under `key`: the kept one, the one of who is at it, or that of `work`, which is told how often
    /// the same work had been begun before. `lease` is how long it may take at most, and until `deadline` somebody waits
    /// for the answer. `None` where `begin_by` has come before the work could begin: then it is not begun.
    ///
    /// A store that fails is logged, and the work is done all the same: somebody waits on the phone.
    #[expect(clippy::manual_async_fn, reason = "an `async fn` would hold what it is given twice")]
    pub(crate) fn run<F>(
        &self,
        key: ToolKey,
        lease: Duration,
        deadline: Deadline,
        begin_by: Deadline,
        work: impl FnOnce(u32) -> F,
    ) -> impl Future<Output = Option<Found>>
    where
        F: Future<Output = Done>,
    {
        async move {
            let flight = loop {
                match self.take_off(key) {
                    Ok(flight) => break flight,
                    Err(mut first) => {
                        if let Ok(answer) = first.wait_for(Option::is_some).await {
                            debug!(outcome = "stored", "a repetition was answered with the first one's result");
                            return Some(Found::known(answer.as_deref().unwrap_or_default().to_owned()));
                        }
                        // The first was given up without an answer, together with its task.
                    }
                }
            };

            let name = key.as_str();
            let earlier = match self.claim(name, lease, begin_by).await {
                Ok(Claimed::Kept(kept)) => {
                    self.trouble.end();
                    debug!(outcome = "stored", "a repetition was answered with the kept result");
                    flight.land(&kept);
                    return Some(Found::known(kept));
                }
                Ok(Claimed::Granted(earlier)) => {
                    self.trouble.end();
                    if begin_by.is_over() {
                        drop(flight);
                        self.release(name).await;
                        return None;
                    }
                    earlier
                }
                Ok(Claimed::Late(asked)) => {
                    drop(flight);
                    if let Some(asked) = asked
                        && let Ok(Claim::Granted { .. }) = asked.await
                    {
                        self.release(name).await;
                    }
                    return None;
                }
                Err(failure) => {
                    self.trouble.begin();
                    self.health.has_failed(&failure);
                    if begin_by.is_over() {
                        complain("whether this tool call is a repetition cannot be looked up", &failure);
                        return None;
                    }
                    complain("whether this tool call is a repetition cannot be looked up; it is run", &failure);
                    0
                }
            };
            if earlier > 0
                && let Some(flight) = self.flights().get_mut(&key)
            {
                flight.earlier = earlier;
            }
            let done = work(earlier).await;
            if !self.is_remembered_in_time(name, &done, deadline).await {
                warn!("the result of this tool call is not kept yet; it is answered all the same");
                let (store, health, done) = (self.store.clone(), self.health.clone(), done.clone());
                let remembering = async move { remember(&*store, &health, key.as_str(), &done).await };
                self.running.spawn(remembering.in_current_span());
            }
            flight.land(&done.answer);
            let Done { answer, outcome, is_counted, .. } = done;
            Some(Found { answer, outcome, attempt: earlier.saturating_add(1), is_counted })
        }
    }

    /// The how many-th try of it runs at the moment; 0 if none does.
    pub(crate) fn attempt(&self, key: &ToolKey) -> u32 {
        self.flights().get(key).map_or(0, |flight| flight.earlier.saturating_add(1))
    }

    /// Whether the store has answered. What is answered to the caller and not kept yet could be answered a second time,
    /// with a second effect, so the answer waits for the store as long as it can.
    async fn is_remembered_in_time(&self, key: &str, done: &Done, deadline: Deadline) -> bool {
        if self.trouble.lasts() {
            return false;
        }
        let remembering = pin!(remember(&*self.store, &self.health, key, done));
        let is_in_time = deadline.bound_ahead(LAST_MOMENT, remembering).await.is_some();
        if !is_in_time {
            self.health.has_failed(&StoreError::new("the store has not kept a result in time: see what holds it up"));
        }
        is_in_time
    }

    /// Gives up a claim of what was not begun.
    async fn release(&self, key: &str) {
        if let Err(failure) = self.store.release(key, KEPT_FOR).await {
            self.health.has_failed(&failure);
            complain("the claim of a tool call that was not begun cannot be given up; it ends by itself", &failure);
        }
    }

    /// Becomes the first of its key, or gives back what to wait for.
    fn take_off(&self, key: ToolKey) -> Result<Flight<'_>, Landing> {
        match self.flights().entry(key) {
            Entry::Vacant(place) => {
                place.insert(InFlight::default());
                Ok(Flight { once: self, key })
            }
            Entry::Occupied(mut first) => {
                Err(first.get_mut().waiters.get_or_insert_with(|| watch::Sender::new(None)).subscribe())
            }
        }
    }

    /// Claims `key`. Waits for another server that is at it, at most until `begin_by`.
    async fn claim<'a>(&'a self, key: &'a str, lease: Duration, begin_by: Deadline) -> Result<Claimed<'a>, StoreError> {
        loop {
            let mut asked = self.store.claim(key, lease);
            match begin_by.bound_within(STORE_WITHIN, &mut asked).await {
                Some(Err(failure)) => return Err(failure),
                Some(Ok(Claim::Granted { earlier })) => return Ok(Claimed::Granted(earlier)),
                Some(Ok(Claim::Kept(result))) => return Ok(Claimed::Kept(result)),
                Some(Ok(Claim::Running)) if begin_by.is_over() => return Ok(Claimed::Late(None)),
                Some(Ok(Claim::Running)) => Box::pin(sleep(ASK_EVERY.min(begin_by.remaining()))).await,
                None if begin_by.is_over() => return Ok(Claimed::Late(Some(asked))),
                None => {
                    let hangs = format!("the store has not answered within {STORE_WITHIN:?}: see what holds it up");
                    return Err(StoreError::new(hangs));
                }
            }
        }
    }

    fn flights(&self) -> MutexGuard<'_, Flights> {
        // Nothing in here panics while it holds the lock.
        self.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Since when nothing could be claimed.
#[derive(Debug)]
struct Trouble {
    start: Instant,
    /// Milliseconds from `start`, and one; zero while there is none.
    since: AtomicU64,
}

impl Trouble {
    fn none() -> Self {
        Self { start: Instant::now(), since: AtomicU64::new(0) }
    }

    #[cold]
    fn begin(&self) {
        let now = 1 + self.start.elapsed().as_millis() as u64;
        // One that has begun goes on.
        let _ = self.since.compare_exchange(0, now, Relaxed, Relaxed);
    }

    fn end(&self) {
        if self.since.load(Relaxed) != 0 {
            self.since.store(0, Relaxed);
        }
    }

    /// Whether a store has failed for so long that no answer waits for it.
    fn lasts(&self) -> bool {
        match self.since.load(Relaxed) {
            0 => false,
            since => self.start.elapsed() > Duration::from_millis(since - 1) + TROUBLE,
        }
    }
}

/// The entry of who is at it; gone when that is done or dropped.
struct Flight<'a> {
    once: &'a Once,
    key: ToolKey,
}

impl Flight<'_> {
    /// Gives the answer to those who wait for it.
    fn land(self, answer: &str) {
        let waiters = self.leave();
        // The entry may be another's by now, so it is not removed again.
        mem::forget(self);
        if let Some(waiters) = waiters {
            tell(&waiters, answer);
        }
    }

    fn leave(&self) -> Option<Waiters> {
        self.once.flights().remove(&self.key)?.waiters
    }
}

impl Drop for Flight<'_> {
    /// Without an answer: who waits is woken, and one of them is the next first.
    fn drop(&mut self) {
        self.leave();
    }
}

/// Keeps the answer, or gives up the claim of what has none.
async fn remember(store: &dyn Store, health: &StoreHealth, key: &str, done: &Done) {
    let remembered = match done.is_final {
        true => store.keep(key, &done.answer, KEPT_FOR).await,
        false => store.release(key, KEPT_FOR).await,
    };
    if let Err(failure) = remembered {
        health.has_failed(&failure);
        complain("the result of this tool call cannot be kept; a repetition will run it again", &failure);
    }
}

#[cold]
fn tell(waiters: &Waiters, answer: &str) {
    waiters.send_replace(Some(answer.into()));
}

#[cold]
fn complain(what: &str, failure: &StoreError) {
    error!(cause = crate::error::chain(failure), "{what}");
}
