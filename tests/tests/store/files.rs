//! The file of the store on disk: whose it is, what survives, and that it stays small.

use std::{fs, time::Duration};

use hms_webhook::store::{Claim, Counts, Filter, JobState, Sqlite, Store};
use rusqlite::Connection;

use crate::{events::event, place};

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
    // The process ends without another word.
    drop(store);

    let store = Sqlite::open(&path).unwrap();
    assert_eq!(store.counts().await.unwrap(), Counts { waiting: 3, running: 0, dead: 0 }, "leases are void");
    let again = store.lease(10).await.unwrap().jobs;
    assert_eq!(again.iter().map(|job| job.attempt).collect::<Vec<_>>(), [2, 2], "an interrupted attempt counts");
    assert_eq!(store.claim("tool", LONG).await.unwrap(), Claim::Kept(r#"{"status":"shipped"}"#.into()));
    assert_eq!(store.claim("interrupted", LONG).await.unwrap(), Claim::Granted { earlier: 1 });
    store.append(vec![event("a", "call-1")]).await.unwrap();
    assert_eq!(store.counts().await.unwrap().waiting + store.counts().await.unwrap().running, 3, "a is known");
}

#[tokio::test]
async fn a_store_that_was_dropped_has_left_one_whole_file() {
    let (folder, path) = place();
    for round in 0..20 {
        // Nobody else has the file any more, so that it can be opened at once.
        let store = Sqlite::open(&path).unwrap();
        store.append(vec![event(&format!("{round}"), "")]).await.unwrap();
        drop(store);
        let copy = folder.path().join(format!("copy-{round}"));
        fs::copy(&path, &copy).unwrap();
        let copied = Sqlite::open(&copy).unwrap();
        assert_eq!(copied.counts().await.unwrap().waiting, round + 1, "nothing is in a file beside it");
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

#[cfg(unix)]
#[tokio::test]
async fn one_server_at_a_time_by_whatever_name() {
    let (folder, path) = place();
    let _store = Sqlite::open(&path).unwrap();
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    let error = Sqlite::open(&link).unwrap_err().to_string();
    assert!(error.contains("in use by another server"), "{error}");
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_can_read_what_is_kept() {
    use std::os::unix::fs::PermissionsExt;

    let (folder, _) = place();
    let path = folder.path().join("made/events.sqlite3");
    let store = Sqlite::open(&path).unwrap();
    store.append(vec![event("a", "call-1")]).await.unwrap();
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    for name in ["events.sqlite3", "events.sqlite3-wal", "events.sqlite3-shm"] {
        assert_eq!(mode(&path.with_file_name(name)), 0o600, "{name}");
    }
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
async fn a_file_of_the_first_version_is_taken_over() {
    let (_folder, path) = place();
    let first = format!(
        "PRAGMA application_id = 0x484d5357; PRAGMA user_version = 1; {}
         INSERT INTO events (id, key, kind, call_id, body, appended) VALUES (1, 'k', 'status-update', '', x'7b7d', 0);
         INSERT INTO jobs (id, event, handler, call_id, state, head, attempts, due)
             VALUES (7, 1, 'log', '', 'running', 1, 1, 0);",
        include_str!("../../../hms-webhook/src/store/sqlite/1-tables.sql")
    );
    Connection::open(&path).unwrap().execute_batch(&first).unwrap();
    let store = Sqlite::open(&path).unwrap();
    let job = store.lease(10).await.unwrap().jobs.remove(0);
    assert_eq!((job.id.0, job.attempt, job.trace, &job.body[..]), (7, 2, None, &b"{}"[..]));
}

#[tokio::test]
async fn a_damaged_file_is_refused_and_left_alone() {
    let (_folder, path) = place();
    let store = Sqlite::open(&path).unwrap();
    store.append((0..200).map(|index| event(&index.to_string(), "")).collect()).await.unwrap();
    drop(store);

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
    let store = Sqlite::open(&path).unwrap();
    let dead = Filter { state: Some(JobState::Dead), ..Filter::default() };
    let listed = store.list(&dead).await.unwrap();
    assert_eq!(listed[0].last_error.as_deref(), Some("hopeless"));
    assert_eq!(listed[0].body, "the body of a");
}

/// Texts that are none and numbers out of all bounds, as a failing disk or somebody's tool leaves them: what can be read of
/// such a row is used, and neither it nor those beside it are held up.
#[tokio::test]
async fn a_row_that_nobody_has_written_holds_nothing_up() {
    let (_folder, path) = place();
    let store = Sqlite::open(&path).unwrap();
    store.append(["a", "b", "c"].map(|key| event(key, key)).into()).await.unwrap();
    store.claim("tool", Duration::ZERO).await.unwrap();
    store.keep("kept", "{}", LONG).await.unwrap();
    let beside = Connection::open(&path).unwrap();
    beside
        .execute_batch(
            "UPDATE jobs SET attempts = 4294967295, last_error = CAST(x'666f80' AS TEXT) WHERE id = 1;
             UPDATE events SET kind = CAST(x'ff' AS TEXT), appended = 9223372036854775807 WHERE id = 2;
             UPDATE jobs SET attempts = -7, due = -9223372036854775808 WHERE id = 3;
             UPDATE claims SET earlier = 4294967295 WHERE key = 'tool';
             UPDATE claims SET earlier = -1, result = CAST(x'7b80' AS TEXT) WHERE key = 'kept';",
        )
        .unwrap();

    let listed = store.list(&Filter::default()).await.unwrap();
    assert_eq!(listed.iter().map(|job| job.attempts).collect::<Vec<_>>(), [u32::MAX, 0, 0]);
    assert_eq!(listed[0].last_error.as_deref(), Some("fo\u{fffd}"));
    let leased = store.lease(10).await.unwrap().jobs;
    let mut attempts: Vec<_> = leased.iter().map(|job| (job.key.as_str(), job.attempt)).collect();
    attempts.sort_unstable();
    assert_eq!(attempts, [("a", u32::MAX), ("b", 1), ("c", 1)]);
    assert_eq!(store.claim("tool", LONG).await.unwrap(), Claim::Granted { earlier: u32::MAX });
    assert_eq!(store.claim("kept", LONG).await.unwrap(), Claim::Kept("{\u{fffd}".into()));
    for job in leased {
        store.finish(job.id).await.unwrap();
    }
    assert_eq!(store.counts().await.unwrap(), Counts::default());
}

#[tokio::test]
async fn many_dead_letters_are_dropped_and_replayed_beside_a_server() {
    const MANY: u64 = 9000;
    let (_folder, path) = place();
    let store = Sqlite::open(&path).unwrap();
    let sql = format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {MANY})
         INSERT INTO events (key, kind, call_id, body, appended) SELECT i, 'status-update', '', '{{}}', 0 FROM n;
         INSERT INTO jobs (event, handler, call_id, state, head, attempts, due) SELECT id, 'log', '', 'dead', 0, 1, 0 FROM events"
    )
    .replace("'{}'", "x'7b7d'");
    Connection::open(&path).unwrap().execute_batch(&sql).unwrap();
    let visitor = Sqlite::open_beside_a_server(&path).unwrap();
    let (all, few) = (Filter::default(), Filter { limit: Some(10), ..Filter::default() });
    assert_eq!(visitor.discard(&few).await.unwrap(), 10);
    assert_eq!(visitor.replay(&all).await.unwrap(), MANY - 10);
    assert_eq!(store.counts().await.unwrap(), Counts { waiting: MANY - 10, running: 0, dead: 0 });
}

#[tokio::test]
async fn who_looks_on_does_not_need_the_lock_of_who_writes() {
    let (_folder, path) = place();
    let store = Sqlite::open(&path).unwrap();
    store.append(vec![event("1", "c-1")]).await.unwrap();
    let job = store.lease(1).await.unwrap().jobs.remove(0);
    store.fail(job.id, "no", None).await.unwrap();

    let writing = Connection::open(&path).unwrap();
    writing.execute_batch("BEGIN IMMEDIATE").unwrap();
    let visitor = Sqlite::open_beside_a_server(&path).unwrap();
    assert_eq!(visitor.counts().await.unwrap(), Counts { waiting: 0, running: 0, dead: 1 });
    assert_eq!(visitor.list(&Filter::default()).await.unwrap().len(), 1);
    let nothing = Filter { kind: Some("nothing".into()), ..Filter::default() };
    assert_eq!(visitor.discard(&nothing).await.unwrap(), 0);
    assert_eq!(visitor.replay(&nothing).await.unwrap(), 0);
    writing.execute_batch("ROLLBACK").unwrap();
    assert_eq!(visitor.discard(&Filter::default()).await.unwrap(), 1);
}

#[tokio::test]
async fn a_file_with_a_damaged_page_is_refused_untouched() {
    let (_folder, path) = place();
    {
        let store = Sqlite::open(&path).unwrap();
        store.append((0..400).map(|index| event(&index.to_string(), "c-1")).collect()).await.unwrap();
    }
    let mut bytes = std::fs::read(&path).unwrap();
    let half = bytes.len() / 2;
    bytes[half..].fill(0x5a);
    std::fs::write(&path, &bytes).unwrap();
    let error = Sqlite::open(&path).unwrap_err().to_string();
    assert!(error.contains("is damaged"), "{error}");
    assert!(std::fs::read(&path).unwrap() == bytes, "it was written to");
}
