//! What a store reads back, as nobody has written it: rows of the SQLite file, and records in the broker's stream. Never a
//! panic, an answer each time, and the store goes on.

#![no_main]

use std::{cell::RefCell, env, fs, path::PathBuf, process, time::Duration};

use arbitrary::{Arbitrary, Unstructured};
use hms_webhook::{
    __fuzzing::{read_key, read_queue},
    TraceContext,
    store::{Filter, JobId, NewEvent, Sqlite, Store},
};
use libfuzzer_sys::fuzz_target;
use rusqlite::Connection;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

#[derive(Debug, Arbitrary)]
enum Input {
    Rows { claims: Vec<ClaimRow>, events: Vec<EventRow>, jobs: Vec<JobRow>, then: Vec<Then> },
    Records { messages: Vec<Record>, payload: Vec<u8>, me: Small, now: u64, limit: u8 },
    Key(Vec<u8>),
}

/// Mostly a small number, so that rows fit together.
#[derive(Debug, Clone, Copy)]
struct Small(i64);

impl<'a> Arbitrary<'a> for Small {
    fn arbitrary(bytes: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        Ok(Self(match bytes.int_in_range(0..=9)? {
            0 => bytes.arbitrary()?,
            1 => *bytes.choose(&[i64::MIN, -1, i64::MAX, u32::MAX.into(), 1 << 48, i64::MAX - 1, 1 << 16])?,
            small => small - 2,
        }))
    }
}

/// Mostly one of a few texts.
#[derive(Debug)]
struct Text(Vec<u8>);

impl<'a> Arbitrary<'a> for Text {
    fn arbitrary(bytes: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        Ok(Self(match bytes.int_in_range(0..=6)? {
            0 => bytes.arbitrary()?,
            1 => Vec::new(),
            _ => bytes.choose(&["a", "b", "call", "ä"])?.as_bytes().to_owned(),
        }))
    }
}

impl Text {
    fn lossy(&self) -> String {
        String::from_utf8_lossy(&self.0).into_owned()
    }
}

#[derive(Debug, Arbitrary)]
struct ClaimRow {
    key: Text,
    state: u8,
    earlier: Small,
    until: Small,
    result: Option<Text>,
    expires: Small,
}

#[derive(Debug, Arbitrary)]
struct EventRow {
    id: Small,
    key: Text,
    kind: Text,
    call: Text,
    body: Text,
    appended: Small,
    trace: Option<(Trace, Option<Text>)>,
}

/// Mostly a sound `traceparent`.
#[derive(Debug)]
struct Trace(Text);

impl<'a> Arbitrary<'a> for Trace {
    fn arbitrary(bytes: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        Ok(Self(match bytes.int_in_range(0..=2)? {
            0 => bytes.arbitrary()?,
            _ => Text(b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_vec()),
        }))
    }
}

#[derive(Debug, Arbitrary)]
struct JobRow {
    id: Small,
    event: Small,
    handler: Text,
    call: Text,
    state: u8,
    head: Small,
    attempts: Small,
    due: Small,
    error: Option<Text>,
}

#[derive(Debug, Arbitrary)]
enum Then {
    Claim(Text),
    Keep(Text),
    Release(Text),
    Append { key: Text, call: Text, trace: Option<Trace> },
    Lease(u8),
    Finish(Small),
    Fail { job: Small, retry: Option<u64> },
    GiveBack(Small),
    Replay,
    Discard,
}

#[derive(Debug, Arbitrary)]
enum Record {
    Append { name: u8, by: Small, at: Small, events: Vec<StoredEvent> },
    Job { name: u8, index: Small, state: u8, attempts: Small, due: Small, owner: Small },
    Server { name: u8, owner: Option<Small>, nonce: u64 },
    Raw { subject: String, record: String },
    Removed,
}

#[derive(Debug, Arbitrary)]
struct StoredEvent {
    kind: Text,
    call: Text,
    handlers: Vec<Text>,
    /// Where it begins in the payload, and its length.
    body: (Small, Small),
    trace: Option<(Trace, Option<Text>)>,
}

fuzz_target!(|input: Input| {
    match input {
        Input::Rows { claims, events, jobs, then } => rows(&claims, &events, &jobs, &then),
        Input::Records { messages, payload, me, now, limit } => {
            let messages: Vec<_> = messages.iter().map(message).collect();
            read_queue(&messages, &payload, me.0.unsigned_abs(), now, limit.into());
        }
        Input::Key(record) => {
            read_key(&record);
        }
    }
});

// -- SQLite -----------------------------------------------------------------------------------

struct Files {
    folder: PathBuf,
    /// A new store's file.
    empty: Vec<u8>,
    runtime: Runtime,
    /// How many there have been. Each gets a name of its own, since the thread of the one before may still be at that.
    count: u64,
}

thread_local! {
    static FILES: RefCell<Files> = RefCell::new(Files::new());
}

impl Files {
    fn new() -> Self {
        // In memory, where there is such a folder: every case syncs its file.
        let memory = PathBuf::from("/dev/shm");
        let base = if memory.is_dir() { memory } else { env::temp_dir() };
        let folder = base.join(format!("hms-webhook-fuzz-{}", process::id()));
        let path = folder.join("empty.sqlite3");
        let store = Sqlite::open(&path).expect("a new file");
        let connection = Connection::open(&path).expect("it is one of SQLite's");
        connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").expect("nobody else is at it");
        drop((connection, store));
        let empty = fs::read(&path).expect("it can be read");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        Self { folder, empty, runtime, count: 0 }
    }
}

fn rows(claims: &[ClaimRow], events: &[EventRow], jobs: &[JobRow], then: &[Then]) {
    FILES.with_borrow_mut(|files| {
        files.count += 1;
        let name = format!("{}.sqlite3", files.count);
        let path = files.folder.join(&name);
        fs::write(&path, &files.empty).expect("the folder can be written");
        fill(&path, claims, events, jobs);
        let store = Sqlite::open(&path).expect("its header is ours");
        files.runtime.block_on(async {
            for step in then {
                take(&store, step).await;
            }
            let counts = store.counts().await.expect("counting reads nothing that may be wrong");
            if let Ok(listed) = store.list(&Filter::default()).await {
                assert!(listed.len() as u64 <= counts.waiting + counts.running + counts.dead);
            }
            store.check().await.expect("the store goes on");
        });
        for ending in ["", "-wal", "-shm", ".lock"] {
            let _ = fs::remove_file(files.folder.join(format!("{name}{ending}")));
        }
    });
}

/// Rows that break a rule of the tables are left out.
fn fill(path: &PathBuf, claims: &[ClaimRow], events: &[EventRow], jobs: &[JobRow]) {
    let connection = Connection::open(path).expect("it is one of SQLite's");
    connection
        .execute_batch("PRAGMA foreign_keys = OFF; PRAGMA synchronous = OFF; BEGIN")
        .expect("these are its pragmas");
    let statement = |text: &str| connection.prepare(text).expect("the tables have these columns");
    let text = "CAST(? AS TEXT)";

    let mut insert = statement(&format!(
        "INSERT INTO claims (key, state, earlier, until, result, expires) VALUES ({text}, ?, ?, ?, {text}, ?)"
    ));
    for ClaimRow { key, state, earlier, until, result, expires } in claims {
        let state = ["running", "released", "kept"][usize::from(*state) % 3];
        let result = result.as_ref().map(|text| &text.0);
        let _ = insert.execute((&key.0, state, earlier.0, until.0, result, expires.0));
    }

    let mut insert = statement(&format!(
        "INSERT INTO events (id, key, kind, call_id, body, appended, traceparent, tracestate)
         VALUES (?, {text}, {text}, {text}, ?, ?, {text}, {text})"
    ));
    for EventRow { id, key, kind, call, body, appended, trace } in events {
        let parent = trace.as_ref().map(|(parent, _)| &parent.0.0);
        let state = trace.as_ref().and_then(|(_, state)| state.as_ref()).map(|text| &text.0);
        let _ = insert.execute((id.0, &key.0, &kind.0, &call.0, &body.0, appended.0, parent, state));
    }

    let mut insert = statement(&format!(
        "INSERT INTO jobs (id, event, handler, call_id, state, head, attempts, due, last_error)
         VALUES (?, ?, {text}, {text}, ?, ?, ?, ?, {text})"
    ));
    for JobRow { id, event, handler, call, state, head, attempts, due, error } in jobs {
        let state = ["waiting", "running", "dead"][usize::from(*state) % 3];
        let error = error.as_ref().map(|text| &text.0);
        let _ = insert.execute((id.0, event.0, &handler.0, &call.0, state, head.0, attempts.0, due.0, error));
    }
    connection.execute_batch("COMMIT").expect("nothing else holds the file");
}

/// What is asked of a store may fail because of a row; the store lives on.
async fn take(store: &Sqlite, step: &Then) {
    let minute = Duration::from_secs(60);
    let job = |number: &Small| JobId(number.0.unsigned_abs());
    match step {
        Then::Claim(key) => drop(store.claim(&key.lossy(), minute).await),
        Then::Keep(key) => drop(store.keep(&key.lossy(), "{}", minute).await),
        Then::Release(key) => drop(store.release(&key.lossy(), minute).await),
        Then::Append { key, call, trace } => {
            let event = NewEvent {
                key: key.lossy(),
                remembered_for: minute,
                kind: "status-update".into(),
                call_id: call.lossy(),
                body: "{}".into(),
                trace: trace.as_ref().and_then(|parent| TraceContext::parse(&parent.0.lossy())),
                handlers: vec!["a".into(), "b".into()],
            };
            drop(store.append(vec![event]).await);
        }
        Then::Lease(limit) => {
            if let Ok(leased) = store.lease((*limit).into()).await {
                assert!(leased.jobs.len() <= usize::from(*limit));
            }
        }
        Then::Finish(number) => drop(store.finish(job(number)).await),
        Then::Fail { job: number, retry } => {
            drop(store.fail(job(number), "broken", retry.map(Duration::from_millis)).await);
        }
        Then::GiveBack(number) => drop(store.give_back(vec![job(number)]).await),
        Then::Replay => drop(store.replay(&Filter::default()).await),
        Then::Discard => drop(store.discard(&Filter::default()).await),
    }
}

// -- the broker's stream ----------------------------------------------------------------------

fn message(record: &Record) -> (String, Option<String>) {
    let number = |number: &Small| number.0.unsigned_abs();
    match record {
        Record::Append { name, by, at, events } => {
            let events: Vec<Value> = events
                .iter()
                .map(|StoredEvent { kind, call, handlers, body: (begin, length), trace }| {
                    json!({
                        "key": "k", "kind": kind.lossy(), "call": call.lossy(),
                        "handlers": handlers.iter().map(Text::lossy).collect::<Vec<_>>(),
                        "body": [number(begin), number(length)],
                        "trace": trace.as_ref().map(|(parent, state)| {
                            json!({ "parent": parent.0.lossy(), "state": state.as_ref().map(Text::lossy) })
                        }),
                    })
                })
                .collect();
            let record = json!({ "by": number(by), "at": number(at), "events": events });
            (format!("queue.{}.event", name % 4), Some(record.to_string()))
        }
        Record::Job { name, index, state, attempts, due, owner } => {
            let state = ["waiting", "running", "dead", "done"][usize::from(*state) % 4];
            let record = json!({
                "state": state, "attempts": number(attempts), "due": number(due), "owner": number(owner),
            });
            (format!("queue.{}.{}", name % 4, number(index)), Some(record.to_string()))
        }
        Record::Server { name, owner, nonce } => {
            let record = json!({ "owner": owner.as_ref().map(number), "nonce": nonce });
            (format!("servers.{}", name % 4), Some(record.to_string()))
        }
        Record::Raw { subject, record } => (subject.clone(), Some(record.clone())),
        Record::Removed => (String::new(), None),
    }
}
