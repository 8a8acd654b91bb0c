//! The claims and results of the store in memory.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use tokio::time::Instant;

use crate::store::Claim;

/// How long it is remembered that there was a claim whose lease ended without a word.
const AFTER_LEASE: Duration = Duration::from_secs(600);

/// A moment of the future; a time too long for the clock is as good as a year.
fn far(now: Instant, wait: Duration) -> Instant {
    now.checked_add(wait).unwrap_or(now + Duration::from_secs(365 * 24 * 3600))
}

#[derive(Default)]
pub(super) struct Claims {
    by_key: HashMap<Arc<str>, Held>,
    /// When the claims can be forgotten; not before, however many there are.
    claimed: Expiries,
    /// When the results, and what was released, can be forgotten; beyond the capacity, the first of them go.
    ended: Expiries,
}

struct Held {
    expires: Instant,
    earlier: u32,
    what: What,
}

enum What {
    Running { until: Instant },
    Released,
    Kept(Box<str>),
}

impl Claims {
    pub(super) fn claim(&mut self, key: &str, lease: Duration, capacity: usize) -> Claim {
        let now = Instant::now();
        self.forget(now, capacity);
        let earlier = match self.by_key.get(key) {
            Some(held) if held.expires > now => match &held.what {
                What::Kept(result) => return Claim::Kept(result.to_string()),
                What::Running { until } if *until > now => return Claim::Running,
                What::Running { .. } | What::Released => held.earlier + 1,
            },
            _ => 0,
        };
        let (until, remembered_for) = (far(now, lease), rounded_up(lease).saturating_add(AFTER_LEASE));
        let held = Held { expires: far(now, remembered_for), earlier, what: What::Running { until } };
        let key = self.set(key, held);
        self.claimed.add(now, remembered_for, key);
        Claim::Granted { earlier }
    }

    pub(super) fn end(&mut self, key: &str, result: Option<&str>, time_to_live: Duration) {
        let now = Instant::now();
        let earlier = self.by_key.get(key).map_or(0, |held| held.earlier);
        let what = result.map_or(What::Released, |result| What::Kept(result.into()));
        let key = self.set(key, Held { expires: far(now, time_to_live), earlier, what });
        self.ended.add(now, time_to_live, key);
    }

    /// Whether an event's key is seen for the first time; remembers it.
    pub(super) fn is_new(&mut self, key: &str, remembered_for: Duration, capacity: usize) -> bool {
        let now = Instant::now();
        self.forget(now, capacity);
        if self.by_key.get(key).is_some_and(|held| held.expires > now) {
            return false;
        }
        self.end(key, Some(""), remembered_for);
        true
    }

    /// Gives back the key as it is kept.
    fn set(&mut self, key: &str, held: Held) -> Arc<str> {
        let key = self.by_key.get_key_value(key).map_or_else(|| key.into(), |(known, _)| known.clone());
        self.by_key.insert(key.clone(), held);
        key
    }

    /// Forgets what has expired, and the oldest results beyond the capacity.
    fn forget(&mut self, now: Instant, capacity: usize) {
        let by_key = &mut self.by_key;
        for expiries in [&mut self.claimed, &mut self.ended] {
            while let Some((moment, key)) = expiries.pop(|moment| moment <= now) {
                // Otherwise it was set anew, and comes up again.
                if by_key.get(&key).is_some_and(|held| held.expires == moment) {
                    by_key.remove(&key);
                }
            }
            // A key that is claimed and released all the time would fill them.
            if expiries.length > 2 * by_key.len() + 100 {
                expiries.retain(|moment, key| by_key.get(key).is_some_and(|held| held.expires == moment));
            }
        }
        while by_key.len() >= capacity {
            let Some((moment, key)) = self.ended.pop(|_| true) else { return };
            let is_this = |held: &Held| held.expires == moment && !matches!(held.what, What::Running { .. });
            if by_key.get(&key).is_some_and(is_this) {
                by_key.remove(&key);
            }
        }
    }
}

/// Few different ones, so that there are few queues.
fn rounded_up(lease: Duration) -> Duration {
    lease.as_secs().saturating_add(1).checked_next_power_of_two().map_or(Duration::MAX, Duration::from_secs)
}

/// Keys with the moments at which they can be forgotten. A key that was set several times stands here as often.
///
/// Those that live equally long come up in the order in which they were added, so a queue for each time to live, of which
/// there are few, does for nothing what a sorted set takes work for.
#[derive(Default)]
struct Expiries {
    by_time_to_live: BTreeMap<Duration, VecDeque<(Instant, Arc<str>)>>,
    length: usize,
}

impl Expiries {
    fn add(&mut self, now: Instant, time_to_live: Duration, key: Arc<str>) {
        self.length += 1;
        self.by_time_to_live.entry(time_to_live).or_default().push_back((far(now, time_to_live), key));
    }

    /// Takes out the first, if it is one of the wanted.
    fn pop(&mut self, is_wanted: impl Fn(Instant) -> bool) -> Option<(Instant, Arc<str>)> {
        let firsts = self.by_time_to_live.iter().filter_map(|(time, queue)| Some((queue.front()?.0, *time)));
        let (moment, time) = firsts.min()?;
        if !is_wanted(moment) {
            return None;
        }
        let queue = self.by_time_to_live.get_mut(&time)?;
        let first = queue.pop_front();
        if queue.is_empty() {
            self.by_time_to_live.remove(&time);
        }
        self.length -= 1;
        first
    }

    fn retain(&mut self, is_live: impl Fn(Instant, &str) -> bool) {
        for queue in self.by_time_to_live.values_mut() {
            queue.retain(|(moment, key)| is_live(*moment, key));
        }
        self.by_time_to_live.retain(|_, queue| !queue.is_empty());
        self.length = self.by_time_to_live.values().map(VecDeque::len).sum();
    }
}
