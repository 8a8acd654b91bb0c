//! What was claimed, and what came of it.

use std::{collections::VecDeque, hash::BuildHasher, time::Duration};

use hashbrown::{DefaultHashBuilder, HashTable};
use smallvec::SmallVec;
use tokio::time::Instant;

use crate::store::Claim;

/// How long it is remembered that there was a claim whose lease ended without a word.
const AFTER_LEASE: Duration = Duration::from_secs(600);
/// What is remembered for longer than this lies apart.
const LONG: Duration = Duration::from_secs(3600);

/// A moment of the future; a time too long for the clock is as good as a year.
fn far(now: Instant, wait: Duration) -> Instant {
    now.checked_add(wait).unwrap_or(now + Duration::from_secs(365 * 24 * 3600))
}

#[derive(Default)]
pub(super) struct Claims {
    hasher: DefaultHashBuilder,
    short: Entries,
    long: Entries,
}

/// Entries in the order in which they were made, which is nearly the one in which they expire: those in use lie
/// beside each other at the end, and what is forgotten is taken from the front. All of it together is more than a
/// processor has at hand, so that a map with everything in it would be slow.
#[derive(Default)]
struct Entries {
    entries: VecDeque<Held>,
    /// The number of the first entry.
    first: u64,
    /// Finds the number of an entry by its key.
    numbers: HashTable<u64>,
}

struct Held {
    key: Key,
    hash: u64,
    expires: Instant,
    earlier: u32,
    what: What,
}

/// The key of a tool call needs no memory of its own.
type Key = SmallVec<[u8; 40]>;

enum What {
    Running { until: Instant },
    Released,
    Kept(Box<str>),
}

impl Claims {
    pub(super) fn claim(&mut self, key: &str, lease: Duration, capacity: usize) -> Claim {
        let now = Instant::now();
        self.forget(now, capacity);
        let hash = self.hash(key);
        let mut earlier = 0;
        let known = self.find(hash, key);
        if let Some(held) = known.as_deref().filter(|held| held.expires > now) {
            match &held.what {
                What::Kept(result) => return Claim::Kept(result.to_string()),
                What::Running { until } if *until > now => return Claim::Running,
                What::Running { .. } | What::Released => earlier = held.earlier + 1,
            }
        }
        let time_to_live = lease.saturating_add(AFTER_LEASE);
        let (expires, what) = (far(now, time_to_live), What::Running { until: far(now, lease) });
        match known {
            Some(held) => (held.expires, held.earlier, held.what) = (expires, earlier, what),
            None => self.add(Held { key: key.as_bytes().into(), hash, expires, earlier, what }, time_to_live),
        }
        Claim::Granted { earlier }
    }

    pub(super) fn end(&mut self, key: &str, result: Option<&str>, time_to_live: Duration) {
        let hash = self.hash(key);
        let now = Instant::now();
        let expires = far(now, time_to_live);
        let what = result.map_or(What::Released, |result| What::Kept(result.into()));
        match self.find(hash, key) {
            // A result is not given up.
            Some(held) if result.is_none() && held.expires > now && matches!(held.what, What::Kept(_)) => {}
            Some(held) => (held.expires, held.what) = (expires, what),
            None => self.add(Held { key: key.as_bytes().into(), hash, expires, earlier: 0, what }, time_to_live),
        }
    }

    /// Whether an event's key is seen for the first time; remembers it.
    pub(super) fn is_new(&mut self, key: &str, remembered_for: Duration, capacity: usize) -> bool {
        let now = Instant::now();
        self.forget(now, capacity);
        let hash = self.hash(key);
        if self.find(hash, key).is_some_and(|held| held.expires > now) {
            return false;
        }
        self.end(key, Some(""), remembered_for);
        true
    }

    fn hash(&self, key: &str) -> u64 {
        self.hasher.hash_one(key)
    }

    fn find(&mut self, hash: u64, key: &str) -> Option<&mut Held> {
        match self.short.find(hash, key) {
            Some(place) => self.short.entries.get_mut(place),
            None => self.long.find(hash, key).and_then(|place| self.long.entries.get_mut(place)),
        }
    }

    fn add(&mut self, held: Held, time_to_live: Duration) {
        let entries = if time_to_live > LONG { &mut self.long } else { &mut self.short };
        entries.add(held);
    }

    /// Forgets what has expired, and some of the oldest beyond the capacity, but nothing that runs. What is remembered for
    /// hours goes before the results of tools.
    fn forget(&mut self, now: Instant, capacity: usize) {
        self.short.forget(now, 0);
        self.long.forget(now, 0);
        let beyond =
            |claims: &Self| (claims.short.entries.len() + claims.long.entries.len() + 1).saturating_sub(capacity);
        self.long.forget(now, beyond(self));
        self.short.forget(now, beyond(self));
    }
}

impl Entries {
    /// Where the entry of `key` lies.
    fn find(&self, hash: u64, key: &str) -> Option<usize> {
        let place = |number: u64| number.wrapping_sub(self.first) as usize;
        let is_wanted = |number: &u64| {
            self.entries.get(place(*number)).is_some_and(|held| held.hash == hash && held.key[..] == *key.as_bytes())
        };
        self.numbers.find(hash, is_wanted).map(|number| place(*number))
    }

    fn add(&mut self, held: Held) {
        let Self { entries, first, numbers } = self;
        let number = first.wrapping_add(entries.len() as u64);
        let hash = held.hash;
        entries.push_back(held);
        let hash_of = |number: &u64| entries.get(number.wrapping_sub(*first) as usize).map_or(0, |held| held.hash);
        numbers.insert_unique(hash, number, hash_of);
    }

    /// Forgets the first that have expired, and as many as `beyond` others that do not run.
    fn forget(&mut self, now: Instant, mut beyond: usize) {
        // One that is kept goes to the end, so each is looked at once.
        for _ in 0..self.entries.len() {
            let is_over = self.entries.front().is_some_and(|held| held.expires <= now);
            if !is_over && beyond == 0 {
                break;
            }
            let Some(held) = self.take_first() else { break };
            if !is_over && matches!(held.what, What::Running { until } if until > now) {
                self.add(held);
            } else {
                beyond = beyond.saturating_sub(1);
            }
        }
    }

    fn take_first(&mut self) -> Option<Held> {
        let held = self.entries.pop_front()?;
        let number = self.first;
        self.first = number.wrapping_add(1);
        if let Ok(found) = self.numbers.find_entry(held.hash, |found| *found == number) {
            found.remove();
        }
        Some(held)
    }
}
