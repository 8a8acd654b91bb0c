//! The one thread that writes: it commits everything that waits for it at once.
//!
//! A commit that is synced to the disk takes long beside everything else. Whatever comes in meanwhile waits together, and
//! goes into the next transaction together, so that the disk limits how long one answer takes, not how many there are.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
        mpsc::{self, Receiver, RecvTimeoutError, Sender},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::oneshot;
use tracing::warn;

use super::{
    file::{OpenFile, explained},
    statements,
};
use crate::{
    error::chain,
    store::{StoreError, StoreFuture},
};

/// The most that one transaction does, so that nobody waits for thousands of others.
const BATCH: usize = 1024;
/// How long those are waited for who are about to ask.
const GATHER_FOR: Duration = Duration::from_micros(300);
const CLEAN_EVERY: Duration = Duration::from_secs(10);
/// How long a file that somebody else has locked is waited for, when the server is about to end.
const LAST_WAIT: Duration = Duration::from_millis(500);

/// Asks the thread to do things. The thread ends with this.
pub(super) struct Writer {
    /// Always there, until this is dropped.
    requests: Option<Sender<Box<dyn Request>>>,
    is_ending: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(file: OpenFile) -> Result<Self, StoreError> {
        let (requests, waiting) = mpsc::channel();
        let is_ending = Arc::<AtomicBool>::default();
        let ending = is_ending.clone();
        let thread = thread::Builder::new()
            .name("hms-webhook-store".into())
            .spawn(move || write(file, &waiting, &ending))
            .map_err(|error| StoreError::new("the thread that writes events cannot start").because(error))?;
        Ok(Self { requests: Some(requests), is_ending, thread: Some(thread) })
    }

    /// Lets the thread do `work` and waits until it is committed. `work` may be run a second time, by itself, after
    /// something else in the same transaction has failed.
    pub(super) fn ask<'a, T: Send + 'static>(
        &self,
        work: impl FnMut(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> StoreFuture<'a, T> {
        self.send(work, false)
    }

    /// Lets the thread do `work`, which only reads. Nobody who writes the file is in its way, nor it in theirs.
    pub(super) fn look<'a, T: Send + 'static>(
        &self,
        work: impl FnMut(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> StoreFuture<'a, T> {
        self.send(work, true)
    }

    fn send<'a, T: Send + 'static>(
        &self,
        work: impl FnMut(&Connection) -> rusqlite::Result<T> + Send + 'static,
        only_reads: bool,
    ) -> StoreFuture<'a, T> {
        let (reply, answer) = oneshot::channel();
        let request: Box<dyn Request> = Box::new(Asked { work, only_reads, done: None, reply });
        let is_sent = self.requests.as_ref().is_some_and(|requests| requests.send(request).is_ok());
        Box::pin(async move {
            let ended = || StoreError::new("the thread that writes events has ended: restart the server");
            if !is_sent {
                return Err(ended());
            }
            answer.await.map_err(|_| ended())?
        })
    }
}

/// What was asked for is done first. Then the log beside the file is taken into it, and others may open it.
impl Drop for Writer {
    fn drop(&mut self) {
        self.is_ending.store(true, Relaxed);
        self.requests = None;
        // A panic of the thread was printed when it happened.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// Something to do in a transaction, and somebody who waits for it.
trait Request: Send {
    fn only_reads(&self) -> bool;
    fn run(&mut self, connection: &Connection) -> rusqlite::Result<()>;
    fn answer(self: Box<Self>, failure: Option<StoreError>);
}

struct Asked<T, W> {
    work: W,
    only_reads: bool,
    done: Option<T>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T: Send, W: FnMut(&Connection) -> rusqlite::Result<T> + Send> Request for Asked<T, W> {
    fn only_reads(&self) -> bool {
        self.only_reads
    }

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

fn write(mut file: OpenFile, waiting: &Receiver<Box<dyn Request>>, is_ending: &AtomicBool) {
    let mut cleaned = Instant::now();
    let mut last = 1;
    loop {
        match waiting.recv_timeout(CLEAN_EVERY) {
            Ok(first) => {
                let batch = gather(first, waiting, last);
                last = batch.len();
                let (reads, writes): (Vec<_>, Vec<_>) = batch.into_iter().partition(|request| request.only_reads());
                if is_ending.load(Relaxed) {
                    // A wait that cannot be shortened is only longer.
                    let _ = file.connection.busy_timeout(LAST_WAIT);
                }
                if !writes.is_empty() {
                    commit(&mut file, writes);
                }
                reads.into_iter().for_each(|request| read(&mut file, request));
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        if cleaned.elapsed() >= CLEAN_EVERY && !is_ending.load(Relaxed) {
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
        // Nobody's own fault; each by itself would wait as long again.
        Err(failure) if failure.is_of_all => {
            let text = chain(&failure.error);
            batch.into_iter().for_each(|request| request.answer(Some(StoreError::new(text.clone()))));
        }
        Err(failure) if batch.len() == 1 => {
            if let Some(request) = batch.pop() {
                request.answer(Some(failure.error));
            }
        }
        // One of them may be what failed: each gets a transaction of its own.
        Err(_) => batch.into_iter().for_each(|request| commit(file, vec![request])),
    }
}

/// Sees the file as it was at one moment, which needs no lock that keeps others from writing.
fn read(file: &mut OpenFile, mut request: Box<dyn Request>) {
    let OpenFile { connection, identity, .. } = file;
    let done = connection.transaction_with_behavior(TransactionBehavior::Deferred).and_then(|view| request.run(&view));
    request.answer(done.err().map(|error| explained(&identity.path, error)));
}

/// Why nothing of a batch was committed.
struct Failure {
    error: StoreError,
    /// The transaction could not even begin.
    is_of_all: bool,
}

fn try_commit(file: &mut OpenFile, batch: &mut [Box<dyn Request>]) -> Result<(), Failure> {
    let OpenFile { connection, identity, .. } = file;
    let path = identity.path.clone();
    let failed = |is_of_all| move |error: StoreError| Failure { error, is_of_all };
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(|error| failed(true)(explained(&path, error)))?;
    let all = || -> rusqlite::Result<Result<(), StoreError>> {
        for request in batch.iter_mut() {
            request.run(&transaction)?;
        }
        if let Err(gone) = identity.check() {
            return Ok(Err(gone)); // Dropping the transaction undoes it.
        }
        transaction.commit()?;
        Ok(Ok(()))
    };
    all().map_err(|error| explained(&path, error)).and_then(|done| done).map_err(failed(false))
}

#[cfg(test)]
mod tests {
    use std::{env, fs, process, sync::Arc};

    use super::*;
    use crate::store::sqlite::file::{self, Access};

    /// Many ask at once, so that they share transactions, and some of them fail after they have written something. Who is
    /// told of success finds the own row committed, seen from another connection; who is told of failure finds none.
    #[test]
    fn an_answer_comes_after_the_commit_and_a_failure_is_its_own() {
        let folder = env::temp_dir().join(format!("hms-webhook-writer-{}", process::id()));
        let path = folder.join("events.sqlite3");
        let open = file::open(&path, Access::Server).unwrap();
        open.connection.execute_batch("CREATE TABLE marks (mark INTEGER PRIMARY KEY)").unwrap();
        let writer = Arc::new(Writer::start(open).unwrap());
        let askers: Vec<_> = (0..16)
            .map(|asker: i64| {
                let (writer, path) = (writer.clone(), path.clone());
                thread::spawn(move || {
                    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
                    let beside = file::open(&path, Access::Visitor).unwrap().connection;
                    for round in 0..40 {
                        let mark = asker * 1000 + round;
                        let fails = (asker + round) % 5 == 0;
                        let answer = runtime.block_on(writer.ask(move |connection| {
                            connection.execute("INSERT INTO marks VALUES (?)", [mark])?;
                            if fails { Err(rusqlite::Error::QueryReturnedNoRows) } else { Ok(mark) }
                        }));
                        let seen: i64 = beside
                            .query_row("SELECT count(*) FROM marks WHERE mark = ?", [mark], |row| row.get(0))
                            .unwrap();
                        assert_eq!(answer.is_ok(), !fails);
                        assert_eq!(seen, i64::from(!fails), "mark {mark}");
                        assert!(answer.is_err() || answer.is_ok_and(|answered| answered == mark));
                    }
                })
            })
            .collect();
        for asker in askers {
            asker.join().unwrap();
        }
        drop(writer);
        fs::remove_dir_all(folder).unwrap();
    }
}
