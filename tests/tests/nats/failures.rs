//! Brokers that are away, that come again, and that refuse.

use std::{path::Path, time::Duration};

use hms_webhook::store::{Claim, Counts, Filter, JobState, Nats, NewEvent, Store};
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::{broker::Broker, events::event, lease_within, open};

const LONG: Duration = Duration::from_secs(600);

#[tokio::test]
async fn a_restart_of_the_broker_keeps_everything() {
    let folder = tempfile::tempdir().unwrap();
    let mut broker = Broker::start(&folder).await;
    let store = open(&broker, "").await;
    store.append(["a", "b", "c"].map(|key| event(key, key)).into()).await.unwrap();
    let jobs = store.lease(2).await.unwrap().jobs;
    store.fail(jobs[0].id, "hopeless", None).await.unwrap();
    store.claim("one", LONG).await.unwrap();
    store.keep("one", "done", LONG).await.unwrap();
    broker.kill().await;
    broker.run().await;

    let until = Instant::now() + Duration::from_secs(10);
    while store.check().await.is_err() {
        assert!(Instant::now() < until, "it comes again by itself");
        sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(store.counts().await.unwrap(), Counts { waiting: 1, running: 1, dead: 1 });
    store.finish(jobs[1].id).await.unwrap();
    let dead = Filter { state: Some(JobState::Dead), ..Filter::default() };
    assert_eq!(store.list(&dead).await.unwrap()[0].last_error.as_deref(), Some("hopeless"));
    assert_eq!(lease_within(&store, Duration::from_secs(2)).await.unwrap().key, "c");
    let other = open(&broker, "name=other").await;
    assert_eq!(other.claim("one", LONG).await.unwrap(), Claim::Kept("done".into()));
    other.append(vec![event("b", "b")]).await.unwrap();
    assert_eq!(other.counts().await.unwrap(), Counts { waiting: 0, running: 1, dead: 1 }, "a repetition is recognised");
}

#[tokio::test]
async fn without_a_broker_nothing_is_acknowledged_and_afterwards_it_is_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut broker = Broker::start(&folder).await;
    let store = open(&broker, "").await;
    broker.kill().await;
    let error = store.append(vec![event("a", "")]).await.unwrap_err().to_string();
    assert!(error.contains("the broker at nats://127.0.0.1"), "{error}");
    assert!(store.check().await.is_err());
    broker.run().await;
    let until = Instant::now() + Duration::from_secs(10);
    while store.append(vec![event("b", "")]).await.is_err() {
        assert!(Instant::now() < until, "it comes again by itself");
    }
    assert_eq!(lease_within(&store, Duration::from_secs(10)).await.unwrap().key, "b");
}

/// Nobody can say on which broker's account a server reads the queue, so there are several servers.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_read_on_when_one_of_three_brokers_is_lost() {
    const PATIENCE: Duration = Duration::from_secs(60);
    let folder = tempfile::tempdir().unwrap();
    let mut brokers = Broker::cluster(&folder).await;
    let mut stores = Vec::new();
    for name in 0..9 {
        // They are connected to different ones.
        stores.push(open_in_time(&brokers[name % 3], &format!("replicas=3&name=server{name}")).await);
    }
    brokers[0].kill().await;
    let until = Instant::now() + PATIENCE;
    while let Err(error) = stores[1].append(vec![event("a", "")]).await {
        assert!(Instant::now() < until, "two of three brokers are enough: {error:?}");
    }
    for (name, store) in stores.iter().enumerate() {
        let until = Instant::now() + PATIENCE;
        while store.counts().await.unwrap().waiting == 0 {
            assert!(Instant::now() < until, "server {name} does not hear of what another has appended");
            sleep(Duration::from_millis(100)).await;
        }
    }
}

/// Until brokers have found each other, there can be no streams.
async fn open_in_time(broker: &Broker, query: &str) -> Nats {
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        match Nats::open(&broker.address(query)).await {
            Ok(store) => return store,
            Err(error) => assert!(Instant::now() < until, "{error:?}"),
        }
        sleep(Duration::from_millis(200)).await;
    }
}

/// Text of an error with everything that caused it.
fn whole(error: &dyn std::error::Error) -> String {
    let cause = error.source().map(whole).unwrap_or_default();
    format!("{error} {error:?} {cause}")
}

#[tokio::test]
async fn passwords_are_in_no_output() {
    let folder = tempfile::tempdir().unwrap();
    let mut broker = Broker::start(&folder).await;
    let store = open(&broker, "").await;
    let mut texts = vec![store.describe(), format!("{store:?}")];
    let wrong = broker.address("").replace("hush-hush", "hush-no");
    texts.push(whole(&Nats::open(&wrong).await.unwrap_err()));
    texts.push(whole(&Nats::open(&format!("{}colour=red", broker.address(""))).await.unwrap_err()));
    let listed = events(&wrong).await;
    texts.push(format!("{listed:?}"));
    broker.kill().await;
    texts.push(whole(&store.append(vec![event("a", "")]).await.unwrap_err()));
    texts.push(whole(&Nats::open(&broker.address("")).await.unwrap_err()));
    for text in texts {
        assert!(!text.contains("hush"), "{text}");
    }
}

async fn events(address: &str) -> std::process::Output {
    let mut command = tokio::process::Command::new(Path::new(env!("CARGO_BIN_EXE_garage")));
    command.args(["events", "list"]).env("HMS_WEBHOOK_STORE", address).env("RUST_LOG", "trace").output().await.unwrap()
}

#[tokio::test]
async fn the_command_lists_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::start(&folder).await;
    let store = open(&broker, "").await;
    store.append(vec![event("a", "call-7")]).await.unwrap();
    let output = events(&broker.address("")).await;
    assert!(output.status.success() && String::from_utf8_lossy(&output.stdout).contains("call-7"), "{output:?}");
}

#[tokio::test]
async fn what_is_too_large_for_the_broker_is_refused_and_said() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::start(&folder).await;
    let store = open(&broker, "").await;
    let large = NewEvent { body: vec![b'x'; 2_000_000].into(), ..event("large", "") };
    let error = store.append(vec![large]).await.unwrap_err().to_string();
    assert!(error.contains("2000") && error.contains("max_payload"), "{error}");
    store.claim("one", LONG).await.unwrap();
    assert!(store.keep("one", &"x".repeat(2_000_000), LONG).await.unwrap_err().to_string().contains("max_payload"));
    store.append(vec![event("small", "")]).await.unwrap();
    assert_eq!(store.counts().await.unwrap().waiting, 1);
}

/// For how long a [`forgetful_broker`] itself recognises what it was given before.
const WINDOW: Duration = Duration::from_millis(200);

/// A broker that forgets soon what it was given, as it does after minutes otherwise.
async fn forgetful_broker(folder: &tempfile::TempDir) -> Broker {
    let broker = Broker::start(folder).await;
    let config = json!({
        "name": "hms-webhook-queue",
        "subjects": ["hms-webhook.queue.>", "hms-webhook.servers.*"],
        "max_msgs_per_subject": 1,
        "duplicate_window": WINDOW.as_nanos() as u64,
        "storage": "file",
        "retention": "limits",
    });
    broker.ask("$JS.API.STREAM.CREATE.hms-webhook-queue", &config).await;
    broker
}

#[tokio::test]
async fn an_event_whose_key_could_not_be_noted_is_recognised_after_it_was_handled() {
    let folder = tempfile::tempdir().unwrap();
    let broker = forgetful_broker(&folder).await;
    let store = open(&broker, "").await;
    let seen = broker.ask("$JS.API.STREAM.INFO.KV_hms-webhook-seen", &json!({})).await["config"].clone();
    let mut refusing = seen.clone();
    refusing["max_msg_size"] = json!(1);
    broker.ask("$JS.API.STREAM.UPDATE.KV_hms-webhook-seen", &refusing).await;
    store.append(vec![event("a", "")]).await.expect_err("its key cannot be noted");
    assert_eq!(store.counts().await.unwrap().waiting, 1, "it was appended all the same");
    assert!(store.lease(1).await.is_err(), "it does not run before its key is noted");
    broker.ask("$JS.API.STREAM.UPDATE.KV_hms-webhook-seen", &seen).await;
    let job = lease_within(&store, Duration::from_secs(5)).await.expect("it is handled when that is possible again");
    store.finish(job.id).await.unwrap();
    sleep(2 * WINDOW).await;

    let other = open(&broker, "name=other").await;
    for store in [&store, &other] {
        store.append(vec![event("a", "")]).await.unwrap();
        assert_eq!(store.counts().await.unwrap(), Counts::default(), "a repetition is recognised");
    }
}

#[tokio::test]
async fn a_server_that_ends_before_it_has_noted_a_key_lets_no_repetition_through() {
    let folder = tempfile::tempdir().unwrap();
    let broker = forgetful_broker(&folder).await;
    let left = open(&broker, "name=left").await;
    left.append(vec![event("a", "")]).await.unwrap();
    broker.ask("$JS.API.STREAM.PURGE.KV_hms-webhook-seen", &json!({})).await;
    drop(left);
    sleep(2 * WINDOW).await;

    let right = open(&broker, "name=right").await;
    right.append(vec![event("a", "")]).await.unwrap();
    assert_eq!(right.counts().await.unwrap().waiting, 1, "it waits already");
    let job = lease_within(&right, Duration::from_secs(2)).await.unwrap();
    // When it has left the queue, this is what is known of it.
    let seen = broker.ask("$JS.API.STREAM.INFO.KV_hms-webhook-seen", &json!({})).await;
    assert_eq!(seen["state"]["messages"], 1, "who handles it notes its key: {seen}");
    right.finish(job.id).await.unwrap();
    let other = open(&broker, "name=other").await;
    for store in [&right, &other] {
        store.append(vec![event("a", "")]).await.unwrap();
        assert_eq!(store.counts().await.unwrap(), Counts::default(), "it was handled");
    }
}
