//! What the stores do: acknowledgements a second, a restart with events that wait, and how large the file becomes.
//!
//! `cargo run --release -p bench-store` prints a table. The folder is that of `TMPDIR`: choose one on the disk that counts.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use hms_webhook::store::{Memory, NewEvent, Sqlite, Store};
use rusqlite::Connection;

const CONNECTIONS: usize = 64;
const SLOT: Duration = Duration::from_millis(500);
const ROUNDS: usize = 9;
const BODY: usize = 600;

fn event(key: String) -> NewEvent {
    NewEvent {
        remembered_for: Duration::from_secs(3600),
        kind: "status-update".into(),
        call_id: key.clone(),
        key,
        body: vec![b'x'; BODY].into(),
        trace: None,
        handlers: vec!["note_status".into()],
    }
}

/// Appends from many tasks for a slot, one event each time; gives back how many a second.
async fn appends(store: &Arc<dyn Store>, round: usize) -> f64 {
    let start = Instant::now();
    let tasks: Vec<_> = (0..CONNECTIONS)
        .map(|connection| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut count = 0;
                while start.elapsed() < SLOT {
                    store.append(vec![event(format!("{round}-{connection}-{count}"))]).await.expect("there is room");
                    count += 1;
                }
                count
            })
        })
        .collect();
    let mut count = 0;
    for task in tasks {
        count += task.await.expect("no append panics");
    }
    count as f64 / start.elapsed().as_secs_f64()
}

/// One synced commit for each event, as a program by hand would do it.
fn by_hand(path: &Path) -> f64 {
    let connection = Connection::open(path).expect("a file can be made");
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL").expect("settings");
    connection
        .execute_batch("CREATE TABLE IF NOT EXISTS events (id INTEGER PRIMARY KEY, key TEXT UNIQUE, body BLOB)")
        .expect("a table");
    let (start, body) = (Instant::now(), vec![b'x'; BODY]);
    let mut count = 0;
    let base: i64 = connection.query_row("SELECT count(*) FROM events", [], |row| row.get(0)).expect("a count");
    while start.elapsed() < SLOT {
        connection
            .execute(
                "INSERT INTO events (key, body) VALUES (?1, ?2)",
                rusqlite::params![format!("{}", base + count), body],
            )
            .expect("there is room");
        count += 1;
    }
    count as f64 / start.elapsed().as_secs_f64()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

async fn drain(store: &Arc<dyn Store>) {
    loop {
        let jobs = store.lease(1000).await.expect("jobs can be leased").jobs;
        if jobs.is_empty() {
            return;
        }
        let mut finishes = Vec::new();
        for job in jobs {
            let store = store.clone();
            finishes.push(tokio::spawn(async move { store.finish(job.id).await }));
        }
        for finish in finishes {
            finish.await.expect("no finish panics").expect("a job can be finished");
        }
    }
}

async fn open(path: &Path) -> (Arc<dyn Store>, Duration) {
    for _ in 0..200 {
        let start = Instant::now();
        if let Ok(store) = Sqlite::open(path) {
            return (Arc::new(store), start.elapsed());
        }
        // The thread of the one before still lets go of the file.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the file stays in use");
}

fn megabytes(path: &Path) -> f64 {
    std::fs::metadata(path).map_or(0.0, |data| data.len() as f64 / 1e6)
}

/// What this process has in memory, in MB; 0 where there is no `/proc`.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<f64>().ok()).unwrap_or_default() / 1e3
}

/// A million events, each appended and handled, and none of them remembered afterwards.
async fn a_million(store: &Arc<dyn Store>) -> Duration {
    let start = Instant::now();
    for batch in 0..1000 {
        let forgotten = |event: NewEvent| NewEvent { remembered_for: Duration::ZERO, ..event };
        store
            .append((0..1000).map(|index| forgotten(event(format!("m {batch} {index}")))).collect())
            .await
            .expect("room");
        drain(store).await;
    }
    start.elapsed()
}

#[tokio::main]
async fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("events.sqlite3");
    let memory: Arc<dyn Store> = Arc::new(Memory::with_capacity(50_000_000));
    let (sqlite, _) = open(&file).await;
    let (mut on_disk, mut in_memory, mut hand) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        on_disk.push(appends(&sqlite, round).await);
        hand.push(by_hand(&folder.path().join("by-hand.sqlite3")));
        in_memory.push(appends(&memory, round).await);
    }
    let ratios = |one: &[f64], other: &[f64]| median(one.iter().zip(other).map(|(one, other)| one / other).collect());
    println!("acknowledgements a second, {CONNECTIONS} at a time, bodies of {BODY} bytes (medians of {ROUNDS} rounds)");
    println!("  one synced commit each, by hand  {:>10.0}", median(hand.clone()));
    println!(
        "  store on disk                    {:>10.0}   {:.1} times by hand",
        median(on_disk.clone()),
        ratios(&on_disk, &hand)
    );
    println!(
        "  store in memory                  {:>10.0}   {:.1} times the disk",
        median(in_memory.clone()),
        ratios(&in_memory, &on_disk)
    );

    drain(&sqlite).await;
    for batch in 0..10 {
        sqlite.append((0..1000).map(|index| event(format!("pending {batch} {index}"))).collect()).await.expect("room");
    }
    drop(sqlite);
    let (sqlite, opened) = open(&file).await;
    let start = Instant::now();
    let first = sqlite.lease(1).await.expect("jobs can be leased").jobs.len();
    println!(
        "restart with 10,000 events waiting: open {opened:.1?}, first of them ({first}) after {:.1?}",
        opened + start.elapsed()
    );
    drain(&sqlite).await;

    drop(memory);
    let memory: Arc<dyn Store> = Arc::new(Memory::new());
    for (name, store) in [("on disk", &sqlite), ("in memory", &memory)] {
        let (file_before, before) = (megabytes(&file), resident());
        let time = a_million(store).await;
        let (file_after, after) = (megabytes(&file), resident());
        println!(
            "a million events appended and handled {name} in {time:.0?}: resident memory {before:.0} MB before, {after:.0} MB after; the file {file_before:.0} MB, {file_after:.0} MB"
        );
    }

    for batch in 0..1000 {
        sqlite.append((0..1000).map(|index| event(format!("d {batch} {index}"))).collect()).await.expect("room");
        let jobs = sqlite.lease(1000).await.expect("jobs can be leased").jobs;
        let mut fails = Vec::new();
        for job in jobs {
            let store = sqlite.clone();
            fails.push(tokio::spawn(async move { store.fail(job.id, "hopeless", None).await }));
        }
        for fail in fails {
            fail.await.expect("no fail panics").expect("a job can fail");
        }
    }
    drop(sqlite);
    let (sqlite, opened) = open(&file).await;
    let start = Instant::now();
    sqlite.append(vec![event("after".into())]).await.expect("room");
    sqlite.lease(1).await.expect("jobs can be leased");
    println!(
        "start with a million dead letters ({:.0} MB): open {opened:.1?}, first event handled {:.1?} later",
        megabytes(&file),
        start.elapsed()
    );
}
