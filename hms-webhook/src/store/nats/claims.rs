//! Keys: who is at it, and with what result it was done.
//!
//! A key is an entry of a bucket, under its hash, since it may be any text. It is replaced only by who knows the entry, so
//! of all who claim at the same time, the broker lets one.

use std::time::Duration;

use bytes::Bytes;
use sha2::{Digest, Sha256};
use tokio::time::{Instant, sleep};

use super::{
    kept::Kept,
    log::{Draft, Log, PATIENCE, Written},
    queue::Queue,
    record::{KeyRecord, What, after, now, text},
};
use crate::store::{Claim, NewEvent, StoreError};

/// How long it is remembered that there was a claim whose lease ended without a word.
const AFTER_LEASE: Duration = Duration::from_secs(600);
/// How long a result is tried to be kept. It is worth it: without it, what is done is done again.
const KEEP_WITHIN: Duration = Duration::from_secs(30);
/// How long to wait before a key is looked up again.
const PAUSE: Duration = Duration::from_millis(100);

/// Keys of one kind, in one bucket.
pub(super) struct Keys {
    pub(super) log: Log,
    pub(super) bucket: String,
}

impl Keys {
    pub(super) fn subject(&self, key: &str) -> String {
        format!("$KV.{}.{}", self.bucket, hash([key]))
    }

    /// The record of a key that has not expired, and the sequence of the last one, expired or not.
    async fn look(&self, subject: &str) -> Result<(Option<KeyRecord>, u64), StoreError> {
        let Some(last) = self.log.last(subject).await? else { return Ok((None, 0)) };
        let record = serde_json::from_slice(&last.payload).ok().filter(|record: &KeyRecord| record.expires > now());
        Ok((record, last.sequence))
    }

    async fn write(
        &self,
        subject: &str,
        record: &KeyRecord,
        replaces: Option<u64>,
        patience: Duration,
    ) -> Result<Written, StoreError> {
        let payload = Bytes::from(text(record));
        let draft = Draft { subject: subject.to_owned(), payload, replaces, ..Draft::default() };
        self.log.write(&draft, patience).await
    }

    /// Notes that an event of this key was appended, if it is to be recognised still.
    pub(super) async fn note(&self, key: &str, until: u64) -> Result<(), StoreError> {
        if until <= now() {
            return Ok(());
        }
        let record = KeyRecord { earlier: 0, expires: until, what: What::Kept(String::new()) };
        self.write(&self.subject(key), &record, None, PATIENCE).await.map(drop)
    }

    /// Writes something and nothing, to see whether that is possible.
    pub(super) async fn check(&self) -> Result<(), StoreError> {
        let record = KeyRecord { earlier: 0, expires: 0, what: What::Released };
        self.write(&self.subject("check"), &record, None, Duration::ZERO).await.map(drop)
    }
}

/// The hash of some texts, as hexadecimal digits.
fn hash<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hash = Sha256::new();
    for text in texts {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text);
    }
    base16ct::lower::encode_string(&hash.finalize())
}

// -- once -------------------------------------------------------------------------------------

pub(super) async fn claim(
    keys: &Keys,
    kept: &Kept,
    queue: &Queue,
    key: &str,
    lease: Duration,
) -> Result<Claim, StoreError> {
    let subject = keys.subject(key);
    if let Some(result) = kept.find(&subject) {
        return Ok(Claim::Kept(result));
    }
    let until = Instant::now() + PATIENCE;
    let nonce = fastrand::u64(..);
    // Nearly every key is new.
    let (mut earlier, mut revision) = (0, 0);
    loop {
        let record = KeyRecord {
            earlier,
            expires: after(lease.saturating_add(AFTER_LEASE)),
            what: What::Running { owner: queue.me(), until: after(lease), nonce },
        };
        if let Written::At(_) = keys.write(&subject, &record, Some(revision), PATIENCE).await? {
            return Ok(Claim::Granted { earlier });
        }
        let (known, last) = loop {
            match keys.look(&subject).await {
                Ok(found) => break found,
                Err(error) if Instant::now() > until => return Err(error),
                Err(_) => sleep(PAUSE).await,
            }
        };
        revision = last;
        earlier = match known {
            None => 0,
            Some(KeyRecord { what: What::Kept(result), .. }) => return Ok(Claim::Kept(result)),
            // The answer to an earlier try was lost.
            Some(KeyRecord { what: What::Running { nonce: other, .. }, earlier, .. }) if other == nonce => {
                return Ok(Claim::Granted { earlier });
            }
            Some(KeyRecord { what: What::Running { owner, until, .. }, .. })
                if until > now() && queue.view().is_there(owner) =>
            {
                return Ok(Claim::Running);
            }
            Some(KeyRecord { earlier, .. }) => earlier.saturating_add(1),
        };
    }
}

pub(super) async fn keep(
    keys: &Keys,
    kept: &Kept,
    key: &str,
    result: &str,
    time_to_live: Duration,
) -> Result<(), StoreError> {
    let subject = keys.subject(key);
    let record = KeyRecord { earlier: 0, expires: after(time_to_live), what: What::Kept(result.to_owned()) };
    let written = keys.write(&subject, &record, None, KEEP_WITHIN).await;
    // It was done, and at least here that is known.
    kept.add(subject, record);
    written.map(drop)
}

pub(super) async fn release(keys: &Keys, key: &str, time_to_live: Duration) -> Result<(), StoreError> {
    let subject = keys.subject(key);
    loop {
        let (known, revision) = keys.look(&subject).await?;
        let earlier = match known {
            Some(KeyRecord { what: What::Kept(_), .. }) => return Ok(()),
            Some(known) => known.earlier,
            None => 0,
        };
        let record = KeyRecord { earlier, expires: after(time_to_live), what: What::Released };
        if let Written::At(_) = keys.write(&subject, &record, Some(revision), PATIENCE).await? {
            return Ok(());
        }
    }
}

// -- events -----------------------------------------------------------------------------------

/// Appends those of `events` that are no repetitions.
///
/// The broker itself knows for some minutes what it was given, by an id that the same events have each time. For as long
/// as a repetition is to be recognised, each key has an entry. It is written after the event: the other way round, an
/// event could be lost. Without its entry, the event is known by its place in the queue; and before it leaves that, whoever
/// handles it writes the entry, unless it is known to be there.
pub(super) async fn append(keys: &Keys, queue: &Queue, events: Vec<NewEvent>) -> Result<(), StoreError> {
    let mut new: Vec<NewEvent> = Vec::new();
    let mut parts = Vec::new();
    for event in events {
        if new.iter().any(|other| other.key == event.key) || queue.view().holds(&event.key, now()) {
            continue;
        }
        let (known, revision) = keys.look(&keys.subject(&event.key)).await?;
        if known.is_none() {
            parts.extend([event.key.clone(), revision.to_string()]);
            new.push(event);
        }
    }
    let marks: Vec<(String, u64)> = new.iter().map(|event| (event.key.clone(), after(event.remembered_for))).collect();
    new.retain(|event| !event.handlers.is_empty());
    let append = match new.is_empty() {
        true => None,
        false => Some(queue.append(new, hash(parts.iter().map(String::as_str))).await?),
    };
    for (key, until) in marks {
        keys.note(&key, until).await?;
    }
    append.into_iter().for_each(|append| queue.has_noted(append));
    Ok(())
}
