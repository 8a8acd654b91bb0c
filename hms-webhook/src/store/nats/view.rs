//! What this server knows of the queue: what the stream holds, as far as it has been read.
//!
//! The stream is read from its beginning and in its order, so what is known is always what was true at one moment. By
//! that the order of a call's events is kept: who knows an event also knows all that were appended before it, and one
//! that is known as done is done. Whoever knows too little does too little; and what it then tries to take that is not
//! free any more, the broker refuses.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque},
    time::Duration,
};

use tokio::time::Instant;

use super::record::{Append, Event, JobRecord, Owner, ServerRecord, Standing, moment};
use crate::store::{Counts, Filter, JobId, JobState, StoredJob};

/// For how long a server is believed to be there that says nothing. A broker's followers need up to nine seconds to choose
/// a new leader, and nobody can say anything until then.
pub(super) const BELIEVED_FOR: Duration = Duration::from_secs(20);
/// How often a server says that it is there.
pub(super) const SAYS_EVERY: Duration = Duration::from_secs(3);
/// If nothing came for so long, it is the connection that is silent, and says nothing about others.
const SILENCE: Duration = Duration::from_secs(9);
/// How long others than who had it last let a job wait, so that not all ask for it at once.
const COURTESY_MILLIS: u64 = 500;
/// For how long it stays in the stream that an event is done, for those who do not know yet.
const DONE_STAYS_FOR: Duration = Duration::from_secs(60);

/// How many jobs one message may hold; their numbers are made of it.
pub(super) const JOBS_PER_APPEND: usize = 1 << 16;

pub(super) fn id_of(sequence: u64, index: usize) -> JobId {
    JobId(sequence << 16 | index as u64)
}

fn sequence_of(id: JobId) -> u64 {
    id.0 >> 16
}

#[derive(Default)]
pub(super) struct View {
    /// The sequence up to which the stream has been read.
    pub(super) read: u64,
    appends: BTreeMap<u64, Known>,
    by_name: HashMap<String, u64>,
    /// In which appends an event of this key is.
    by_key: HashMap<String, BTreeSet<u64>>,
    jobs: BTreeMap<JobId, Entry>,
    /// The jobs of one handler about one phone call that are not done and not dead.
    lanes: HashMap<Lane, BTreeSet<JobId>>,
    waiting: BTreeSet<(u64, JobId)>,
    running: BTreeSet<JobId>,
    servers: HashMap<String, Server>,
    heard: Option<Instant>,
    /// Since when there was no silence.
    attentive: Option<Instant>,
    /// Appends of which all jobs are done: since when, their sequences, and who has finished the last.
    done: VecDeque<(Instant, u64, Owner)>,
}

/// The handler and the phone call.
type Lane = (String, String);

struct Known {
    name: String,
    append: Append,
    open: usize,
    /// The sequences of the messages by which its jobs are done.
    ends: Vec<u64>,
}

struct Entry {
    index: usize,
    handler: String,
    event: usize,
    revision: u64,
    record: JobRecord,
}

struct Server {
    owner: Owner,
    seen: Instant,
}

/// A job that may be taken.
#[derive(Debug, Clone)]
pub(super) struct Free {
    pub(super) id: JobId,
    pub(super) place: Place,
    pub(super) record: JobRecord,
}

/// Where a job stands in the stream.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// The name of its append, as in the subjects.
    pub(super) name: String,
    pub(super) sequence: u64,
    pub(super) index: usize,
    pub(super) revision: u64,
    pub(super) handler: String,
    pub(super) event: Event,
}

impl View {
    // -- what is read ---------------------------------------------------------------------------

    /// Notes that something has come, whatever it is. Gives back how long nothing had come before.
    pub(super) fn hear(&mut self, sequence: u64) -> Duration {
        let now = Instant::now();
        let silence = self.heard.map_or(Duration::ZERO, |heard| now - heard);
        if self.heard.is_none() || silence > SILENCE {
            self.attentive = Some(now);
        }
        self.heard = Some(now);
        self.read = self.read.max(sequence);
        silence
    }

    pub(super) fn add_append(&mut self, sequence: u64, name: String, append: Append) {
        if self.appends.contains_key(&sequence) {
            return;
        }
        let mut index = 0;
        for (number, event) in append.events.iter().enumerate() {
            self.by_key.entry(event.key.clone()).or_default().insert(sequence);
            for handler in &event.handlers {
                let id = id_of(sequence, index);
                let record =
                    JobRecord { state: Standing::Waiting, attempts: 0, due: append.at, owner: append.by, error: None };
                let entry = Entry { index, handler: handler.clone(), event: number, revision: 0, record };
                if !event.call.is_empty() {
                    self.lanes.entry((handler.clone(), event.call.clone())).or_default().insert(id);
                }
                self.waiting.insert((entry.record.due, id));
                self.jobs.insert(id, entry);
                index += 1;
            }
        }
        self.by_name.insert(name.clone(), sequence);
        self.appends.insert(sequence, Known { name, append, open: index, ends: Vec::new() });
    }

    /// Gives back whether the append of this name is known.
    pub(super) fn set_job_of(&mut self, name: &str, index: usize, revision: u64, record: JobRecord) -> bool {
        let sequence = self.by_name.get(name).copied();
        if let Some(sequence) = sequence.filter(|_| index < JOBS_PER_APPEND) {
            self.set_job(id_of(sequence, index), revision, record);
        }
        sequence.is_some()
    }

    pub(super) fn set_job(&mut self, id: JobId, revision: u64, record: JobRecord) {
        let Some(mut entry) = self.jobs.remove(&id) else { return };
        if revision <= entry.revision {
            self.jobs.insert(id, entry);
            return;
        }
        self.waiting.remove(&(entry.record.due, id));
        self.running.remove(&id);
        let lane = self.lane(id, &entry);
        match (record.state, lane) {
            (Standing::Waiting | Standing::Running, Some(lane)) => {
                self.lanes.entry(lane).or_default().insert(id);
            }
            (Standing::Dead | Standing::Done, Some(lane)) => {
                if let Some(jobs) = self.lanes.get_mut(&lane) {
                    jobs.remove(&id);
                    if jobs.is_empty() {
                        self.lanes.remove(&lane);
                    }
                }
            }
            (_, None) => {}
        }
        match record.state {
            Standing::Waiting => {
                self.waiting.insert((record.due, id));
            }
            Standing::Running => {
                self.running.insert(id);
            }
            Standing::Dead => {}
            Standing::Done => return self.close(sequence_of(id), revision, record.owner),
        }
        (entry.revision, entry.record) = (revision, record);
        self.jobs.insert(id, entry);
    }

    /// One job of the append is done.
    fn close(&mut self, sequence: u64, end: u64, by: Owner) {
        if let Some(known) = self.appends.get_mut(&sequence) {
            known.open -= 1;
            known.ends.push(end);
            if known.open == 0 {
                self.done.push_back((Instant::now(), sequence, by));
            }
        }
    }

    /// An append is not in the stream any more.
    pub(super) fn forget(&mut self, sequence: u64) {
        let ids: Vec<JobId> = self.jobs.range(id_of(sequence, 0)..id_of(sequence + 1, 0)).map(|(id, _)| *id).collect();
        for id in ids {
            let record = JobRecord { state: Standing::Done, attempts: 0, due: 0, owner: 0, error: None };
            self.set_job(id, u64::MAX, record);
        }
        self.done.retain(|(_, done, _)| *done != sequence);
        self.remove(sequence);
    }

    fn remove(&mut self, sequence: u64) -> Option<Known> {
        let known = self.appends.remove(&sequence)?;
        self.by_name.remove(&known.name);
        for event in &known.append.events {
            if let Some(sequences) = self.by_key.get_mut(&event.key) {
                sequences.remove(&sequence);
                if sequences.is_empty() {
                    self.by_key.remove(&event.key);
                }
            }
        }
        Some(known)
    }

    /// Whether an event of this key is in the stream, of which repetitions are recognised still.
    pub(super) fn holds(&self, key: &str, now: u64) -> bool {
        let appends = self.by_key.get(key).into_iter().flatten().filter_map(|sequence| self.appends.get(sequence));
        appends.flat_map(|known| &known.append.events).any(|event| event.key == key && event.known_until > now)
    }

    /// Whether the append of this sequence is in the stream, as far as it has been read.
    pub(super) fn may_hold(&self, append: u64) -> bool {
        append > self.read || self.appends.contains_key(&append)
    }

    pub(super) fn add_server(&mut self, name: String, sequence: u64, record: &ServerRecord) {
        let server = Server { owner: record.owner.unwrap_or(sequence), seen: Instant::now() };
        self.servers.insert(name, server);
    }

    /// Some of what is done long enough that it can be removed from the stream by `me`: the sequences of an append and of
    /// what says that it is done. Empty when there is no more.
    pub(super) fn clean(&mut self, me: Owner, limit: usize) -> Vec<(u64, Vec<u64>)> {
        let mut removable = Vec::new();
        while removable.len() < limit
            && let Some((since, sequence, by)) = self.done.front().copied()
            && since.elapsed() >= DONE_STAYS_FOR
        {
            self.done.pop_front();
            if let Some(known) = self.remove(sequence)
                && (by == me || !self.is_there(by))
            {
                removable.push((sequence, known.ends));
            }
        }
        removable
    }

    // -- who may do what ------------------------------------------------------------------------

    /// Whether this server may still be at what it has taken.
    pub(super) fn is_there(&self, owner: Owner) -> bool {
        if owner > self.read {
            return true; // It has registered since.
        }
        let Some(server) = self.servers.values().find(|server| server.owner == owner) else { return false };
        let is_recent = |moment: Instant| moment.elapsed() < BELIEVED_FOR;
        let is_silent = self.heard.is_none_or(|heard| heard.elapsed() > SILENCE);
        is_recent(server.seen) || is_silent || self.attentive.is_none_or(is_recent)
    }

    /// Up to `limit` jobs that `me` may take, and when to look again if there are no more; `held` are those that `me` is at.
    pub(super) fn free(
        &self,
        limit: usize,
        me: Owner,
        now: u64,
        held: &HashSet<JobId>,
    ) -> (Vec<Free>, Option<Duration>) {
        let mut found = Vec::new();
        for id in &self.running {
            let entry = &self.jobs[id];
            let owner = entry.record.owner;
            if found.len() < limit && !held.contains(id) && (owner == me || !self.is_there(owner)) {
                found.extend(self.taken(*id, entry));
            }
        }
        for (due, id) in &self.waiting {
            if found.len() >= limit {
                return (found, Some(Duration::ZERO));
            }
            let courtesy = |owner: Owner| owner != 0 && owner != me && self.is_there(owner);
            let entry = &self.jobs[id];
            let due = due.saturating_add(if courtesy(entry.record.owner) { COURTESY_MILLIS } else { 0 });
            if due > now {
                if due - now > COURTESY_MILLIS {
                    return (found, Some(Duration::from_millis(due - now - COURTESY_MILLIS)));
                }
                continue;
            }
            if !held.contains(id) && self.has_its_turn(*id, entry) {
                found.extend(self.taken(*id, entry));
            }
        }
        (found, None)
    }

    /// It is the first of its lane, and none of that runs.
    fn has_its_turn(&self, id: JobId, entry: &Entry) -> bool {
        let Some(lane) = self.lane(id, entry).and_then(|lane| self.lanes.get(&lane)) else { return true };
        lane.first() == Some(&id) && !lane.iter().any(|other| self.running.contains(other))
    }

    fn taken(&self, id: JobId, entry: &Entry) -> Option<Free> {
        Some(Free { id, place: self.place(id, entry)?, record: entry.record.clone() })
    }

    pub(super) fn find(&self, id: JobId) -> Option<Free> {
        self.taken(id, self.jobs.get(&id)?)
    }

    fn place(&self, id: JobId, entry: &Entry) -> Option<Place> {
        let sequence = sequence_of(id);
        let known = self.appends.get(&sequence)?;
        Some(Place {
            name: known.name.clone(),
            sequence,
            index: entry.index,
            revision: entry.revision,
            handler: entry.handler.clone(),
            event: known.append.events.get(entry.event)?.clone(),
        })
    }

    fn lane(&self, id: JobId, entry: &Entry) -> Option<Lane> {
        let event = self.appends.get(&sequence_of(id))?.append.events.get(entry.event)?;
        (!event.call.is_empty()).then(|| (entry.handler.clone(), event.call.clone()))
    }

    // -- looking --------------------------------------------------------------------------------

    pub(super) fn counts(&self) -> Counts {
        let (waiting, running) = (self.waiting.len() as u64, self.running.len() as u64);
        Counts { waiting, running, dead: self.jobs.len() as u64 - waiting - running }
    }

    /// The jobs that match, oldest first, without their bodies.
    pub(super) fn list(&self, filter: &Filter) -> Vec<(Free, StoredJob)> {
        let matching = self.jobs.iter().filter_map(|(id, entry)| {
            let free = self.taken(*id, entry)?;
            let known = self.appends.get(&free.place.sequence)?;
            let (event, state) = (&free.place.event, free.record.state.shown()?);
            let is_meant = (filter.ids.is_empty() || filter.ids.contains(id))
                && filter.state.is_none_or(|wanted| wanted == state)
                && filter.kind.as_ref().is_none_or(|kind| *kind == event.kind)
                && filter.call_id.as_ref().is_none_or(|call| *call == event.call)
                && filter.handler.as_ref().is_none_or(|handler| *handler == free.place.handler);
            let job = is_meant.then(|| StoredJob {
                id: *id,
                handler: free.place.handler.clone(),
                kind: event.kind.clone(),
                call_id: event.call.clone(),
                state,
                attempts: free.record.attempts,
                last_error: free.record.error.clone(),
                appended: moment(known.append.at),
                next_try: (state == JobState::Waiting).then(|| moment(free.record.due)),
                body: bytes::Bytes::new(),
            })?;
            Some((free, job))
        });
        matching.take(filter.limit.unwrap_or(usize::MAX)).collect()
    }
}
