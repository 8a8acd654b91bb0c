//! Stores: what each has to promise, and what becomes of the file of the one on disk.

#![allow(clippy::unwrap_used)]

mod failures;
mod files;
mod simulation;

use std::{cell::Cell, path::PathBuf, time::Duration};

use bytes::Bytes;
use hms_webhook::{
    store::{Memory, NewEvent, Sqlite, Store},
    testing::store_conformance,
};

/// A folder that is removed in the end, and the path of a file in it.
fn place() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.sqlite3");
    (folder, path)
}

fn event(key: &str, call_id: &str) -> NewEvent {
    NewEvent {
        key: key.into(),
        remembered_for: Duration::from_secs(600),
        kind: "status-update".into(),
        call_id: call_id.into(),
        body: Bytes::from(format!("the body of {key}")),
        handlers: vec!["log".into()],
    }
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

    for index in 0..100 {
        let key = format!("tool {index}");
        store.claim(&key, Duration::from_secs(9)).await.unwrap();
        store.keep(&key, "{}", Duration::from_secs(600)).await.unwrap();
    }
    let debug = format!("{store:?}");
    assert!(debug.contains("Memory"), "{debug}");
}
