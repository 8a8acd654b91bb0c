//! The file of the store on disk: whose it is, what survives, and that it stays small.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use hms_webhook::store::{Claim, Counts, Filter, JobState, Sqlite, Store};
use rusqlite::Connection;

use crate::{event, place};

const LONG: Duration = Duration::from_secs(600);

#[tokio::test]
async fn what_was_reported_as_done_is_there_after_a_restart() {
    let (_folder, path) = place();
    let store = Sqlite::open(&path).unwrap();
    store.append(vec![event("a", "call-1"), event("b", "call-1"), event("c", "call-2")]).await.unwrap();
    store.claim("tool", LONG).await.unwrap();
    store.keep("tool", r#"{"status":"shipped"}"#, LONG).await.unwrap();
    store.claim("interrupted", LONG).await.unwrap();
    let leased = store.lease(10).await.unwrap().jobs;
    assert_eq!(leased.len(), 2, "one of each call");
    // The process ends without another word; its thread may still be at the file for a moment.
    drop(store);

    let store = reopen(&path).await;
    assert_eq!(store.counts().await.unwrap(), Counts { waiting: 3, running: 0, dead: 0 }, "leases are void");
    let again = store.lease(10).await.unwrap().jobs;
    assert_eq!(again.iter().map(|job| job.attempt).collect::<Vec<_>>(), [2, 2], "an interrupted attempt counts");
    assert_eq!(store.claim("tool", LONG).await.unwrap(), Claim::Kept(r#"{"status":"shipped"}"#.into()));
    assert_eq!(store.claim("interrupted", LONG).await.unwrap(), Claim::Granted { earlier: 1 });
    store.append(vec![event("a", "call-1")]).await.unwrap();
    assert_eq!(store.counts().await.unwrap().waiting + store.counts().await.unwrap().running, 3, "a is known");
}

/// Opens a file that this process has just let go of.
async fn reopen(path: &Path) -> Sqlite {
    let started = Instant::now();
    loop {
        match Sqlite::open(path) {
            Ok(store) => return store,
            Err(error) if started.elapsed() < Duration::from_secs(10) => {
                assert!(error.to_string().contains("in use by another server"), "{error}");
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test]
async fn one_server_at_a_time() {
    let (_folder, path) = place();
    let store = Sqlite::open(&path).unwrap();
    let error = Sqlite::open(&path).unwrap_err().to_string();
    assert!(error.contains("in use by another server"), "{error}");
    assert!(error.contains(&std::process::id().to_string()), "it says which: {error}");
    // Somebody who only looks is welcome.
    store.append(vec![event("a", "call-1")]).await.unwrap();
    let visitor = Sqlite::open_beside_a_server(&path).unwrap();
    assert_eq!(visitor.list(&Filter::default()).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_replay_from_beside_reaches_the_server() {
    let (_folder, path) = place();
    let store = Sqlite::open(&path).unwrap();
    store.append(vec![event("a", "call-1"), event("b", "call-1")]).await.unwrap();
    let job = store.lease(1).await.unwrap().jobs.remove(0);
    store.fail(job.id, "hopeless", None).await.unwrap();
    let visitor = Sqlite::open_beside_a_server(&path).unwrap();
    assert_eq!(visitor.counts().await.unwrap(), Counts { waiting: 1, running: 0, dead: 1 });
    let leased = store.lease(1).await.unwrap();
    assert!(leased.next.is_some_and(|next| next <= Duration::from_secs(2)), "the server looks again by itself");
    assert_eq!(visitor.replay(&Filter::default()).await.unwrap(), 1);
    assert_eq!(store.lease(10).await.unwrap().jobs, [], "what came later is running already");
    store.finish(leased.jobs[0].id).await.unwrap();
    assert_eq!(store.lease(10).await.unwrap().jobs[0].id, job.id);
}

#[test]
fn what_is_not_ours_is_refused_and_left_alone() {
    let (_folder, path) = place();
    let refuse = |what: &str| {
        let before = fs::read(&path).unwrap();
        let error = Sqlite::open(&path).unwrap_err().to_string();
        assert!(error.contains(what) && !error.contains('\n'), "{error}");
        assert!(fs::read(&path).unwrap() == before, "it was touched");
    };
    fs::write(&path, "a letter to the bank").unwrap();
    refuse("is no SQLite file");
    fs::write(&path, [b'x'; 5000]).unwrap();
    refuse("is no SQLite file");
    fs::write(&path, b"SQLite format 3\0").unwrap();
    refuse("is no SQLite file");

    fs::remove_file(&path).unwrap();
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE recipes (name TEXT)").unwrap();
    refuse("belongs to another program");

    fs::remove_file(&path).unwrap();
    let newer = "PRAGMA application_id = 0x484d5357; PRAGMA user_version = 99; CREATE TABLE jobs (id INTEGER)";
    Connection::open(&path).unwrap().execute_batch(newer).unwrap();
    refuse("newer version");
}

#[tokio::test]
async fn a_damaged_file_is_refused_and_left_alone() {
    let (_folder, path) = place();
    let store = Sqlite::open(&path).unwrap();
    store.append((0..200).map(|index| event(&index.to_string(), "")).collect()).await.unwrap();
    drop(store);
    drop(reopen(&path).await);
    // The last connection has taken the log into the file by now, or does so here.
    let connection = Connection::open(&path).unwrap();
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    drop(connection);

    let mut bytes = fs::read(&path).unwrap();
    assert!(bytes.len() > 20_000);
    bytes[100..8192].fill(0xa5);
    fs::write(&path, &bytes).unwrap();
    let error = Sqlite::open(&path).unwrap_err().to_string();
    assert!(error.contains("is damaged") && error.contains(".recover"), "{error}");
    assert!(fs::read(&path).unwrap() == bytes, "it was touched");
}

#[tokio::test]
async fn any_sqlite_tool_can_read_it() {
    let (_folder, path) = place();
    let store = Sqlite::open(&path).unwrap();
    store.append(vec![event("a", "call-1")]).await.unwrap();
    let connection = Connection::open(&path).unwrap();
    let row: (String, String, String, String) = connection
        .query_row(
            "SELECT handler, state, kind, cast(body AS TEXT) FROM jobs JOIN events ON events.id = event",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
        )
        .unwrap();
    assert_eq!(row, ("log".into(), "waiting".into(), "status-update".into(), "the body of a".into()));
    let mode: String = connection.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
    assert_eq!(mode, "wal");
}

#[tokio::test]
async fn the_file_does_not_grow_with_what_is_done() {
    let (_folder, path) = place();
    let store = Sqlite::open(&path).unwrap();
    let mut sizes = Vec::new();
    for round in 0..6 {
        for batch in 0..10 {
            let events = (0..200).map(|index| event(&format!("{round}-{batch}-{index}"), ""));
            store
                .append(
                    events
                        .map(|event| hms_webhook::store::NewEvent { remembered_for: Duration::ZERO, ..event })
                        .collect(),
                )
                .await
                .unwrap();
            let leased = store.lease(200).await.unwrap().jobs;
            assert_eq!(leased.len(), 200);
            for job in leased {
                store.finish(job.id).await.unwrap();
            }
        }
        sizes.push(fs::metadata(&path).unwrap().len());
    }
    assert_eq!(store.counts().await.unwrap(), Counts::default());
    assert!(sizes[5] <= sizes[1] + 2_000_000, "{sizes:?}");
}

#[tokio::test]
async fn a_dead_letter_is_kept_until_somebody_decides() {
    let (_folder, path) = place();
    let store = Sqlite::open(&path).unwrap();
    store.append(vec![event("a", "call-1")]).await.unwrap();
    let job = store.lease(1).await.unwrap().jobs.remove(0);
    store.fail(job.id, "hopeless", None).await.unwrap();
    drop(store);
    let store = reopen(&path).await;
    let dead = Filter { state: Some(JobState::Dead), ..Filter::default() };
    let listed = store.list(&dead).await.unwrap();
    assert_eq!(listed[0].last_error.as_deref(), Some("hopeless"));
    assert_eq!(listed[0].body, "the body of a");
}
