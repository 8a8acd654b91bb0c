//! A disk that is full, a folder that is gone, a file that cannot be written: nothing is reported as done that is not.

use std::{fs, os::unix::fs::PermissionsExt, time::Duration};

use bytes::Bytes;
use hms_webhook::store::{Claim, NewEvent, Sqlite, Store};

use crate::{events::event, place};

fn large(key: &str) -> NewEvent {
    NewEvent { body: Bytes::from(vec![b'x'; 100_000]), ..event(key, "") }
}

#[tokio::test]
async fn a_full_disk_takes_nothing_and_recovers() {
    let (_folder, path) = place();
    let store = Sqlite::open(&path).unwrap();
    store.append(vec![event("small", "")]).await.unwrap();
    store.limit_pages(100).await.unwrap();
    let mut taken = 0;
    let error = loop {
        match store.append(vec![large(&format!("large {taken}"))]).await {
            Ok(()) => taken += 1,
            Err(error) => break error.to_string(),
        }
        assert!(taken < 100, "100 pages hold no hundred large events");
    };
    assert!(error.contains("the disk is full"), "{error}");
    assert_eq!(store.counts().await.unwrap().waiting, taken + 1, "exactly what was reported as done is there");

    store.limit_pages(100_000).await.unwrap();
    store.append(vec![large(&format!("large {taken}"))]).await.unwrap();
    assert_eq!(
        store.counts().await.unwrap().waiting,
        taken + 2,
        "there is room again, and what failed was not remembered"
    );
}

#[tokio::test]
async fn one_failure_does_not_fail_those_who_wait_with_it() {
    let (_folder, path) = place();
    let store = Sqlite::open(&path).unwrap();
    store.limit_pages(60).await.unwrap();
    // They are asked at the same time, so they share transactions; only the large ones do not fit.
    let huge = NewEvent { body: Bytes::from(vec![b'x'; 400_000]), ..event("huge", "") };
    let (first, failed, second) =
        tokio::join!(store.append(vec![event("a", "")]), store.append(vec![huge]), store.append(vec![event("b", "")]));
    assert!(first.is_ok() && second.is_ok(), "{first:?} {second:?}");
    assert!(failed.unwrap_err().to_string().contains("the disk is full"));
    assert_eq!(store.counts().await.unwrap().waiting, 2);
}

#[tokio::test]
async fn a_vanished_file_takes_nothing() {
    let (folder, path) = place();
    let store = Sqlite::open(&path).unwrap();
    store.append(vec![event("a", "")]).await.unwrap();
    fs::remove_dir_all(folder.path()).unwrap();
    let error = store.append(vec![event("b", "")]).await.unwrap_err().to_string();
    assert!(error.contains("was deleted or moved"), "{error}");
    assert!(store.check().await.is_err());
}

#[tokio::test]
async fn another_file_in_its_place_takes_nothing() {
    let (_folder, path) = place();
    let store = Sqlite::open(&path).unwrap();
    fs::rename(&path, path.with_extension("old")).unwrap();
    fs::write(&path, "").unwrap();
    assert!(store.append(vec![event("b", "")]).await.unwrap_err().to_string().contains("was deleted or moved"));
}

#[test]
fn a_folder_that_cannot_be_made_is_said_at_the_start() {
    let (folder, _) = place();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let error = Sqlite::open(file.join("events.sqlite3")).unwrap_err().to_string();
    assert!(error.contains("in a folder that cannot be made"), "{error}");
}

#[test]
fn a_read_only_file_is_said_at_the_start() {
    let (_folder, path) = place();
    drop(Sqlite::open(&path).unwrap());
    fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
    match Sqlite::open(&path) {
        // Permissions do not bind the superuser.
        Ok(_) if fs::OpenOptions::new().append(true).open(&path).is_ok() => {}
        Ok(_) => panic!("a file that cannot be written was opened"),
        Err(error) => assert!(error.to_string().contains("cannot be written"), "{error}"),
    }
}

#[tokio::test]
async fn a_claim_that_was_not_committed_is_not_granted() {
    let (folder, path) = place();
    let store = Sqlite::open(&path).unwrap();
    assert_eq!(store.claim("a", Duration::from_secs(9)).await.unwrap(), Claim::Granted { earlier: 0 });
    fs::remove_dir_all(folder.path()).unwrap();
    assert!(store.claim("b", Duration::from_secs(9)).await.is_err());
    assert!(store.keep("a", "{}", Duration::from_secs(9)).await.is_err());
}

#[tokio::test]
async fn who_asks_while_another_program_holds_the_file_is_refused_after_one_wait() {
    let (_folder, path) = place();
    let store = Sqlite::open(&path).unwrap();
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let began = std::time::Instant::now();
    let keys = ["a", "b", "c", "d"];
    let [first, rest @ ..] = keys.map(|key| store.append(vec![event(key, "")]));
    for refused in [first.await].into_iter().chain(futures::future::join_all(rest).await) {
        let error = refused.unwrap_err().to_string();
        assert!(error.contains("is held by another program"), "{error}");
    }
    // One wait of ten seconds for what came first, and one for all that came meanwhile.
    assert!(began.elapsed() < Duration::from_secs(28), "{:?}", began.elapsed());
    other.execute_batch("ROLLBACK").unwrap();
    store.append(vec![event("a", "")]).await.unwrap();
}
