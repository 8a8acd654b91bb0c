//! What waits for its handlers, and what no handler could do.

use std::time::{Duration, SystemTime};

use serde::Deserialize;
use serde_json::{Value, json};

use super::feed::Feed;
use crate::{
    inbox::Inbox,
    store::{Filter, JobId, JobState, StoreError, StoredJob},
};

/// How many events of each state are shown.
const SHOWN: usize = 100;

/// Which dead letter is to be tried again.
#[derive(Debug, Deserialize)]
pub(super) struct Replay {
    id: String,
}

/// The inbox as it stands.
///
/// # Errors
/// What keeps the store from answering.
pub(super) async fn state(inbox: &Inbox, feed: &Feed) -> Result<Value, StoreError> {
    let store = inbox.store();
    let counts = store.counts().await?;
    let mut items = Vec::new();
    for state in JobState::ALL {
        let filter = Filter { state: Some(state), limit: Some(SHOWN), ..Filter::default() };
        items.extend(store.list(&filter).await?.iter().map(|job| item(job, feed)));
    }
    Ok(json!({
        "store": store.describe(),
        "counts": { "waiting": counts.waiting, "running": counts.running, "dead": counts.dead },
        "items": items,
    }))
}

/// Tries a dead letter again; says whether there was one.
///
/// # Errors
/// What keeps the store from doing so.
pub(super) async fn replay(inbox: &Inbox, Replay { id }: Replay) -> Result<bool, StoreError> {
    let Ok(id) = id.parse() else { return Ok(false) };
    let filter = Filter { ids: vec![JobId(id)], state: Some(JobState::Dead), ..Filter::default() };
    Ok(inbox.replay(&filter).await? > 0)
}

fn item(job: &StoredJob, feed: &Feed) -> Value {
    json!({
        // As a text: a script would round a long number.
        "id": job.id.to_string(),
        "event": job.kind,
        "call_id": job.call_id,
        "state": job.state.as_str(),
        "handler": job.handler,
        "tries": job.attempts,
        "last_error": job.last_error.as_deref().map(|line| feed.shown_line(line)),
        "appended_at": milliseconds(job.appended),
        "next_try_at": job.next_try.map(milliseconds),
        "payload": feed.shown(&job.body),
    })
}

fn milliseconds(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO).as_millis() as u64
}
