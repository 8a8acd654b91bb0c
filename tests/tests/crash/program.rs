//! The program that is killed: its handlers and its tool have an effect that outlives it, a line in a journal.
//!
//! With `CRASH_ACKNOWLEDGE_EARLY`, its store says that something is kept before it is. That is the mistake that the
//! test has to notice.

use std::{fs::OpenOptions, io::Write, sync::Arc, time::Duration};

use hms_webhook::{
    App, Call, EndOfCallReport, StatusUpdate, ToolError, end_of_call_report, status_update,
    store::{Claim, Counts, Filter, JobId, Leased, NewEvent, Sqlite, Store, StoreFuture, StoredJob},
    tool,
};

/// How much later than it says the early store keeps something.
const BEHIND: Duration = Duration::from_millis(30);

// A kill interrupts what runs, and that counts as an attempt: there are many kills here.
#[status_update(tries = 100)]
async fn note(update: StatusUpdate) -> std::io::Result<()> {
    pause().await;
    journal("handled", &update.context.call.id)
}

#[end_of_call_report(tries = 100)]
async fn file(report: EndOfCallReport) -> std::io::Result<()> {
    pause().await;
    journal("handled", &report.context.call.id)
}

/// Book something, once.
#[tool]
async fn book(call: &Call) -> Result<String, ToolError> {
    let id = call.tool_call_id().unwrap_or_default();
    pause().await;
    journal("effect", id).map_err(ToolError::internal)?;
    pause().await;
    Ok(id.to_owned())
}

/// So that kills meet what has begun and has not ended.
async fn pause() {
    tokio::time::sleep(Duration::from_millis(2)).await;
}

/// One write to a file that is only appended to: it is there as a whole or not at all.
fn journal(what: &str, id: &str) -> std::io::Result<()> {
    let path = std::env::var_os("CRASH_JOURNAL").ok_or(std::io::ErrorKind::NotFound)?;
    OpenOptions::new().append(true).open(path)?.write_all(format!("{what} {id}\n").as_bytes())
}

#[tokio::main]
async fn main() -> hms_webhook::Result<()> {
    let mut app = App::discover();
    if let Some(path) = std::env::var_os("CRASH_ACKNOWLEDGE_EARLY") {
        let store = Sqlite::open(path).map_err(std::io::Error::other)?;
        app = app.store(Early(Arc::new(store)));
    }
    app.run().await
}

/// A store that is wrong: events and results are committed a while after it has said that they are.
#[derive(Debug)]
struct Early(Arc<Sqlite>);

impl Store for Early {
    fn append(&self, events: Vec<NewEvent>) -> StoreFuture<'_, ()> {
        let store = self.0.clone();
        tokio::spawn(async move {
            tokio::time::sleep(BEHIND).await;
            let _ = store.append(events).await;
        });
        Box::pin(async { Ok(()) })
    }

    fn keep<'a>(&'a self, key: &'a str, result: &'a str, time_to_live: Duration) -> StoreFuture<'a, ()> {
        let (store, key, result) = (self.0.clone(), key.to_owned(), result.to_owned());
        tokio::spawn(async move {
            tokio::time::sleep(BEHIND).await;
            let _ = store.keep(&key, &result, time_to_live).await;
        });
        Box::pin(async { Ok(()) })
    }

    fn claim<'a>(&'a self, key: &'a str, lease: Duration) -> StoreFuture<'a, Claim> {
        self.0.claim(key, lease)
    }

    fn release<'a>(&'a self, key: &'a str, time_to_live: Duration) -> StoreFuture<'a, ()> {
        self.0.release(key, time_to_live)
    }

    fn lease(&self, limit: usize) -> StoreFuture<'_, Leased> {
        self.0.lease(limit)
    }

    fn finish(&self, job: JobId) -> StoreFuture<'_, ()> {
        self.0.finish(job)
    }

    fn fail<'a>(&'a self, job: JobId, error: &'a str, retry: Option<Duration>) -> StoreFuture<'a, ()> {
        self.0.fail(job, error, retry)
    }

    fn give_back(&self, jobs: Vec<JobId>) -> StoreFuture<'_, ()> {
        self.0.give_back(jobs)
    }

    fn list<'a>(&'a self, filter: &'a Filter) -> StoreFuture<'a, Vec<StoredJob>> {
        self.0.list(filter)
    }

    fn counts(&self) -> StoreFuture<'_, Counts> {
        self.0.counts()
    }

    fn replay<'a>(&'a self, filter: &'a Filter) -> StoreFuture<'a, u64> {
        self.0.replay(filter)
    }

    fn discard<'a>(&'a self, filter: &'a Filter) -> StoreFuture<'a, u64> {
        self.0.discard(filter)
    }

    fn check(&self) -> StoreFuture<'_, ()> {
        self.0.check()
    }

    fn describe(&self) -> String {
        self.0.describe()
    }
}
