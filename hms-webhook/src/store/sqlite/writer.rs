//! The one thread that writes: it commits everything that waits for it at once.
//!
//! A commit that is synced to the disk takes long beside everything else. Whatever comes in meanwhile waits together, and
//! goes into the next transaction together, so that the disk limits how long one answer takes, not how many there are.

use std::{
    sync::mpsc::{self, Receiver, RecvTimeoutError, Sender},
    thread,
    time::{Duration, Instant},
};

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::oneshot;
use tracing::warn;

use super::{
    file::{OpenFile, explained},
    statements,
};
use crate::store::{StoreError, StoreFuture};

/// The most that one transaction does, so that nobody waits for thousands of others.
const BATCH: usize = 1024;
/// How long those are waited for who are about to ask.
const GATHER_FOR: Duration = Duration::from_micros(300);
const CLEAN_EVERY: Duration = Duration::from_secs(10);

/// Asks the thread to do things. The thread ends with the last of these.
pub(super) struct Writer {
    requests: Sender<Box<dyn Request>>,
}

impl Writer {
    pub(super) fn start(file: OpenFile) -> Result<Self, StoreError> {
        let (requests, waiting) = mpsc::channel();
        thread::Builder::new()
            .name("hms-webhook-store".into())
            .spawn(move || write(file, &waiting))
            .map_err(|error| StoreError::new("the thread that writes events cannot start").because(error))?;
        Ok(Self { requests })
    }

    /// Lets the thread do `work` and waits until it is committed. `work` may be run a second time, by itself, after
    /// something else in the same transaction has failed.
    pub(super) fn ask<'a, T: Send + 'static>(
        &self,
        work: impl FnMut(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> StoreFuture<'a, T> {
        let (reply, answer) = oneshot::channel();
        let sent = self.requests.send(Box::new(Asked { work, done: None, reply }));
        Box::pin(async move {
            let ended = || StoreError::new("the thread that writes events has ended: restart the server");
            sent.map_err(|_| ended())?;
            answer.await.map_err(|_| ended())?
        })
    }
}

/// Something to do in a transaction, and somebody who waits for it.
trait Request: Send {
    fn run(&mut self, connection: &Connection) -> rusqlite::Result<()>;
    fn answer(self: Box<Self>, failure: Option<StoreError>);
}

struct Asked<T, W> {
    work: W,
    done: Option<T>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T: Send, W: FnMut(&Connection) -> rusqlite::Result<T> + Send> Request for Asked<T, W> {
    fn run(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        self.done = Some((self.work)(connection)?);
        Ok(())
    }

    fn answer(self: Box<Self>, failure: Option<StoreError>) {
        let outcome = match (failure, self.done) {
            (Some(failure), _) => Err(failure),
            (None, Some(done)) => Ok(done),
            (None, None) => Err(StoreError::new("this was not done")),
        };
        // Whoever asked may have gone; it is done all the same.
        let _ = self.reply.send(outcome);
    }
}

fn write(mut file: OpenFile, waiting: &Receiver<Box<dyn Request>>) {
    let mut cleaned = Instant::now();
    let mut last = 1;
    loop {
        match waiting.recv_timeout(CLEAN_EVERY) {
            Ok(first) => {
                let batch = gather(first, waiting, last);
                last = batch.len();
                commit(&mut file, batch);
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        if cleaned.elapsed() >= CLEAN_EVERY {
            match clean(&file.connection) {
                Ok(true) => {} // There is more; go on after the next batch.
                Ok(false) => cleaned = Instant::now(),
                Err(error) => {
                    warn!(cause = %error, "the events' file cannot be cleaned up");
                    cleaned = Instant::now();
                }
            }
        }
    }
}

/// What waits with `first`. Those who were answered a moment ago are about to ask again, so as many as in the `last`
/// transaction are waited for; a little, beside what a sync takes, and not at all where one asks at a time.
fn gather(first: Box<dyn Request>, waiting: &Receiver<Box<dyn Request>>, last: usize) -> Vec<Box<dyn Request>> {
    let mut batch = vec![first];
    batch.extend(waiting.try_iter().take(BATCH - 1));
    let until = Instant::now() + GATHER_FOR;
    while batch.len() < last {
        match waiting.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(request) => batch.push(request),
            Err(_) => break,
        }
    }
    batch
}

fn clean(connection: &Connection) -> rusqlite::Result<bool> {
    let more = statements::clean(connection)?;
    statements::shrink(connection)?;
    Ok(more)
}

fn commit(file: &mut OpenFile, mut batch: Vec<Box<dyn Request>>) {
    match try_commit(file, &mut batch) {
        Ok(()) => batch.into_iter().for_each(|request| request.answer(None)),
        Err(failure) if batch.len() == 1 => {
            if let Some(request) = batch.pop() {
                request.answer(Some(failure));
            }
        }
        // One of them may be what failed: each gets a transaction of its own.
        Err(_) => batch.into_iter().for_each(|request| commit(file, vec![request])),
    }
}

fn try_commit(file: &mut OpenFile, batch: &mut [Box<dyn Request>]) -> Result<(), StoreError> {
    let OpenFile { connection, identity, .. } = file;
    let path = identity.path.clone();
    let mut all = || -> rusqlite::Result<Result<(), StoreError>> {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for request in batch.iter_mut() {
            request.run(&transaction)?;
        }
        if let Err(gone) = identity.check() {
            return Ok(Err(gone)); // Dropping the transaction undoes it.
        }
        transaction.commit()?;
        Ok(Ok(()))
    };
    all().map_err(|error| explained(&path, error))?
}
