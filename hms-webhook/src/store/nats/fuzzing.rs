//! What the fuzz target of stores reads back: messages of the queue as they may stand in the stream.

use std::collections::HashSet;

use bytes::Bytes;

use super::{
    follow::apply,
    record::{KeyRecord, What},
    view::View,
};
use crate::store::{Filter, JobState};

/// Reads messages, as subjects below the prefix and records, and looks at everything that was made of them. A message
/// without a record is one that is not in the stream any more: its append is forgotten.
pub fn read_queue(messages: &[(String, Option<String>)], payload: &[u8], me: u64, now: u64, limit: usize) {
    let mut view = View::default();
    let payload = Bytes::copy_from_slice(payload);
    for (sequence, (subject, record)) in (1..).zip(messages) {
        view.hear(sequence);
        match record {
            Some(record) => {
                apply(&mut view, "p", sequence, &format!("p.{subject}"), record);
            }
            None => view.forget(sequence / 2),
        }
        let counts = view.counts();
        let listed = view.list(&Filter::default());
        let count = |state| listed.iter().filter(|(_, job)| job.state == state).count() as u64;
        assert_eq!(counts.waiting, count(JobState::Waiting));
        assert_eq!(counts.running, count(JobState::Running));
        assert_eq!(counts.dead, count(JobState::Dead));
        listed.iter().for_each(|(free, _)| assert!(payload.len() >= free.place.event.body_in(&payload).len()));

        let (free, _) = view.free(limit, me, now, &HashSet::new());
        assert!(free.len() <= limit);
        let ids: HashSet<_> = free.iter().map(|free| free.id).collect();
        assert_eq!(ids.len(), free.len(), "a job is given twice");
        let (others, _) = view.free(limit, me, now, &ids);
        assert!(others.iter().all(|free| !ids.contains(&free.id)), "a job that is held is given again");
        view.clean(me, limit);
    }
}

/// What a key's record says was the result.
pub fn read_key(record: &[u8]) -> Option<String> {
    match serde_json::from_slice(record).ok()? {
        KeyRecord { what: What::Kept(result), .. } => Some(result),
        _ => None,
    }
}
