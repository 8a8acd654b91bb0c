//! A store that the test keeps a hand on.

use std::{collections::HashSet, sync::Arc, time::Duration};

use hms_webhook::store::{Claim, Counts, Filter, JobId, Leased, NewEvent, Store, StoreFuture, StoredJob};
use tokio::sync::watch;

/// Hands everything on to a store that is the test's too. Some of its operations can be made to hang.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    store: Arc<dyn Store>,
    hanging: watch::Sender<HashSet<&'static str>>,
    /// What was asked for and has hung.
    waiting: watch::Sender<Vec<&'static str>>,
}

impl Held {
    pub(crate) fn new<S: Store>(store: &Arc<S>) -> Self {
        Self {
            store: store.clone(),
            hanging: watch::Sender::new(HashSet::new()),
            waiting: watch::Sender::new(Vec::new()),
        }
    }

    /// From now on these do not answer, and have no effect until they do; `answer of …` has its effect.
    pub(crate) fn hang(&self, operations: &[&'static str]) {
        self.hanging.send_replace(operations.iter().copied().collect());
    }

    /// Waits until somebody has hung at this.
    pub(crate) async fn asked_for(&self, operation: &'static str) {
        let _ = self.waiting.subscribe().wait_for(|waiting| waiting.contains(&operation)).await;
    }

    async fn admit(&self, operation: &'static str) {
        if self.hanging.borrow().contains(operation) {
            self.waiting.send_modify(|waiting| waiting.push(operation));
        }
        // The sender is in `self`.
        let _ = self.hanging.subscribe().wait_for(|hanging| !hanging.contains(operation)).await;
    }
}

macro_rules! hand_on {
    ($($method:ident($($name:ident: $type:ty),*) -> $result:ty;)*) => {
        $(fn $method<'a>(&'a self, $($name: $type),*) -> StoreFuture<'a, $result> {
            Box::pin(async move {
                self.admit(stringify!($method)).await;
                let answer = self.store.$method($($name),*).await;
                self.admit(concat!("answer of ", stringify!($method))).await;
                answer
            })
        })*
    };
}

impl Store for Held {
    hand_on! {
        claim(key: &'a str, lease: Duration) -> Claim;
        keep(key: &'a str, result: &'a str, time_to_live: Duration) -> ();
        release(key: &'a str, time_to_live: Duration) -> ();
        append(events: Vec<NewEvent>) -> ();
        lease(limit: usize) -> Leased;
        finish(job: JobId) -> ();
        fail(job: JobId, error: &'a str, retry: Option<Duration>) -> ();
        give_back(jobs: Vec<JobId>) -> ();
        list(filter: &'a Filter) -> Vec<StoredJob>;
        counts() -> Counts;
        replay(filter: &'a Filter) -> u64;
        discard(filter: &'a Filter) -> u64;
        check() -> ();
    }

    fn describe(&self) -> String {
        self.store.describe()
    }
}
