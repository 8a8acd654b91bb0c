//! One effect for one tool call, however often it is delivered.
//!
//! Who comes while the first is at it waits for the same answer; who comes afterwards gets the kept one. What answered
//! nothing, since it broke or was late, is run again.

use std::{
    collections::{HashMap, hash_map::Entry},
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::watch, time::sleep};
use tracing::{debug, error};

use crate::{
    deadline::Deadline,
    store::{Claim, Store, StoreError, StoreFuture},
    tool_key::ToolKey,
};

/// For how long the result of a tool call is kept.
const KEPT_FOR: Duration = Duration::from_secs(600);
/// How often it is asked whether another server is done.
const ASK_EVERY: Duration = Duration::from_millis(100);

/// How long the store is waited for before a tool is begun. Beyond that the caller on the phone matters more.
const STORE_WITHIN: Duration = Duration::from_secs(2);

/// Runs what has a key once.
#[derive(Debug)]
pub(crate) struct Once {
    store: Arc<dyn Store>,
    /// What runs in this process. Nobody waits for most of it, so what wakes those who wait is made for the first of them.
    flights: Mutex<Flights>,
}

type Flights = HashMap<ToolKey, Option<Waiters>>;
type Waiters = watch::Sender<Option<Arc<str>>>;
type Landing = watch::Receiver<Option<Arc<str>>>;

/// What became of a piece of work.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) answer: String,
    /// It counts as done: a repetition gets this answer. Otherwise a repetition runs it again.
    pub(crate) is_final: bool,
}

impl Once {
    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        Self { store, flights: Mutex::default() }
    }

    /// The answer under `key`: the kept one, the one of who is at it, or that of `work`, which is told how often
    /// the same work had been begun before. `lease` is how long it may take at most.
    ///
    /// A store that fails is logged, and the work is done all the same: somebody waits on the phone.
    pub(crate) async fn run<F>(&self, key: ToolKey, lease: Duration, work: impl FnOnce(u32) -> F) -> String
    where
        F: Future<Output = Done>,
    {
        let flight = loop {
            match self.take_off(key) {
                Ok(flight) => break flight,
                Err(mut first) => {
                    if let Ok(answer) = first.wait_for(Option::is_some).await {
                        debug!(outcome = "stored", "a repetition was answered with the first one's result");
                        return answer.as_deref().unwrap_or_default().to_owned();
                    }
                    // The first was given up without an answer, together with its task.
                }
            }
        };

        let earlier = match self.claim(key.as_str(), lease).await {
            Ok(Ok(earlier)) => earlier,
            Ok(Err(kept)) => {
                debug!(outcome = "stored", "a repetition was answered with the kept result");
                flight.land(&kept);
                return kept;
            }
            Err(failure) => {
                complain("whether this tool call is a repetition cannot be looked up; it is run", &failure);
                0
            }
        };
        let Done { answer, is_final } = work(earlier).await;
        // This one is waited for as long as it takes: an answer that is not kept yet could be given a second time, with
        // a second effect. At the deadline the model hears that it was late, and a repetition finds what was kept.
        let remembered = match is_final {
            true => self.store.keep(key.as_str(), &answer, KEPT_FOR).await,
            false => self.store.release(key.as_str(), KEPT_FOR).await,
        };
        if let Err(failure) = remembered {
            complain("the result of this tool call cannot be kept; a repetition will run it again", &failure);
        }
        flight.land(&answer);
        answer
    }

    /// Becomes the first of its key, or gives back what to wait for.
    fn take_off(&self, key: ToolKey) -> Result<Flight<'_>, Landing> {
        match self.flights().entry(key) {
            Entry::Vacant(place) => {
                place.insert(None);
                Ok(Flight { once: self, key })
            }
            Entry::Occupied(mut first) => {
                Err(first.get_mut().get_or_insert_with(|| watch::Sender::new(None)).subscribe())
            }
        }
    }

    /// How often it had been claimed before, or the kept result. Waits for another server that is at it.
    async fn claim(&self, key: &str, lease: Duration) -> Result<Result<u32, String>, StoreError> {
        loop {
            match in_time(self.store.claim(key, lease)).await? {
                Claim::Granted { earlier } => return Ok(Ok(earlier)),
                Claim::Kept(result) => return Ok(Err(result)),
                Claim::Running => sleep(ASK_EVERY).await,
            }
        }
    }

    fn flights(&self) -> MutexGuard<'_, Flights> {
        // Nothing in here panics while it holds the lock.
        self.flights.lock().unwrap_or_else(PoisonError::into_inner)
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
            waiters.send_replace(Some(answer.into()));
        }
    }

    fn leave(&self) -> Option<Waiters> {
        self.once.flights().remove(&self.key).flatten()
    }
}

impl Drop for Flight<'_> {
    /// Without an answer: who waits is woken, and one of them is the next first.
    fn drop(&mut self) {
        self.leave();
    }
}

async fn in_time<T>(asked: StoreFuture<'_, T>) -> Result<T, StoreError> {
    let hangs = || StoreError::new(format!("the store has not answered within {STORE_WITHIN:?}: see what holds it up"));
    Deadline::after(STORE_WITHIN).bound(asked).await.unwrap_or_else(|| Err(hangs()))
}

fn complain(what: &str, failure: &StoreError) {
    error!(cause = crate::handler::chain(failure), "{what}");
}
