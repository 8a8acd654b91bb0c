//! The queue: events and where their jobs stand, in one stream.
//!
//! An append is one message under `PREFIX.queue.NAME.event`. Where its job number `n` stands is the last message under
//! `PREFIX.queue.NAME.n`, which is replaced only by who knows it: of two servers that take a job, the broker lets one.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use futures_util::{StreamExt, future::join_all, stream};
use tokio::{
    sync::watch,
    time::{Instant, timeout},
};

use super::{
    claims::Keys,
    log::{Draft, Log, PATIENCE, Written},
    record::{Append, Event, JobRecord, Owner, Standing, Trace, after, now, text},
    view::{Free, JOBS_PER_APPEND, View},
};
use crate::store::{Filter, Job, JobId, JobState, Leased, NewEvent, StoreError, StoredJob};

/// How often it is looked whether there is something of other servers. It costs nothing: it is known here.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// The longest error that is kept, in characters; a header of a message is short.
const LONGEST_ERROR: usize = 2000;
/// The longest record, in bytes: a broker takes no longer header.
const LONGEST_RECORD: usize = 60_000;
/// How many messages are read, or removed, at the same time.
const AT_A_TIME: usize = 16;

pub(super) struct Queue {
    pub(super) log: Log,
    pub(super) prefix: String,
    pub(super) me: watch::Sender<Owner>,
    view: Mutex<View>,
    /// Up to which sequence the view has been read.
    read: watch::Sender<u64>,
    /// Up to which sequence this server has appended.
    appended: watch::Sender<u64>,
    /// Appends of this server, by their sequences, of whose events all keys are noted.
    noted: Mutex<HashSet<u64>>,
    /// What this server is at, with the sequences of the messages that say so.
    held: Mutex<HashMap<JobId, u64>>,
    taking: tokio::sync::Mutex<()>,
}

impl Queue {
    pub(super) fn new(log: Log, prefix: String) -> Self {
        Self {
            log,
            prefix,
            me: watch::Sender::new(0),
            view: Mutex::default(),
            read: watch::Sender::new(0),
            appended: watch::Sender::new(0),
            noted: Mutex::default(),
            held: Mutex::default(),
            taking: tokio::sync::Mutex::default(),
        }
    }

    pub(super) fn view(&self) -> MutexGuard<'_, View> {
        // Nothing panics while it holds the lock.
        self.view.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn held(&self) -> MutexGuard<'_, HashMap<JobId, u64>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn noted(&self) -> MutexGuard<'_, HashSet<u64>> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All keys of the events of this append have been noted.
    pub(super) fn has_noted(&self, append: u64) {
        self.noted().insert(append);
    }

    /// The view has been read up to here.
    pub(super) fn has_read(&self, sequence: u64) {
        self.read.send_replace(sequence);
    }

    pub(super) fn me(&self) -> Owner {
        *self.me.borrow()
    }

    /// Writes under the subject of a server that there is not, to see whether that is possible.
    pub(super) async fn check(&self) -> Result<(), StoreError> {
        let draft = Draft { subject: format!("{}.servers.check", self.prefix), ..Draft::default() };
        self.log.write(&draft, Duration::ZERO).await.map(drop)
    }

    // -- append ---------------------------------------------------------------------------------

    /// Appends events, which are new. `id` is the same for the same events. Gives back the sequence of the append.
    pub(super) async fn append(&self, events: Vec<NewEvent>, id: String) -> Result<u64, StoreError> {
        let mut payload = Vec::new();
        let mut append = Append { by: self.me(), at: now(), events: Vec::new() };
        let mut last: Option<(Bytes, (usize, usize))> = None;
        let mut jobs = 0;
        for NewEvent { key, remembered_for, kind, call_id, body, trace, handlers } in events {
            // The calls of one delivery have its body in common.
            let place = match &last {
                Some((known, place)) if *known == body => *place,
                _ => (payload.len(), body.len()),
            };
            if place.0 == payload.len() {
                payload.extend_from_slice(&body);
            }
            last = Some((body, place));
            jobs += handlers.len();
            append.events.push(Event {
                key,
                kind,
                call: call_id,
                handlers,
                known_until: after(remembered_for),
                body: place,
                trace: trace.map(Trace::from),
            });
        }
        let record = text(&append);
        if record.len() > LONGEST_RECORD || jobs > JOBS_PER_APPEND {
            return Err(StoreError::new(format!(
                "{} events for {jobs} handlers came in one delivery, which are more than fit into one message of the broker",
                append.events.len()
            )));
        }
        let subject = format!("{}.queue.{:032x}.event", self.prefix, fastrand::u128(..));
        let draft = Draft { subject, record, payload: payload.into(), id: Some(id), ..Draft::default() };
        let Written::At(sequence) = self.log.write(&draft, PATIENCE).await? else {
            return Err(self.log.fails("another message has its subject"));
        };
        self.appended.send_if_modified(|last| {
            let is_later = sequence > *last;
            *last = sequence.max(*last);
            is_later
        });
        Ok(sequence)
    }

    /// Waits a while until what this server has appended is in the view.
    async fn catch_up(&self) {
        const AT_MOST: Duration = Duration::from_secs(2);
        let appended = *self.appended.borrow();
        // What somebody else has handled and removed in the meantime does not come any more.
        if timeout(AT_MOST, self.read.subscribe().wait_for(|read| *read >= appended)).await.is_err() {
            self.appended.send_if_modified(|last| {
                let is_the_same = *last == appended;
                *last = if is_the_same { 0 } else { *last };
                is_the_same
            });
        }
    }

    // -- jobs -----------------------------------------------------------------------------------

    /// Takes jobs; `seen` are the keys of events.
    pub(super) async fn lease(&self, limit: usize, seen: &Keys) -> Result<Leased, StoreError> {
        let _alone = self.taking.lock().await;
        self.catch_up().await;
        let held: HashSet<JobId> = self.held().keys().copied().collect();
        let (free, next) = self.view().free(limit, self.me(), now(), &held);
        let mut jobs = Vec::new();
        let mut failure = None;
        for taken in join_all(free.into_iter().map(|free| self.take(free, seen))).await {
            match taken {
                Ok(job) => jobs.extend(job),
                Err(error) => failure = Some(error),
            }
        }
        match failure {
            Some(failure) if jobs.is_empty() => Err(failure),
            _ => {
                jobs.sort_by_key(|job| job.id);
                Ok(Leased { jobs, next: Some(next.unwrap_or(LOOK_EVERY).min(LOOK_EVERY)) })
            }
        }
    }

    /// Takes a job, unless somebody else was quicker.
    async fn take(&self, free: Free, seen: &Keys) -> Result<Option<Job>, StoreError> {
        let me = self.me();
        let Free { id, place, record } = free;
        if record.attempts == 0 && !self.noted().contains(&place.sequence) {
            // Who has appended it may not have been able to note the key: it has ended, or the broker did not answer.
            seen.note(&place.event.key, place.event.known_until).await?;
        }
        // What this server has taken without hearing of it was not begun.
        let is_begun = record.state == Standing::Running && record.owner == me;
        let record = JobRecord {
            state: Standing::Running,
            attempts: record.attempts.saturating_add(u32::from(!is_begun)),
            owner: me,
            ..record
        };
        let attempt = record.attempts;
        let Some(revision) = self.replace(id, &place.name, place.index, place.revision, record).await? else {
            return Ok(None);
        };
        let Some(message) = self.log.at(place.sequence).await? else {
            // It was done, and what had said so is removed.
            self.view().forget(place.sequence);
            self.log.purge(format!("{}.queue.{}.>", self.prefix, place.name)).await?;
            return Ok(None);
        };
        self.held().insert(id, revision);
        let body = place.event.body_in(&message.payload);
        let Event { key, kind, trace, .. } = place.event;
        let trace = trace.and_then(Trace::read);
        Ok(Some(Job { id, handler: place.handler, key, kind, body, trace, attempt }))
    }

    /// Writes where a job stands now, if it still stands where the message `revision` says.
    async fn replace(
        &self,
        id: JobId,
        name: &str,
        index: usize,
        revision: u64,
        record: JobRecord,
    ) -> Result<Option<u64>, StoreError> {
        let subject = format!("{}.queue.{name}.{index}", self.prefix);
        let draft = Draft { subject, record: text(&record), replaces: Some(revision), ..Draft::default() };
        match self.log.write(&draft, PATIENCE).await? {
            Written::At(sequence) => {
                self.view().set_job(id, sequence, record);
                Ok(Some(sequence))
            }
            Written::Overtaken => {
                // It will be read from the stream too, but what is known now need not be tried again.
                match self.log.last(&draft.subject).await? {
                    Some(last) => {
                        if let Ok(record) = serde_json::from_str(&last.record) {
                            self.view().set_job(id, last.sequence, record);
                        }
                    }
                    None => self.view().forget(id.0 >> 16),
                }
                Ok(None)
            }
        }
    }

    /// Ends the lease of a job that this server has; nothing, if it has it no more.
    async fn end(&self, job: JobId, change: impl FnOnce(JobRecord) -> JobRecord) -> Result<(), StoreError> {
        let Some(revision) = self.held().get(&job).copied() else { return Ok(()) };
        let Some(Free { place, record, .. }) = self.view().find(job) else {
            self.held().remove(&job);
            return Ok(());
        };
        self.replace(job, &place.name, place.index, revision, change(record)).await?;
        self.held().remove(&job);
        Ok(())
    }

    pub(super) async fn finish(&self, job: JobId) -> Result<(), StoreError> {
        let owner = self.me();
        self.end(job, |record| JobRecord { state: Standing::Done, owner, error: None, ..record }).await
    }

    pub(super) async fn fail(&self, job: JobId, error: &str, retry: Option<Duration>) -> Result<(), StoreError> {
        let error = Some(error.chars().take(LONGEST_ERROR).collect());
        self.end(job, |record| match retry {
            Some(retry) => JobRecord { state: Standing::Waiting, due: after(retry), error, ..record },
            None => JobRecord { state: Standing::Dead, error, ..record },
        })
        .await
    }

    pub(super) async fn give_back(&self, jobs: Vec<JobId>) -> Result<(), StoreError> {
        let back = |record: JobRecord| JobRecord {
            state: Standing::Waiting,
            attempts: record.attempts.saturating_sub(1),
            owner: 0,
            ..record
        };
        join_all(jobs.into_iter().map(|job| self.end(job, back))).await.into_iter().collect()
    }

    // -- looking --------------------------------------------------------------------------------

    pub(super) async fn counts(&self) -> crate::store::Counts {
        self.catch_up().await;
        self.view().counts()
    }

    pub(super) async fn list(&self, filter: &Filter) -> Result<Vec<StoredJob>, StoreError> {
        self.catch_up().await;
        let found = self.view().list(filter);
        let read = found.into_iter().map(async |(free, job): (Free, StoredJob)| {
            let message = self.log.at(free.place.sequence).await?;
            Ok(message.map(|message| StoredJob { body: free.place.event.body_in(&message.payload), ..job }))
        });
        let read: Vec<Result<Option<StoredJob>, StoreError>> = stream::iter(read).buffered(AT_A_TIME).collect().await;
        read.into_iter().filter_map(Result::transpose).collect()
    }

    /// Changes the dead letters that match; gives back how many.
    pub(super) async fn change_dead(
        &self,
        filter: &Filter,
        change: impl Fn(JobRecord) -> JobRecord,
    ) -> Result<u64, StoreError> {
        self.catch_up().await;
        if filter.state.is_some_and(|state| state != JobState::Dead) {
            return Ok(0);
        }
        let filter = Filter { state: Some(JobState::Dead), ..filter.clone() };
        let found = self.view().list(&filter);
        let mut count = 0;
        for (Free { id, place, record }, _) in found {
            count +=
                u64::from(self.replace(id, &place.name, place.index, place.revision, change(record)).await?.is_some());
        }
        Ok(count)
    }

    pub(super) async fn replay(&self, filter: &Filter) -> Result<u64, StoreError> {
        self.change_dead(filter, |record| JobRecord {
            state: Standing::Waiting,
            attempts: 0,
            due: now(),
            owner: 0,
            ..record
        })
        .await
    }

    pub(super) async fn discard(&self, filter: &Filter) -> Result<u64, StoreError> {
        let owner = self.me();
        self.change_dead(filter, |record| JobRecord { state: Standing::Done, owner, error: None, ..record }).await
    }

    /// Removes from the stream what is done, for a while. By its sequence: a broker looks for a subject in all that it has.
    pub(super) async fn clean(&self) -> Result<(), StoreError> {
        const SOME: usize = 500;
        const FOR: Duration = Duration::from_secs(2);
        let until = Instant::now() + FOR;
        {
            let view = self.view();
            self.noted().retain(|append| view.may_hold(*append));
        }
        while Instant::now() < until {
            let some = self.view().clean(self.me(), SOME);
            if some.is_empty() {
                break;
            }
            let removals = some.into_iter().map(async |(append, ends): (u64, Vec<u64>)| {
                // First the events: what says that they are done must not be gone before.
                self.log.remove(append).await?;
                for end in ends {
                    self.log.remove(end).await?;
                }
                Ok(())
            });
            stream::iter(removals)
                .buffer_unordered(AT_A_TIME)
                .collect::<Vec<_>>()
                .await
                .into_iter()
                .collect::<Result<(), StoreError>>()?;
        }
        Ok(())
    }
}
