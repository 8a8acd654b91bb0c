//! Several stores at one broker.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use hms_webhook::store::{Claim, Counts, Filter, JobState, Nats, NewEvent, Store};
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::{broker::Broker, events::event, lease_within, open};

const LONG: Duration = Duration::from_secs(600);
/// Longer than a server that has ended is believed to be there.
const BELIEVED: Duration = Duration::from_secs(26);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_share_a_queue() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::start(&folder).await;
    let stores = [Arc::new(open(&broker, "name=left").await), Arc::new(open(&broker, "name=right").await)];
    for index in 0..40 {
        stores[index % 2].append(vec![event(&index.to_string(), &format!("call-{}", index % 5))]).await.unwrap();
    }
    stores[1].append(vec![event("7", "call-2")]).await.unwrap();
    // Both take what they get and finish it in parallel; each notes what it did.
    let workers = stores.clone().map(|store| {
        tokio::spawn(async move {
            let mut done = Vec::new();
            while let Some(job) = lease_within(&store, Duration::from_secs(2)).await {
                done.push(job.key.parse::<u32>().unwrap());
                sleep(Duration::from_millis(5)).await;
                store.finish(job.id).await.unwrap();
            }
            done
        })
    });
    let mut all = Vec::new();
    for worker in workers {
        let done = worker.await.unwrap();
        assert!(!done.is_empty(), "each of the servers has done something");
        all.extend(done);
    }
    all.sort_unstable();
    assert_eq!(all, (0..40).collect::<Vec<_>>(), "each event is handled, and once");
    assert_eq!(stores[0].counts().await.unwrap(), Counts::default());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_calls_events_come_in_order_whoever_handles_them() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::start(&folder).await;
    let stores = [Arc::new(open(&broker, "name=left").await), Arc::new(open(&broker, "name=right").await)];
    let order = Arc::new(std::sync::Mutex::new(Vec::new()));
    let workers = stores.clone().map(|store| {
        let order = order.clone();
        tokio::spawn(async move {
            let mut done = 0;
            while let Some(job) = lease_within(&store, Duration::from_secs(2)).await {
                order.lock().unwrap().push((job.key.clone(), "begin"));
                sleep(Duration::from_millis(3)).await;
                order.lock().unwrap().push((job.key.clone(), "end"));
                // One that is given back is somebody else's, and none may overtake it.
                match done % 3 {
                    0 if job.attempt == 1 => store.give_back(vec![job.id]).await.unwrap(),
                    1 => store.fail(job.id, "again", Some(Duration::from_millis(20))).await.unwrap(),
                    _ => store.finish(job.id).await.unwrap(),
                }
                done += 1;
            }
            done
        })
    });
    let keys: Vec<String> = (0..30).map(|index| format!("{index:03}")).collect();
    for (index, key) in keys.iter().enumerate() {
        stores[index % 2].append(vec![event(key, "call-1")]).await.unwrap();
    }
    for worker in workers {
        assert!(worker.await.unwrap() > 0, "each of the servers has done something");
    }
    let order = order.lock().unwrap();
    assert!(order.chunks(2).all(|pair| pair[0].0 == pair[1].0), "one at a time: {order:?}");
    assert!(order.is_sorted_by_key(|(key, _)| key), "… and in their order: {order:?}");
    assert_eq!(order.iter().map(|(key, _)| key).collect::<BTreeSet<_>>().len(), keys.len(), "… and all of them");
}

#[tokio::test]
async fn servers_share_claims_and_results() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::start(&folder).await;
    let (left, right) = (open(&broker, "name=left").await, open(&broker, "name=right").await);
    assert_eq!(left.claim("one", LONG).await.unwrap(), Claim::Granted { earlier: 0 });
    assert_eq!(right.claim("one", LONG).await.unwrap(), Claim::Running);
    left.keep("one", "done", LONG).await.unwrap();
    assert_eq!(right.claim("one", LONG).await.unwrap(), Claim::Kept("done".into()));
    right.claim("two", LONG).await.unwrap();
    right.release("two", LONG).await.unwrap();
    assert_eq!(left.claim("two", LONG).await.unwrap(), Claim::Granted { earlier: 1 });
}

#[tokio::test]
async fn prefixes_are_apart() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::start(&folder).await;
    let (desk, shop) = (open(&broker, "prefix=desk").await, open(&broker, "prefix=shop").await);
    desk.append(vec![event("a", "")]).await.unwrap();
    desk.claim("one", LONG).await.unwrap();
    assert_eq!(shop.claim("one", LONG).await.unwrap(), Claim::Granted { earlier: 0 });
    assert_eq!(shop.counts().await.unwrap(), Counts::default());
}

#[tokio::test]
async fn what_a_server_had_begun_is_taken_up_by_the_next_of_its_name_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::start(&folder).await;
    let (left, right) = (open(&broker, "name=left").await, open(&broker, "name=right").await);
    left.append(vec![event("a", "call-1")]).await.unwrap();
    let job = lease_within(&left, Duration::from_secs(1)).await.unwrap();
    left.claim("one", LONG).await.unwrap();
    drop(left); // Nothing is given back.
    assert_eq!(lease_within(&right, Duration::from_secs(2)).await, None, "it is believed to be there for a while");
    assert_eq!(right.claim("one", LONG).await.unwrap(), Claim::Running);

    let left = open(&broker, "name=left").await;
    let again = left.lease(1).await.unwrap().jobs.pop().expect("what was begun is there at the start");
    assert_eq!((again.id, again.attempt), (job.id, 2), "the attempt that was interrupted counts");
    assert_eq!(left.claim("one", LONG).await.unwrap(), Claim::Granted { earlier: 1 });
}

#[tokio::test]
async fn what_a_server_had_begun_that_does_not_come_again_is_taken_by_others() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::start(&folder).await;
    let (left, right) = (open(&broker, "name=left").await, open(&broker, "name=right").await);
    left.append(vec![event("a", "call-1"), event("b", "call-1")]).await.unwrap();
    let job = lease_within(&left, Duration::from_secs(1)).await.unwrap();
    left.claim("one", LONG).await.unwrap();
    drop(left);
    let again = lease_within(&right, BELIEVED).await.expect("it is taken after a while");
    assert_eq!((again.id, again.attempt), (job.id, 2));
    assert_eq!(right.claim("one", LONG).await.unwrap(), Claim::Granted { earlier: 1 });
}

#[tokio::test]
async fn a_server_of_the_same_name_that_is_there_keeps_what_it_has() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::start(&folder).await;
    let first = open(&broker, "name=desk").await;
    first.append(vec![event("a", "call-1")]).await.unwrap();
    let job = lease_within(&first, Duration::from_secs(1)).await.unwrap();
    let second = open(&broker, "name=desk").await;
    assert_eq!(lease_within(&second, Duration::from_secs(1)).await, None, "the first is still at it");
    first.give_back(vec![job.id]).await.unwrap();
    let again = lease_within(&second, Duration::from_secs(1)).await.expect("what is given back is free at once");
    assert_eq!((again.id, again.attempt), (job.id, 1));
}

#[tokio::test]
async fn one_who_looks_sees_what_there_is_and_changes_dead_letters() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::start(&folder).await;
    assert!(
        Nats::open_beside_servers(&broker.address("")).await.is_err(),
        "there is nothing to look into, and looking makes nothing"
    );
    let server = open(&broker, "").await;
    let both = NewEvent { handlers: vec!["log".into(), "bill".into()], ..event("a", "call-1") };
    server.append(vec![both, event("b", "call-2")]).await.unwrap();
    let jobs = server.lease(2).await.unwrap().jobs;
    server.fail(jobs[0].id, "no network", None).await.unwrap();

    let visitor = Nats::open_beside_servers(&broker.address("")).await.unwrap();
    assert_eq!(visitor.counts().await.unwrap(), Counts { waiting: 1, running: 1, dead: 1 });
    let listed = visitor.list(&Filter::default()).await.unwrap();
    let seen: Vec<_> = listed.iter().map(|job| (job.state, &*job.body)).collect();
    let (a, b) = (b"the body of a", b"the body of b");
    assert_eq!(seen, [(JobState::Dead, &a[..]), (JobState::Running, &a[..]), (JobState::Waiting, &b[..])]);
    assert_eq!(visitor.replay(&Filter::default()).await.unwrap(), 1);
    let mut taken = Vec::new();
    for _ in 0..2 {
        taken.push(lease_within(&server, Duration::from_secs(2)).await.expect("the server notices"));
    }
    assert!(taken.iter().any(|job| (job.id, job.attempt) == (jobs[0].id, 1)), "{taken:?}");
}

#[tokio::test]
async fn what_is_done_leaves_the_broker_and_a_dead_letter_stays() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::start(&folder).await;
    let store = open(&broker, "").await;
    for index in 0..50 {
        let both = NewEvent { handlers: vec!["log".into(), "bill".into()], ..event(&index.to_string(), "") };
        store.append(vec![both]).await.unwrap();
    }
    let jobs = store.lease(200).await.unwrap().jobs;
    assert_eq!(jobs.len(), 100);
    for job in &jobs[1..] {
        store.finish(job.id).await.unwrap();
    }
    store.fail(jobs[0].id, "hopeless", None).await.unwrap();

    // Others who read the queue have a minute to hear that it is done.
    let until = Instant::now() + Duration::from_secs(120);
    let messages = async || {
        broker.ask("$JS.API.STREAM.INFO.hms-webhook-queue", &json!({})).await["state"]["messages"].as_u64().unwrap()
    };
    // This server, and of the dead letter's event its body and where its two jobs stand.
    while messages().await > 4 {
        assert!(Instant::now() < until, "{} messages are left", messages().await);
        sleep(Duration::from_secs(1)).await;
    }
    let other = open(&broker, "name=other").await;
    assert_eq!(other.counts().await.unwrap(), Counts { waiting: 0, running: 0, dead: 1 });
    assert_eq!(other.replay(&Filter::default()).await.unwrap(), 1);
    assert_eq!(lease_within(&other, Duration::from_secs(2)).await.unwrap().body, jobs[0].body);
}
