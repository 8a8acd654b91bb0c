//! The results that any of the servers has kept, known here too.
//!
//! While brokers choose a new leader nothing can be looked up, for some seconds. A repetition that comes then must not run
//! again.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_nats::jetstream::consumer::DeliverPolicy;
use tokio::time::sleep;
use tracing::debug;

use super::{
    claims::Keys,
    log::Log,
    record::{KeyRecord, What, now},
};
use crate::store::StoreError;

/// How much is known here, in bytes; beyond it, the oldest is forgotten and looked up at the broker.
const CAPACITY: usize = 32 * 1024 * 1024;
/// After so long a silence it is begun anew to read: perhaps nothing was kept, perhaps nothing of it comes.
const QUIET: Duration = Duration::from_secs(30);
const AFTER_FAILURE: Duration = Duration::from_millis(500);
/// What an entry takes beside its text, roughly.
const ENTRY: usize = 200;

#[derive(Default)]
pub(super) struct Kept {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    by_subject: HashMap<String, (u64, String)>,
    order: VecDeque<(u64, String)>,
    bytes: usize,
}

impl Kept {
    pub(super) fn find(&self, subject: &str) -> Option<String> {
        self.state().by_subject.get(subject).filter(|(expires, _)| *expires > now()).map(|(_, result)| result.clone())
    }

    pub(super) fn add(&self, subject: String, record: KeyRecord) {
        let What::Kept(result) = record.what else { return };
        if record.expires > now() {
            self.state().add(subject, record.expires, result, CAPACITY);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it holds the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn add(&mut self, subject: String, expires: u64, result: String, capacity: usize) {
        let old = self.by_subject.get(&subject).map(|(expires, _)| *expires);
        if old == Some(expires) {
            return; // It comes from the stream too.
        }
        self.bytes += ENTRY + result.len();
        if let Some((_, old)) = self.by_subject.insert(subject.clone(), (expires, result)) {
            self.bytes -= ENTRY + old.len();
        }
        self.order.push_back((expires, subject));
        while self.order.front().is_some_and(|(expires, _)| *expires <= now() || self.bytes > capacity) {
            let Some((expires, subject)) = self.order.pop_front() else { break };
            // One that was added anew stands further behind.
            if self.by_subject.get(&subject).is_some_and(|(known, _)| *known == expires)
                && let Some((_, result)) = self.by_subject.remove(&subject)
            {
                self.bytes -= ENTRY + result.len();
            }
        }
    }
}

/// Reads what is kept, for as long as the store is open.
pub(super) async fn follow(keys: Arc<Keys>, kept: Arc<Kept>) {
    let mut last = 0;
    loop {
        if let Err(error) = read(&keys.log, &kept, &mut last).await {
            debug!(cause = crate::error::chain(&error), "results of other servers are read anew");
        }
        sleep(AFTER_FAILURE).await;
    }
}

/// Reads on behind the sequence `last`.
async fn read(log: &Log, kept: &Kept, last: &mut u64) -> Result<(), StoreError> {
    let policy = match *last {
        0 => DeliverPolicy::LastPerSubject,
        last => DeliverPolicy::ByStartSequence { start_sequence: last + 1 },
    };
    let mut reading = log.follow(policy, false).await?;
    loop {
        let message = reading.next(QUIET).await?;
        if let Ok(info) = message.info() {
            *last = info.stream_sequence;
        }
        if let Ok(record) = serde_json::from_slice(&message.payload) {
            kept.add(message.subject.to_string(), record);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beyond_the_capacity_the_oldest_is_forgotten() {
        let mut state = State::default();
        for number in 0..10 {
            state.add(number.to_string(), now() + 60_000 + number, "x".repeat(100), 3 * (ENTRY + 100));
        }
        assert_eq!(state.by_subject.len(), 3);
        assert!(state.by_subject.contains_key("9") && state.bytes == 3 * (ENTRY + 100));
    }
}
