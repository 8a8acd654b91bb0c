//! A store that lives as long as the process.

mod claims;
mod labels;
mod texts;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    fmt,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use tokio::time::Instant;

use self::claims::Claims;
use super::{Claim, Counts, Filter, Job, JobId, JobState, Leased, NewEvent, Store, StoreError, StoreFuture, StoredJob};
use crate::TraceContext;

/// A store that lives as long as the process. What it holds is lost when that ends.
///
/// It is bounded: beyond its capacity, the oldest results are forgotten, and further events are refused.
pub struct Memory {
    capacity: usize,
    state: Mutex<State>,
}

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
        Self { capacity, state: Mutex::new(State { claims: Claims::new(capacity), queue: Queue::default() }) }
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

/// What nearly every tool call is answered. They have no size, so a box of one takes no memory.
struct FirstClaim;
struct Remembered;

impl Future for FirstClaim {
    type Output = Result<Claim, StoreError>;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(Ok(Claim::Granted { earlier: 0 }))
    }
}

impl Future for Remembered {
    type Output = Result<(), StoreError>;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(Ok(()))
    }
}

impl Store for Memory {
    fn claim<'a>(&'a self, key: &'a str, lease: Duration) -> StoreFuture<'a, Claim> {
        match self.state().claims.claim(key, lease) {
            Claim::Granted { earlier: 0 } => Box::pin(FirstClaim),
            claim => done(Ok(claim)),
        }
    }

    fn keep<'a>(&'a self, key: &'a str, result: &'a str, time_to_live: Duration) -> StoreFuture<'a, ()> {
        self.state().claims.end(key, Some(result), time_to_live);
        Box::pin(Remembered)
    }

    fn release<'a>(&'a self, key: &'a str, time_to_live: Duration) -> StoreFuture<'a, ()> {
        self.state().claims.end(key, None, time_to_live);
        Box::pin(Remembered)
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
            if claims.is_new(&event.key, event.remembered_for) {
                queue.append(event);
            }
        }
        done(Ok(()))
    }

    fn lease(&self, limit: usize) -> StoreFuture<'_, Leased> {
        done(Ok(self.state().queue.lease(limit)))
    }

    fn finish(&self, job: JobId) -> StoreFuture<'_, ()> {
        self.state().queue.finish(job);
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
    trace: Option<TraceContext>,
    appended: SystemTime,
}

impl Queue {
    fn append(&mut self, event: NewEvent) {
        let NewEvent { key, kind, call_id, body, trace, handlers, .. } = event;
        let event = Arc::new(Event { key, kind, call_id: call_id.into(), body, trace, appended: SystemTime::now() });
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

    /// Puts a waiting job into its lane: before later ones, but behind one that runs.
    fn enter(&mut self, id: JobId) {
        let Some(entry) = self.jobs.get(&id) else { return };
        let due = entry.due;
        let Some(lane) = entry.lane() else {
            self.ready.insert((due, id));
            return;
        };
        let lane = self.lanes.entry(lane).or_default();
        let runs = |id: &JobId| self.jobs.get(id).is_some_and(|entry| entry.state == JobState::Running);
        let behind = lane.iter().take(1).filter(|first| runs(first)).count();
        // New ones have the highest numbers, so most go to the end.
        let place = lane.iter().rposition(|other| *other < id).map_or(0, |earlier| earlier + 1).max(behind);
        lane.insert(place, id);
        if place == 0 {
            let second = lane.get(1).copied();
            self.ready.insert((due, id));
            second.into_iter().for_each(|second| self.give_way(second));
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
                trace: entry.event.trace.clone(),
                attempt: entry.attempts,
            });
        }
        Leased { jobs, next: None }
    }

    fn leased(&mut self, id: JobId) -> Option<&mut Entry> {
        self.jobs.get_mut(&id).filter(|entry| entry.state == JobState::Running)
    }

    fn fail(&mut self, id: JobId, error: &str, retry: Option<Duration>) {
        let Some(entry) = self.leased(id) else { return };
        entry.last_error = Some(error.to_owned());
        match retry {
            Some(retry) => {
                entry.state = JobState::Waiting;
                entry.due = Instant::now() + retry;
                let due = entry.due;
                self.ready.insert((due, id));
            }
            None => {
                entry.state = JobState::Dead;
                self.leave(id);
            }
        }
    }

    fn give_back(&mut self, id: JobId) {
        let Some(entry) = self.leased(id) else { return };
        entry.state = JobState::Waiting;
        entry.attempts -= 1;
        let due = entry.due;
        self.ready.insert((due, id));
    }

    fn finish(&mut self, id: JobId) {
        if self.leased(id).is_some() {
            self.leave(id);
            self.jobs.remove(&id);
        }
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

    /// The one whose turn it is in a lane has lost it to an earlier one.
    fn give_way(&mut self, id: JobId) {
        if let Some(entry) = self.jobs.get(&id) {
            self.ready.remove(&(entry.due, id));
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
