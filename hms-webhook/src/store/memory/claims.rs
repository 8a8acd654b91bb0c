//! What was claimed, and what came of it.

use std::{collections::VecDeque, hash::BuildHasher, hint::black_box, mem, time::Duration};

use foldhash::fast::RandomState;
use tokio::time::Instant;

use super::{
    labels::{InUse, Labels},
    texts::{Text, Texts},
};
use crate::store::Claim;

/// How long it is remembered that there was a claim whose lease ended without a word.
const AFTER_LEASE: Duration = Duration::from_secs(600);
/// What is remembered for longer than this lies apart.
const LONG: Duration = Duration::from_secs(3600);
/// So many entries before it is forgotten, an entry is looked at.
const AHEAD: usize = 8;
/// Of a capacity up to this, all of it is what there is to be room for; of a larger one, this until there are more.
const EXACT_ROOM: usize = 1_000_000;
/// For so many there is room as soon as there is one, if not for all that there will be.
const LEAST: usize = 96;

pub(super) struct Claims {
    start: Instant,
    hasher: RandomState,
    capacity: usize,
    short: Entries,
    long: Entries,
}

/// Nanoseconds since the store was made: smaller than an [`Instant`].
type Moment = u64;

/// Entries in the order in which they were made, which is nearly the one in which they expire: those in use lie
/// beside each other at the end, and what is forgotten is taken from the front. All of it together is more than a
/// processor has at hand, so that a map with everything in it would be slow.
struct Entries {
    entries: VecDeque<Held>,
    /// The number of the first entry.
    first: u32,
    /// Finds an entry by the hash of its key.
    labels: Labels,
    texts: Texts,
    /// For how many entries there is to be room.
    room: usize,
}

/// As long as what a processor reads of memory at once.
struct Held {
    hash: u64,
    expires: Moment,
    key: Text,
    earlier: u32,
    what: What,
}

enum What {
    Running { until: Moment },
    Released,
    Kept(Text),
}

impl Claims {
    pub(super) fn new(capacity: usize) -> Self {
        let entries = || Entries::new(capacity);
        Self { start: Instant::now(), hasher: RandomState::default(), capacity, short: entries(), long: entries() }
    }

    pub(super) fn claim(&mut self, key: &str, lease: Duration) -> Claim {
        let now = self.now();
        self.forget(now);
        let hash = self.hash(key);
        let mut earlier = 0;
        let known = self.find(hash, key);
        if let Some((entries, place)) = &known
            && let Some(held) = entries.entries.get(*place).filter(|held| held.expires > now)
        {
            match &held.what {
                What::Kept(result) => return Claim::Kept(entries.text(result)),
                What::Running { until } if *until > now => return Claim::Running,
                What::Running { .. } | What::Released => earlier = held.earlier + 1,
            }
        }
        let time_to_live = lease.saturating_add(AFTER_LEASE);
        let (expires, what) = (far(now, time_to_live), What::Running { until: far(now, lease) });
        match known {
            Some((entries, place)) => entries.change(place, expires, earlier, what),
            None => {
                self.make_room(now);
                self.entries_for(time_to_live).add(hash, key, expires, what);
            }
        }
        Claim::Granted { earlier }
    }

    pub(super) fn end(&mut self, key: &str, result: Option<&str>, time_to_live: Duration) {
        let hash = self.hash(key);
        let now = self.now();
        let expires = far(now, time_to_live);
        let (entries, known) = match self.find(hash, key) {
            Some((entries, place)) => (entries, Some(place)),
            None => (self.entries_for(time_to_live), None),
        };
        // A result is not given up.
        let held = known.and_then(|place| entries.entries.get(place));
        if result.is_none() && held.is_some_and(|held| held.expires > now && matches!(held.what, What::Kept(_))) {
            return;
        }
        let earlier = held.map_or(0, |held| held.earlier);
        let what = result.map_or(What::Released, |result| What::Kept(entries.texts.add(result)));
        match known {
            Some(place) => entries.change(place, expires, earlier, what),
            None => entries.add(hash, key, expires, what),
        }
    }

    /// Whether an event's key is seen for the first time; remembers it.
    pub(super) fn is_new(&mut self, key: &str, remembered_for: Duration) -> bool {
        let now = self.now();
        self.forget(now);
        let hash = self.hash(key);
        let known = self.find(hash, key);
        if known.is_some_and(|(entries, place)| entries.entries.get(place).is_some_and(|held| held.expires > now)) {
            return false;
        }
        self.make_room(now);
        self.end(key, Some(""), remembered_for);
        true
    }

    fn now(&self) -> Moment {
        nanoseconds(self.start.elapsed())
    }

    fn hash(&self, key: &str) -> u64 {
        self.hasher.hash_one(key)
    }

    /// Among which entries, and where there, the one of `key` lies.
    fn find(&mut self, hash: u64, key: &str) -> Option<(&mut Entries, usize)> {
        match self.short.find(hash, key) {
            Some(place) => Some((&mut self.short, place)),
            None => self.long.find(hash, key).map(|place| (&mut self.long, place)),
        }
    }

    fn entries_for(&mut self, time_to_live: Duration) -> &mut Entries {
        if time_to_live > LONG { &mut self.long } else { &mut self.short }
    }

    /// Forgets what has expired.
    fn forget(&mut self, now: Moment) {
        self.short.forget(now, 0);
        self.long.forget(now, 0);
    }

    /// Forgets some of the oldest beyond the capacity, but nothing that runs. What is remembered for hours goes before the
    /// results of tools.
    fn make_room(&mut self, now: Moment) {
        let beyond = |claims: &Self| {
            (claims.short.entries.len() + claims.long.entries.len() + 1).saturating_sub(claims.capacity)
        };
        self.long.forget(now, beyond(self));
        self.short.forget(now, beyond(self));
    }
}

/// A moment of the future; a time too long for the clock never comes.
fn far(now: Moment, wait: Duration) -> Moment {
    now.saturating_add(nanoseconds(wait))
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

impl Entries {
    fn new(capacity: usize) -> Self {
        Self {
            entries: VecDeque::new(),
            first: 0,
            labels: Labels::new(capacity),
            texts: Texts::default(),
            room: capacity.min(EXACT_ROOM),
        }
    }

    /// Where the entry of `key` lies.
    fn find(&self, hash: u64, key: &str) -> Option<usize> {
        self.labels.find(hash, self.first, |place| {
            let held = self.entries.get(place);
            held.is_some_and(|held| held.hash == hash && self.texts.get(&held.key) == key.as_bytes())
        })
    }

    fn in_use(&self) -> InUse {
        InUse { first: self.first, count: self.entries.len() }
    }

    fn text(&self, text: &Text) -> String {
        String::from_utf8_lossy(self.texts.get(text)).into_owned()
    }

    fn add(&mut self, hash: u64, key: &str, expires: Moment, what: What) {
        let key = self.texts.add(key);
        self.push(Held { hash, expires, key, earlier: 0, what });
    }

    fn change(&mut self, place: usize, expires: Moment, earlier: u32, what: What) {
        let Some(held) = self.entries.get_mut(place) else { return };
        (held.expires, held.earlier) = (expires, earlier);
        if let What::Kept(before) = mem::replace(&mut held.what, what) {
            self.texts.remove(before);
        }
    }

    fn push(&mut self, held: Held) {
        let hash = held.hash;
        if self.entries.len() == self.labels.room() {
            self.enlarge();
        }
        self.entries.push_back(held);
        let in_use = self.in_use();
        self.labels.add(hash, self.first.wrapping_add(in_use.count as u32 - 1), in_use);
    }

    /// Makes room for twice as many, or for as many as there will be.
    #[cold]
    fn enlarge(&mut self) {
        let (in_use, needed) = (self.in_use(), self.entries.len() + 1);
        let room = (2 * needed).max(LEAST);
        self.labels.clear(if needed <= self.room { room.min(self.room) } else { room }, in_use);
        // No more than that: as soon as some are forgotten, a new entry takes the place of one that was there just now, and
        // all that is reserved is touched before long.
        self.entries.reserve_exact(self.labels.room() - self.entries.len());
        for (place, held) in self.entries.iter().enumerate() {
            self.labels.add(held.hash, self.first.wrapping_add(place as u32), in_use);
        }
    }

    /// Forgets the first that have expired, and as many as `beyond` others that do not run.
    fn forget(&mut self, now: Moment, mut beyond: usize) {
        // One that is kept goes to the end, so each is looked at once.
        for _ in 0..self.entries.len() {
            let is_over = self.entries.front().is_some_and(|held| held.expires <= now);
            if !is_over && beyond == 0 {
                break;
            }
            let Some(held) = self.take_first() else { break };
            if !is_over && matches!(held.what, What::Running { until } if until > now) {
                self.push(held);
                continue;
            }
            beyond = beyond.saturating_sub(1);
            self.texts.remove(held.key);
            if let What::Kept(result) = held.what {
                self.texts.remove(result);
            }
        }
    }

    fn take_first(&mut self) -> Option<Held> {
        let first = self.entries.pop_front()?;
        self.first = self.first.wrapping_add(1);
        // Those that are forgotten soon are on their way from memory by then.
        black_box(self.entries.get(AHEAD).map(|held| held.expires));
        Some(first)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn an_entry_is_as_long_as_what_is_read_at_once() {
        assert_eq!(size_of::<Held>(), 64);
    }

    /// Against a plain map, while entries expire, are forgotten and come again.
    #[tokio::test(start_paused = true)]
    async fn each_key_has_the_result_that_was_last_kept_for_it_until_that_expires() {
        let mut claims = Claims::new(10_000);
        let mut kept = HashMap::<u32, (String, Instant)>::new();
        let mut known = 0;
        for step in 0..20_000_u32 {
            let number = step.wrapping_mul(2_654_435_761) >> 25;
            let key = format!("key {number}");
            let time_to_live = Duration::from_secs(u64::from(step % 7) * 5 + 1);
            let expected = kept.get(&number).filter(|(_, expires)| *expires > Instant::now());
            match (claims.claim(&key, Duration::from_secs(2)), expected) {
                (Claim::Kept(found), Some((result, _))) => {
                    assert_eq!(found, *result);
                    known += 1;
                }
                (Claim::Granted { .. }, None) => {
                    let result = format!("{step}: {}", "x".repeat(step as usize % 3000));
                    claims.end(&key, Some(&result), time_to_live);
                    kept.insert(number, (result, Instant::now() + time_to_live));
                }
                (found, expected) => panic!("step {step}: {found:?} in place of {expected:?}"),
            }
            tokio::time::advance(Duration::from_millis(150)).await;
        }
        assert!((1_000..19_000).contains(&known), "{known} of 20,000 were known: the test tries only one of the two");
    }

    #[test]
    fn what_is_soon_forgotten_takes_no_room_for_all_that_there_could_be() {
        let mut claims = Claims::new(10_000);
        let (minutes, hours) = (Duration::from_secs(600), Duration::from_secs(25 * 3600));
        for number in 0..30_000 {
            claims.claim(&format!("call {number}"), minutes);
            claims.end(&format!("call {number}"), Some("result"), minutes);
            assert!(number < 10_000 || claims.is_new(&format!("event {number}"), hours));
        }
        assert!(claims.short.entries.len() > 9_000, "{} calls are known", claims.short.entries.len());
        assert!(claims.short.entries.capacity() < 10_000 + 16, "room for {}", claims.short.entries.capacity());
        assert!(claims.long.entries.capacity() <= LEAST, "room for {} events", claims.long.entries.capacity());
    }

    #[test]
    fn beyond_the_capacity_the_oldest_are_forgotten_and_the_others_found() {
        // Numbers begin anew after 24 bits, or after all where labels hold no part of the hash.
        for (first, most) in [(0, 100), ((1 << 24) - 500, 100), (u32::MAX - 500, 100), (u32::MAX - 500, usize::MAX)] {
            let mut claims = Claims::new(100);
            (claims.short.first, claims.short.labels) = (first, Labels::new(most));
            the_oldest_of_a_thousand_are_forgotten(claims);
        }
    }

    fn the_oldest_of_a_thousand_are_forgotten(mut claims: Claims) {
        let lease = Duration::from_secs(1);
        for number in 0..1_000 {
            claims.claim(&format!("key {number}"), lease);
            claims.end(&format!("key {number}"), Some(&format!("result {number}")), lease);
        }
        // Each claim that is granted takes the place of the oldest, so the youngest are asked first.
        for number in (0..1_000).rev() {
            match claims.claim(&format!("key {number}"), lease) {
                Claim::Kept(result) if number >= 900 => assert_eq!(result, format!("result {number}")),
                Claim::Granted { earlier: 0 } if number < 900 => {}
                other => panic!("key {number}: {other:?}"),
            }
        }
    }
}
