//! Three servers at three brokers, of each of which one is killed under load.

use std::{
    collections::BTreeSet,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use hms_webhook::store::{Counts, Filter, Nats, Store};
use tokio::{
    process::Command,
    sync::watch,
    time::{sleep, timeout},
};

use crate::{
    broker::Broker,
    journal::{Findings, Journal},
    load,
    process::Process,
};

const CLIENTS: usize = 6;
const SECRET: &str = "cluster-secret";
/// How long the clients go on after the kills: longer than brokers take to choose a new leader.
const LOAD_AFTER: Duration = Duration::from_secs(14);
/// Longer than a server that has ended is believed to be there, and than what it had begun takes then.
const PATIENCE: Duration = Duration::from_secs(90);
/// Much longer than all of it takes.
const AT_MOST: Duration = Duration::from_secs(400);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_and_a_broker_are_killed_and_nothing_is_lost_or_done_again() {
    timeout(AT_MOST, kill_a_server_and_a_broker()).await.expect("it comes to an end");
}

async fn kill_a_server_and_a_broker() {
    let folder = tempfile::tempdir().unwrap();
    let mut brokers = Broker::cluster(&folder).await;
    let hosts = brokers.each_ref().map(|broker| format!("127.0.0.1:{}", broker.port)).join(",");
    let address = format!("nats://desk:hush-hush@{hosts}?replicas=3&prefix=desk");
    // Until the brokers have found each other, there can be no streams.
    let began = Instant::now();
    let looking = loop {
        match Nats::open(&format!("{address}&name=looking")).await {
            Ok(store) => break store,
            Err(error) => assert!(began.elapsed() < PATIENCE, "{error:?}"),
        }
        sleep(Duration::from_millis(200)).await;
    };

    let journal_path = folder.path().join("journal");
    let journal = Arc::new(Journal::create(&journal_path));
    let mut servers = Vec::new();
    for name in ["one", "two", "three"] {
        servers.push(Process::spawn(program(&format!("{address}&name={name}"), &journal_path)).await);
    }
    let logs: Vec<_> = servers.iter().map(|server| server.log.clone()).collect();
    let seed = fastrand::u64(..);
    let mut dice = fastrand::Rng::with_seed(seed);
    let mut balancers = Vec::new();
    let mut clients = Vec::new();
    for name in 0..CLIENTS {
        let (balancer, server) = watch::channel(Some(servers[name % 3].address()));
        clients.push(tokio::spawn(load::client(name, dice.fork(), server, SECRET.to_owned(), journal.clone())));
        balancers.push(balancer);
    }
    // Each client comes to another server again and again, with what it has sent before.
    let mut balance = async |servers: &[Process], time: Duration| {
        let until = Instant::now() + time;
        while Instant::now() < until {
            sleep(Duration::from_millis(150)).await;
            balancers[dice.usize(..CLIENTS)].send_replace(Some(servers[dice.usize(..servers.len())].address()));
        }
    };
    balance(&servers, Duration::from_secs(3)).await;

    let leader = brokers[0].leader("desk-queue").await.expect("one broker leads for the queue");
    brokers[leader].kill().await;
    servers[0].child.kill().await.unwrap();
    servers.remove(0);
    let before = journal.read();
    balance(&servers, LOAD_AFTER).await;
    for balancer in balancers {
        balancer.send_replace(None);
    }
    for client in clients {
        client.await.unwrap();
    }

    let began = Instant::now();
    while looking.counts().await.unwrap() != Counts::default() {
        assert!(began.elapsed() < PATIENCE, "these are not done: {:?}", looking.list(&Filter::default()).await);
        sleep(Duration::from_millis(200)).await;
    }
    let Findings { acknowledged, handled, answered, effects, lost, wrong, .. } = journal.read();
    let summary = format!(
        "seed {seed}: {acknowledged} events acknowledged, {handled} times handled; {answered} tool calls answered, \
         {effects} effects; before the kills {} and {}",
        before.acknowledged, before.answered
    );
    println!("{summary}");
    assert!(before.acknowledged > 20 && before.answered > 20, "too little happened: {summary}");
    assert!(acknowledged > before.acknowledged + 20, "it does not go on: {summary}");
    assert!(lost.is_empty(), "acknowledged and never handled: {lost:?}; {summary}");
    let (admitted, wrong): (BTreeSet<_>, BTreeSet<_>) = wrong.into_iter().partition(|id| {
        logs.iter().any(|log| log.lock().unwrap().lines().any(|line| admits(line) && line.contains(&format!("{id:?}"))))
    });
    assert!(wrong.is_empty(), "answered, and not done exactly before that: {wrong:?}; {summary}");
    assert!(admitted.len() <= CLIENTS, "each client had to do with the kills once: {admitted:?}; {summary}");
}

/// What is not promised: while a broker does not answer for two seconds, a tool is run, as somebody waits on the phone. The
/// server says so of each call.
fn admits(line: &str) -> bool {
    ["cannot be looked up; it is run", "is not kept yet", "cannot be kept"].iter().any(|text| line.contains(text))
}

fn program(address: &str, journal: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_crashing"));
    command.env("HMS_WEBHOOK_SECRET", SECRET).env("HMS_WEBHOOK_LISTEN", "127.0.0.1:0");
    command.env("HMS_WEBHOOK_STORE", address).env("CRASH_JOURNAL", journal);
    command
}
