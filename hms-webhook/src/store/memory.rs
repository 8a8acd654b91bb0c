//! A store that lives as long as the process.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use tokio::time::Instant;

use super::{Claim, Counts, Filter, Job, JobId, JobState, Leased, NewEvent, Store, StoreError, StoreFuture, StoredJob};

/// A store that lives as long as the process. What it holds is lost when that ends.
///
/// It is bounded: beyond its capacity, the oldest results are forgotten, and further events are refused.
pub struct Memory {
    capacity: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    claims: Claims,
    queue: Queue,
}

impl Memory {
    /// A store for 100,000 results and as many waiting events.
    pub fn new() -> Self {
        Self::with_capacity(100_000)
    }

    /// A store for this many results and as many waiting events.
    pub fn with_capacity(capacity: usize) -> Self {
        Self { capacity, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing in here panics while it holds the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").field("capacity", &self.capacity).finish_non_exhaustive()
    }
}

fn done<'a, T: Send + 'a>(value: Result<T, StoreError>) -> StoreFuture<'a, T> {
    Box::pin(std::future::ready(value))
}

impl Store for Memory {
    fn claim<'a>(&'a self, key: &'a str, lease: Duration) -> StoreFuture<'a, Claim> {
        done(Ok(self.state().claims.claim(key, lease, self.capacity)))
    }

    fn keep<'a>(&'a self, key: &'a str, result: &'a str, time_to_live: Duration) -> StoreFuture<'a, ()> {
        self.state().claims.end(key, Some(result), time_to_live);
        done(Ok(()))
    }

    fn release<'a>(&'a self, key: &'a str, time_to_live: Duration) -> StoreFuture<'a, ()> {
        self.state().claims.end(key, None, time_to_live);
        done(Ok(()))
    }

    fn append(&self, events: Vec<NewEvent>) -> StoreFuture<'_, ()> {
        let State { claims, queue } = &mut *self.state();
        let jobs: usize = events.iter().map(|event| event.handlers.len()).sum();
        if queue.jobs.len() + jobs > self.capacity {
            return done(Err(StoreError::new(format!(
                "{} events wait in memory, which is its capacity: see why their handlers do not get on, or use a store on disk",
                queue.jobs.len()
            ))));
        }
        for event in events {
            if claims.is_new(&event.key, event.remembered_for, self.capacity) {
                queue.append(event);
            }
        }
        done(Ok(()))
    }

    fn lease(&self, limit: usize) -> StoreFuture<'_, Leased> {
        done(Ok(self.state().queue.lease(limit)))
    }

    fn finish(&self, job: JobId) -> StoreFuture<'_, ()> {
        self.state().queue.remove(job);
        done(Ok(()))
    }

    fn fail<'a>(&'a self, job: JobId, error: &'a str, retry: Option<Duration>) -> StoreFuture<'a, ()> {
        self.state().queue.fail(job, error, retry);
        done(Ok(()))
    }

    fn give_back(&self, jobs: Vec<JobId>) -> StoreFuture<'_, ()> {
        let queue = &mut self.state().queue;
        jobs.into_iter().for_each(|job| queue.give_back(job));
        done(Ok(()))
    }

    fn list<'a>(&'a self, filter: &'a Filter) -> StoreFuture<'a, Vec<StoredJob>> {
        let queue = &self.state().queue;
        let limit = filter.limit.unwrap_or(usize::MAX);
        let found = queue.jobs.iter().filter(|(id, job)| job.matches(**id, filter)).take(limit);
        done(Ok(found.map(|(id, job)| job.shown(*id)).collect()))
    }

    fn counts(&self) -> StoreFuture<'_, Counts> {
        let mut counts = Counts::default();
        for job in self.state().queue.jobs.values() {
            match job.state {
                JobState::Waiting => counts.waiting += 1,
                JobState::Running => counts.running += 1,
                JobState::Dead => counts.dead += 1,
            }
        }
        done(Ok(counts))
    }

    fn replay<'a>(&'a self, filter: &'a Filter) -> StoreFuture<'a, u64> {
        let queue = &mut self.state().queue;
        let dead = queue.dead(filter);
        for id in &dead {
            queue.revive(*id);
        }
        done(Ok(dead.len() as u64))
    }

    fn discard<'a>(&'a self, filter: &'a Filter) -> StoreFuture<'a, u64> {
        let queue = &mut self.state().queue;
        let dead = queue.dead(filter);
        for id in &dead {
            queue.jobs.remove(id);
        }
        done(Ok(dead.len() as u64))
    }

    fn check(&self) -> StoreFuture<'_, ()> {
        done(Ok(()))
    }

    fn describe(&self) -> String {
        "memory".into()
    }
}

// ---------------------------------------------------------------------------------------------
// Once
// ---------------------------------------------------------------------------------------------

/// How long it is remembered that there was a claim whose lease ended without a word.
const AFTER_LEASE: Duration = Duration::from_secs(600);

/// A moment of the future; a time too long for the clock is as good as a year.
fn far(now: Instant, wait: Duration) -> Instant {
    now.checked_add(wait).unwrap_or(now + Duration::from_secs(365 * 24 * 3600))
}

#[derive(Default)]
struct Claims {
    by_key: HashMap<Arc<str>, Held>,
    /// Every key with the moment at which it may be forgotten. A key that was set anew stands here several times, and the
    /// latest of them counts.
    expiries: BTreeSet<(Instant, Arc<str>)>,
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
    fn claim(&mut self, key: &str, lease: Duration, capacity: usize) -> Claim {
        self.forget(capacity);
        let now = Instant::now();
        let earlier = match self.by_key.get(key) {
            Some(held) if held.expires > now => match &held.what {
                What::Kept(result) => return Claim::Kept(result.to_string()),
                What::Running { until } if *until > now => return Claim::Running,
                What::Running { .. } | What::Released => held.earlier + 1,
            },
            _ => 0,
        };
        let until = far(now, lease);
        self.set(key, earlier, What::Running { until }, lease.saturating_add(AFTER_LEASE));
        Claim::Granted { earlier }
    }

    fn end(&mut self, key: &str, result: Option<&str>, time_to_live: Duration) {
        let earlier = self.by_key.get(key).map_or(0, |held| held.earlier);
        let what = result.map_or(What::Released, |result| What::Kept(result.into()));
        self.set(key, earlier, what, time_to_live);
    }

    /// Whether an event's key is seen for the first time; remembers it.
    fn is_new(&mut self, key: &str, remembered_for: Duration, capacity: usize) -> bool {
        self.forget(capacity);
        if self.by_key.get(key).is_some_and(|held| held.expires > Instant::now()) {
            return false;
        }
        self.set(key, 0, What::Kept("".into()), remembered_for);
        true
    }

    fn set(&mut self, key: &str, earlier: u32, what: What, time_to_live: Duration) {
        let expires = far(Instant::now(), time_to_live);
        let key: Arc<str> = match self.by_key.get_key_value(key) {
            Some((known, held)) => {
                let known = known.clone();
                self.expiries.remove(&(held.expires, known.clone()));
                known
            }
            None => key.into(),
        };
        self.expiries.insert((expires, key.clone()));
        self.by_key.insert(key, Held { expires, earlier, what });
    }

    /// Forgets what has expired, and the oldest beyond the capacity.
    fn forget(&mut self, capacity: usize) {
        let now = Instant::now();
        while let Some((expires, _)) = self.expiries.first() {
            if *expires > now && self.by_key.len() < capacity {
                return;
            }
            if let Some((_, key)) = self.expiries.pop_first() {
                self.by_key.remove(&key);
            }
        }
    }
}

// ---------------------------------------------------------------------------------------------
// The queue
// ---------------------------------------------------------------------------------------------

#[derive(Default)]
struct Queue {
    jobs: BTreeMap<JobId, Entry>,
    last: u64,
    /// The unfinished jobs of one handler about one phone call, in their order.
    lanes: HashMap<Lane, VecDeque<JobId>>,
    /// Waiting jobs at the head of their lane, by the moment of their next try.
    ready: BTreeSet<(Instant, JobId)>,
}

type Lane = (Arc<str>, Arc<str>);

struct Entry {
    handler: Arc<str>,
    event: Arc<Event>,
    state: JobState,
    attempts: u32,
    due: Instant,
    last_error: Option<String>,
}

struct Event {
    key: String,
    kind: String,
    call_id: Arc<str>,
    body: Bytes,
    appended: SystemTime,
}

impl Queue {
    fn append(&mut self, event: NewEvent) {
        let NewEvent { key, kind, call_id, body, handlers, .. } = event;
        let event = Arc::new(Event { key, kind, call_id: call_id.into(), body, appended: SystemTime::now() });
        for handler in handlers {
            self.last += 1;
            let entry = Entry {
                handler: handler.into(),
                event: event.clone(),
                state: JobState::Waiting,
                attempts: 0,
                due: Instant::now(),
                last_error: None,
            };
            self.jobs.insert(JobId(self.last), entry);
            self.enter(JobId(self.last));
        }
    }

    /// Puts a waiting job at the end of its lane.
    fn enter(&mut self, id: JobId) {
        let Some(entry) = self.jobs.get(&id) else { return };
        let due = entry.due;
        let is_head = match entry.lane() {
            Some(lane) => {
                let lane = self.lanes.entry(lane).or_default();
                lane.push_back(id);
                lane.len() == 1
            }
            None => true,
        };
        if is_head {
            self.ready.insert((due, id));
        }
    }

    fn lease(&mut self, limit: usize) -> Leased {
        let now = Instant::now();
        let mut jobs = Vec::new();
        while let Some(&(due, id)) = self.ready.first() {
            if jobs.len() == limit {
                return Leased { jobs, next: Some(Duration::ZERO) };
            }
            if due > now {
                return Leased { jobs, next: Some(due - now) };
            }
            self.ready.pop_first();
            let Some(entry) = self.jobs.get_mut(&id) else { continue };
            entry.state = JobState::Running;
            entry.attempts += 1;
            jobs.push(Job {
                id,
                handler: entry.handler.to_string(),
                key: entry.event.key.clone(),
                kind: entry.event.kind.clone(),
                body: entry.event.body.clone(),
                attempt: entry.attempts,
            });
        }
        Leased { jobs, next: None }
    }

    fn fail(&mut self, id: JobId, error: &str, retry: Option<Duration>) {
        let Some(entry) = self.jobs.get_mut(&id) else { return };
        entry.last_error = Some(error.to_owned());
        match retry {
            Some(retry) => {
                entry.state = JobState::Waiting;
                entry.due = Instant::now() + retry;
                self.ready.insert((entry.due, id));
            }
            None => {
                entry.state = JobState::Dead;
                self.leave(id);
            }
        }
    }

    fn give_back(&mut self, id: JobId) {
        if let Some(entry) = self.jobs.get_mut(&id).filter(|entry| entry.state == JobState::Running) {
            entry.state = JobState::Waiting;
            entry.attempts -= 1;
            self.ready.insert((entry.due, id));
        }
    }

    fn remove(&mut self, id: JobId) {
        self.leave(id);
        self.jobs.remove(&id);
    }

    /// Takes a job out of its lane, so that the next one has its turn.
    fn leave(&mut self, id: JobId) {
        let Some(lane) = self.jobs.get(&id).and_then(Entry::lane) else { return };
        let Some(waiting) = self.lanes.get_mut(&lane).filter(|lane| lane.front() == Some(&id)) else { return };
        waiting.pop_front();
        match waiting.front().and_then(|next| Some((self.jobs.get(next)?.due, *next))) {
            Some(next) => {
                self.ready.insert(next);
            }
            None => {
                self.lanes.remove(&lane);
            }
        }
    }

    fn dead(&self, filter: &Filter) -> Vec<JobId> {
        let dead = self.jobs.iter().filter(|(id, job)| job.state == JobState::Dead && job.matches(**id, filter));
        dead.map(|(id, _)| *id).take(filter.limit.unwrap_or(usize::MAX)).collect()
    }

    fn revive(&mut self, id: JobId) {
        if let Some(entry) = self.jobs.get_mut(&id) {
            entry.state = JobState::Waiting;
            entry.attempts = 0;
            entry.due = Instant::now();
            self.enter(id);
        }
    }
}

impl Entry {
    /// `None` where no order is kept.
    fn lane(&self) -> Option<Lane> {
        (!self.event.call_id.is_empty()).then(|| (self.handler.clone(), self.event.call_id.clone()))
    }

    fn matches(&self, id: JobId, filter: &Filter) -> bool {
        let is = |wanted: &Option<String>, found: &str| wanted.as_deref().is_none_or(|wanted| wanted == found);
        (filter.ids.is_empty() || filter.ids.contains(&id))
            && filter.state.is_none_or(|state| state == self.state)
            && is(&filter.kind, &self.event.kind)
            && is(&filter.call_id, &self.event.call_id)
            && is(&filter.handler, &self.handler)
    }

    fn shown(&self, id: JobId) -> StoredJob {
        let wait = self.due.saturating_duration_since(Instant::now());
        StoredJob {
            id,
            handler: self.handler.to_string(),
            kind: self.event.kind.clone(),
            call_id: self.event.call_id.to_string(),
            state: self.state,
            attempts: self.attempts,
            last_error: self.last_error.clone(),
            appended: self.event.appended,
            next_try: (self.state == JobState::Waiting).then(|| SystemTime::now() + wait),
            body: self.event.body.clone(),
        }
    }
}
