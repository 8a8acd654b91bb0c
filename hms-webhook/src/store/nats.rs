//! A store in NATS JetStream, which several servers share.
//!
//! One stream holds the queue: the events, and where the jobs that were made of them stand. Every server reads all of it
//! (`view`) and changes it by messages that the broker takes only if nobody has changed the same in the meantime
//! (`queue`). A durable consumer would hand out messages, too, but it knows nothing of handlers, of the order of a call's
//! events, and of dead letters; what it cannot hold would have to stand in a second place, and a crash could take the two
//! apart. Two buckets hold keys (`claims`): what is claimed and with what result it was done, and which events were seen.

mod address;
mod claims;
mod connection;
mod follow;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
mod kept;
mod log;
mod queue;
mod record;
mod view;

use std::{fmt, sync::Arc, time::Duration};

use async_nats::jetstream::stream::Config;
use tokio::{sync::watch, task::JoinSet, time::timeout};

pub(crate) use self::address::Address;
use self::{claims::Keys, connection::Connection, kept::Kept, log::Log, queue::Queue};
use super::{Claim, Counts, Filter, JobId, Leased, NewEvent, Store, StoreError, StoreFuture, StoredJob};

/// How long the queue may take to be read at the start.
const READ_WITHIN: Duration = Duration::from_secs(60);
/// For how long the broker itself recognises what it was given before.
const DUPLICATE_WINDOW: Duration = Duration::from_secs(600);
/// The longest that a claim, or a result, is remembered.
const CLAIMS_FOR: Duration = Duration::from_secs(3600);
/// The longest that the key of an event is remembered.
const SEEN_FOR: Duration = Duration::from_secs(25 * 3600);

/// A store in NATS JetStream, from version 2.9 on: several servers share one queue, one set of claims and of results.
///
/// What it has returned `Ok` for, the broker has; with `replicas=3` most of three brokers have it, and one of them may
/// be lost. A broker writes its files when the operating system likes: a power cut of most of them at the same moment may
/// cost the last two minutes.
///
/// The jobs of a handler about one phone call come in their order, whichever servers run them; only a dead letter that is
/// replayed may run beside a later one. A server that has ended and comes again under its `name` finds what it had
/// begun; what it had begun and does not come for is taken by others after twenty seconds. Times are compared between the
/// servers, whose clocks have to agree within a second or so.
///
/// Claims and results are remembered for an hour at most, keys of events for 25 hours.
pub struct Nats {
    place: String,
    queue: Arc<Queue>,
    claims: Arc<Keys>,
    seen: Keys,
    kept: Arc<Kept>,
    /// They end with the store.
    _tasks: JoinSet<()>,
}

impl Nats {
    /// Opens the store at `nats://[user:password@]host[:port][,host…][?prefix=NAME&replicas=N&name=SERVER]` for a server,
    /// and makes its streams where there are none.
    ///
    /// `prefix` is how its streams and subjects begin (default: `hms-webhook`), `replicas` on how many brokers they are
    /// kept when they are made (default: 1), and `name` is this server's (default: the machine's).
    ///
    /// # Errors
    /// When the address is none, when no broker can be reached or has JetStream, and when it does not let this user in.
    pub async fn open(address: &str) -> Result<Self, StoreError> {
        Self::open_at(&Address::parse(address)?).await
    }

    /// Opens the store of servers that may be running, to look into it and to replay or discard dead letters.
    ///
    /// # Errors
    /// When there is no such store, and as [`open`](Self::open).
    pub async fn open_beside_servers(address: &str) -> Result<Self, StoreError> {
        Self::open_beside_servers_at(&Address::parse(address)?).await
    }

    pub(crate) async fn open_at(address: &Address) -> Result<Self, StoreError> {
        let connection = Connection::open(address).await?;
        let Address { prefix, replicas, .. } = address;
        let queue = Config {
            name: format!("{prefix}-queue"),
            subjects: vec![format!("{prefix}.queue.>"), format!("{prefix}.servers.*")],
            duplicate_window: DUPLICATE_WINDOW,
            ..config(*replicas)
        };
        let keys = async |kind: &str, max_age| {
            let bucket = bucket(prefix, kind);
            let config = Config {
                name: format!("KV_{bucket}"),
                subjects: vec![format!("$KV.{bucket}.>")],
                allow_rollup: true,
                max_age,
                ..config(*replicas)
            };
            Ok(Keys { log: Log::open(connection.clone(), config, address).await?, bucket })
        };
        let queue = Log::open(connection.clone(), queue, address).await?;
        let (claims, seen) = (keys("claims", CLAIMS_FOR).await?, keys("seen", SEEN_FOR).await?);
        let mut store = Self::new(queue, claims, seen, address);
        let name = address.name.clone().unwrap_or_else(|| gethostname::gethostname().to_string_lossy().into_owned());
        let here = follow::register(&store.queue, &connection.client, &name).await?;
        store._tasks.spawn(follow::be_there(store.queue.clone(), connection.client, name, here));
        store._tasks.spawn(kept::follow(store.claims.clone(), store.kept.clone()));
        store.read().await?;
        Ok(store)
    }

    pub(crate) async fn open_beside_servers_at(address: &Address) -> Result<Self, StoreError> {
        let connection = Connection::open(address).await?;
        let find = async |name: &str| Log::find(connection.clone(), name, address).await;
        let keys = async |kind: &str| {
            let bucket = bucket(&address.prefix, kind);
            Ok(Keys { log: find(&format!("KV_{bucket}")).await?, bucket })
        };
        let queue = find(&format!("{}-queue", address.prefix)).await?;
        let mut store = Self::new(queue, keys("claims").await?, keys("seen").await?, address);
        store.read().await?;
        Ok(store)
    }

    fn new(queue: Log, claims: Keys, seen: Keys, address: &Address) -> Self {
        Self {
            place: address.to_string(),
            queue: Arc::new(Queue::new(queue, address.prefix.clone())),
            claims: Arc::new(claims),
            seen,
            kept: Arc::default(),
            _tasks: JoinSet::new(),
        }
    }

    /// Begins to read the queue, and waits until all of it was read once.
    async fn read(&mut self) -> Result<(), StoreError> {
        let (is_read, mut reading) = watch::channel(false);
        self._tasks.spawn(follow::read(self.queue.clone(), is_read));
        match timeout(READ_WITHIN, reading.wait_for(|is_read| *is_read)).await {
            Ok(Ok(_)) => Ok(()),
            _ => Err(StoreError::new(format!(
                "the queue of the broker at {} cannot be read within {READ_WITHIN:?}: see whether it is well",
                self.place
            ))),
        }
    }
}

fn bucket(prefix: &str, kind: &str) -> String {
    format!("{prefix}-{kind}")
}

/// What all streams have in common: a file, and one message for each subject.
fn config(replicas: usize) -> Config {
    Config { num_replicas: replicas, max_messages_per_subject: 1, ..Config::default() }
}

impl fmt::Debug for Nats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Nats").field("place", &self.place).finish_non_exhaustive()
    }
}

impl Store for Nats {
    fn claim<'a>(&'a self, key: &'a str, lease: Duration) -> StoreFuture<'a, Claim> {
        Box::pin(claims::claim(&self.claims, &self.kept, &self.queue, key, lease))
    }

    fn keep<'a>(&'a self, key: &'a str, result: &'a str, time_to_live: Duration) -> StoreFuture<'a, ()> {
        Box::pin(claims::keep(&self.claims, &self.kept, key, result, time_to_live))
    }

    fn release<'a>(&'a self, key: &'a str, time_to_live: Duration) -> StoreFuture<'a, ()> {
        Box::pin(claims::release(&self.claims, key, time_to_live))
    }

    fn append(&self, events: Vec<NewEvent>) -> StoreFuture<'_, ()> {
        Box::pin(claims::append(&self.seen, &self.queue, events))
    }

    fn lease(&self, limit: usize) -> StoreFuture<'_, Leased> {
        Box::pin(self.queue.lease(limit, &self.seen))
    }

    fn finish(&self, job: JobId) -> StoreFuture<'_, ()> {
        Box::pin(self.queue.finish(job))
    }

    fn fail<'a>(&'a self, job: JobId, error: &'a str, retry: Option<Duration>) -> StoreFuture<'a, ()> {
        Box::pin(self.queue.fail(job, error, retry))
    }

    fn give_back(&self, jobs: Vec<JobId>) -> StoreFuture<'_, ()> {
        Box::pin(self.queue.give_back(jobs))
    }

    fn list<'a>(&'a self, filter: &'a Filter) -> StoreFuture<'a, Vec<StoredJob>> {
        Box::pin(self.queue.list(filter))
    }

    fn counts(&self) -> StoreFuture<'_, Counts> {
        Box::pin(async { Ok(self.queue.counts().await) })
    }

    fn replay<'a>(&'a self, filter: &'a Filter) -> StoreFuture<'a, u64> {
        Box::pin(self.queue.replay(filter))
    }

    fn discard<'a>(&'a self, filter: &'a Filter) -> StoreFuture<'a, u64> {
        Box::pin(self.queue.discard(filter))
    }

    fn check(&self) -> StoreFuture<'_, ()> {
        Box::pin(async {
            self.claims.check().await?;
            self.queue.check().await
        })
    }

    fn describe(&self) -> String {
        self.place.clone()
    }
}
