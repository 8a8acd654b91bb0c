//! The store that several servers share: what it has to promise, and what becomes of it when brokers and servers end.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::print_stdout, reason = "a long run tells what it did")]

mod broker;
mod cluster;
#[path = "../store/events.rs"]
mod events;
mod failures;
#[path = "../crash/journal.rs"]
#[allow(dead_code, reason = "each test program uses a part of it")]
mod journal;
#[path = "../crash/load.rs"]
mod load;
#[path = "../fire/process.rs"]
#[allow(dead_code, reason = "each test program uses a part of it")]
mod process;
mod sharing;
#[path = "../behaviour/support.rs"]
#[allow(dead_code, reason = "each test program uses a part of it")]
mod support;

use std::{cell::Cell, time::Duration};

use hms_webhook::{
    store::{Job, Nats, Store},
    testing::store_conformance,
};
use tokio::time::{Instant, sleep};

use crate::broker::Broker;

async fn open(broker: &Broker, query: &str) -> Nats {
    Nats::open(&broker.address(query)).await.unwrap()
}

/// The next job that can be leased, within this time.
async fn lease_within(store: &Nats, time: Duration) -> Option<Job> {
    let until = Instant::now() + time;
    loop {
        match store.lease(1).await.ok().and_then(|mut leased| leased.jobs.pop()) {
            None if Instant::now() < until => sleep(Duration::from_millis(20)).await,
            found => return found,
        }
    }
}

#[tokio::test]
async fn nats_keeps_the_promises() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::start(&folder).await;
    let count = Cell::new(0);
    store_conformance(async || {
        count.set(count.get() + 1);
        open(&broker, &format!("prefix=desk{}", count.get())).await
    })
    .await;
}
