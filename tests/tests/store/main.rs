//! Stores: what each has to promise, and what becomes of the file of the one on disk.

#![allow(clippy::unwrap_used)]

mod broken;
mod events;
mod failures;
mod files;
mod simulation;

use std::{cell::Cell, path::PathBuf, time::Duration};

use hms_webhook::{
    store::{Memory, NewEvent, Sqlite, Store},
    testing::store_conformance,
};

use crate::events::event;

/// A folder that is removed in the end, and the path of a file in it.
fn place() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.sqlite3");
    (folder, path)
}

#[tokio::test(start_paused = true)]
async fn memory_keeps_the_promises() {
    store_conformance(async || Memory::new()).await;
}

#[tokio::test]
async fn sqlite_keeps_the_promises() {
    let folder = tempfile::tempdir().unwrap();
    let count = Cell::new(0);
    store_conformance(async || {
        count.set(count.get() + 1);
        Sqlite::open(folder.path().join(format!("{}.sqlite3", count.get()))).unwrap()
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn memory_is_bounded() {
    let store = Memory::with_capacity(3);
    store.append((0..3).map(|index| event(&index.to_string(), "")).collect()).await.unwrap();
    let error = store.append(vec![event("one-too-many", "")]).await.unwrap_err();
    assert!(error.to_string().contains("capacity"), "{error}");
    let job = store.lease(1).await.unwrap().jobs.remove(0);
    store.finish(job.id).await.unwrap();
    store.append(vec![event("one-too-many", "")]).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn memory_that_is_full_forgets_the_oldest_results_and_nothing_that_runs() {
    use hms_webhook::store::Claim;

    let (store, long) = (Memory::with_capacity(10), Duration::from_secs(600));
    store.claim("runs", long).await.unwrap();
    for index in 0..30 {
        let key = format!("done {index}");
        store.claim(&key, long).await.unwrap();
        store.keep(&key, "{}", long).await.unwrap();
    }
    assert_eq!(store.claim("runs", long).await.unwrap(), Claim::Running);
    assert_eq!(store.claim("done 29", long).await.unwrap(), Claim::Kept("{}".into()));
    assert!(matches!(store.claim("done 0", long).await.unwrap(), Claim::Granted { .. }));
}

#[tokio::test(start_paused = true)]
async fn memory_forgets_nothing_that_runs_however_much_that_is() {
    use hms_webhook::store::Claim;

    let (store, long) = (Memory::with_capacity(10), Duration::from_secs(600));
    for index in 0..1_000 {
        store.claim(&format!("runs {index}"), long).await.unwrap();
    }
    for index in 0..1_000 {
        assert_eq!(store.claim(&format!("runs {index}"), long).await.unwrap(), Claim::Running, "{index}");
    }
    // Once they have ended, there is room for ten again.
    for index in 0..1_000 {
        store.keep(&format!("runs {index}"), "{}", long).await.unwrap();
    }
    store.claim("another", long).await.unwrap();
    let mut kept = 0;
    for index in (0..1_000).rev() {
        kept += usize::from(matches!(store.claim(&format!("runs {index}"), long).await.unwrap(), Claim::Kept(_)));
    }
    assert!(kept <= 10, "{kept}");
}

#[tokio::test(start_paused = true)]
async fn memory_that_is_full_of_events_keeps_the_results_of_tools() {
    use hms_webhook::store::Claim;

    let (store, minutes, hours) = (Memory::with_capacity(10), Duration::from_secs(600), Duration::from_secs(24 * 3600));
    store.claim("tool", minutes).await.unwrap();
    store.keep("tool", "{}", minutes).await.unwrap();
    for index in 0..30 {
        let event = NewEvent { remembered_for: hours, ..event(&format!("event {index}"), "") };
        store.append(vec![event]).await.unwrap();
        for job in store.lease(1).await.unwrap().jobs {
            store.finish(job.id).await.unwrap();
        }
    }
    assert_eq!(store.claim("tool", minutes).await.unwrap(), Claim::Kept("{}".into()));
}
