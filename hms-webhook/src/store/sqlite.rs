//! A store in one SQLite file.

mod columns;
mod file;
mod statements;
mod writer;

use std::{
    fmt,
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use rusqlite::Connection;

use super::{Claim, Counts, Filter, JobId, Leased, NewEvent, Store, StoreError, StoreFuture, StoredJob};
use file::Access;
use writer::Writer;

/// A store in one SQLite file: what it has returned `Ok` for survives a crash and a power cut.
///
/// One thread writes. It commits everything that waits for it in one transaction, which is synced to the disk before any
/// of it is reported as done (`journal_mode=WAL`, `synchronous=FULL`). Any SQLite tool can read the file meanwhile.
///
/// A file belongs to one server at a time; the jobs of a handler about one phone call come in their order.
///
/// ```no_run
/// use hms_webhook::{App, EndOfCallReport, end_of_call_report, handlers, store::Sqlite};
///
/// #[end_of_call_report]
/// async fn file_report(report: EndOfCallReport) {
///     println!("{}: {}", report.call.id, report.summary.as_deref().unwrap_or_default());
/// }
///
/// let app = App::new().handlers(handlers![file_report]).store(Sqlite::open("/var/lib/desk/events.sqlite3")?);
/// # Ok::<_, hms_webhook::store::StoreError>(())
/// ```
pub struct Sqlite {
    path: PathBuf,
    writer: Writer,
}

impl Sqlite {
    /// Opens the file for a server, and makes it where there is none. What an earlier server had begun and not finished
    /// waits again from now on.
    ///
    /// # Errors
    /// When another server uses the file, when it is damaged, is something else or of a newer version (it is left
    /// untouched then), and when it cannot be written. Damage is looked for everywhere in a file of up to 16 MiB; in a
    /// larger one, what opening does not read is found when it is used, and what needs it fails then.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::with_access(path.as_ref(), Access::Server)
    }

    /// Opens the file of a server that may be running, to look into it and to replay or discard dead letters.
    ///
    /// # Errors
    /// When there is no such file, and as [`open`](Self::open), except that a running server is no hindrance.
    pub fn open_beside_a_server(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::with_access(path.as_ref(), Access::Visitor)
    }

    fn with_access(path: &Path, access: Access) -> Result<Self, StoreError> {
        let file = file::open(path, access)?;
        Ok(Self { path: path.to_owned(), writer: Writer::start(file)? })
    }

    /// Changes the dead letters that match, some at a time, so that a server whose file it is can write in between. They
    /// are looked for without a lock, as that may take long where few match.
    async fn change_dead(&self, filter: &Filter, change: ChangeDead) -> Result<u64, StoreError> {
        const AT_A_TIME: usize = 2000;
        const PAUSE: Duration = Duration::from_millis(50);
        let (mut after, mut count) = (0, 0);
        loop {
            let left = filter.limit.map_or(usize::MAX, |limit| limit.saturating_sub(count));
            let wanted = left.min(AT_A_TIME);
            let some = Filter { limit: Some(wanted), ..filter.clone() };
            let found = self.writer.look(move |connection| statements::dead(connection, &some, after)).await?;
            let Some(last) = found.last().copied() else { return Ok(count as u64) };
            let is_all = found.len() < AT_A_TIME;
            count += self.writer.ask(move |connection| change(connection, &found)).await?;
            if is_all {
                return Ok(count as u64);
            }
            after = last;
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Limits the file's size, in pages of 4096 bytes. Beyond it, nothing can be appended: for tests of a full disk.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn limit_pages(&self, pages: u32) -> Result<(), StoreError> {
        self.writer.ask(move |connection| connection.pragma_update(None, "max_page_count", pages)).await
    }
}

/// Changes those of these jobs that are dead letters still; gives back how many.
type ChangeDead = fn(&Connection, &[i64]) -> rusqlite::Result<usize>;

impl fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sqlite").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Store for Sqlite {
    fn claim<'a>(&'a self, key: &'a str, lease: Duration) -> StoreFuture<'a, Claim> {
        let key = key.to_owned();
        self.writer.ask(move |connection| statements::claim(connection, &key, lease))
    }

    fn keep<'a>(&'a self, key: &'a str, result: &'a str, time_to_live: Duration) -> StoreFuture<'a, ()> {
        let (key, result) = (key.to_owned(), result.to_owned());
        self.writer.ask(move |connection| statements::end_claim(connection, &key, Some(&result), time_to_live))
    }

    fn release<'a>(&'a self, key: &'a str, time_to_live: Duration) -> StoreFuture<'a, ()> {
        let key = key.to_owned();
        self.writer.ask(move |connection| statements::end_claim(connection, &key, None, time_to_live))
    }

    fn append(&self, events: Vec<NewEvent>) -> StoreFuture<'_, ()> {
        self.writer.ask(move |connection| events.iter().try_for_each(|event| statements::append(connection, event)))
    }

    fn lease(&self, limit: usize) -> StoreFuture<'_, Leased> {
        self.writer.ask(move |connection| statements::lease(connection, limit))
    }

    fn finish(&self, job: JobId) -> StoreFuture<'_, ()> {
        self.writer.ask(move |connection| statements::finish(connection, job))
    }

    fn fail<'a>(&'a self, job: JobId, error: &'a str, retry: Option<Duration>) -> StoreFuture<'a, ()> {
        let error = error.to_owned();
        self.writer.ask(move |connection| statements::fail(connection, job, &error, retry))
    }

    fn give_back(&self, jobs: Vec<JobId>) -> StoreFuture<'_, ()> {
        self.writer.ask(move |connection| jobs.iter().try_for_each(|job| statements::give_back(connection, *job)))
    }

    fn list<'a>(&'a self, filter: &'a Filter) -> StoreFuture<'a, Vec<StoredJob>> {
        let filter = filter.clone();
        self.writer.look(move |connection| statements::list(connection, &filter))
    }

    fn counts(&self) -> StoreFuture<'_, Counts> {
        self.writer.look(statements::counts)
    }

    fn replay<'a>(&'a self, filter: &'a Filter) -> StoreFuture<'a, u64> {
        Box::pin(self.change_dead(filter, statements::replay))
    }

    fn discard<'a>(&'a self, filter: &'a Filter) -> StoreFuture<'a, u64> {
        Box::pin(self.change_dead(filter, statements::discard))
    }

    fn check(&self) -> StoreFuture<'_, ()> {
        self.writer.ask(statements::check)
    }

    fn describe(&self) -> String {
        format!("sqlite:{}", self.path.display())
    }
}

/// Milliseconds since 1970, as the file has them.
fn now() -> i64 {
    millis(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// `wait` from now; a time too long for the clock never comes.
fn after(wait: Duration) -> i64 {
    now().saturating_add(millis(wait))
}
