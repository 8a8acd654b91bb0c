//! A server that is killed at random moments loses nothing that it has acknowledged, and does nothing twice that it has
//! answered.
//!
//! `HMS_WEBHOOK_KILLS` says how often it is killed (default: 30), `HMS_WEBHOOK_SEED` makes the dice fall as they did.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::print_stdout, reason = "a long run tells what it did")]

mod journal;
mod load;
#[path = "../fire/process.rs"]
#[allow(dead_code, reason = "each test program uses a part of it")]
mod process;
#[path = "../behaviour/support.rs"]
#[allow(dead_code, reason = "each test program uses a part of it")]
mod support;

use std::{
    path::Path,
    process::Stdio,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{
    process::Command,
    sync::watch,
    time::{sleep, timeout},
};

use crate::{
    journal::{Findings, Journal},
    process::Process,
};

const CLIENTS: usize = 8;
/// How long nothing happens before it is believed that nothing will.
const QUIET: Duration = Duration::from_secs(3);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_and_nothing_answered_is_done_again() {
    let kills = number("HMS_WEBHOOK_KILLS").unwrap_or(30);
    let (seed, began) = (seed(), Instant::now());
    let findings = torment(kills, seed, Honesty::Honest).await;
    let Findings { acknowledged, handled, answered, effects, lost, wrong, .. } = findings;
    let summary = format!(
        "{kills} kills in {:.0?}, seed {seed}: {acknowledged} events acknowledged, {handled} times handled; \
         {answered} tool calls answered, {effects} effects",
        began.elapsed()
    );
    println!("{summary}");
    assert!(acknowledged as u64 > kills && answered as u64 > kills, "too little happened: {summary}");
    assert!(lost.is_empty(), "acknowledged and never handled: {lost:?}; {summary}");
    assert!(wrong.is_empty(), "answered, and not done exactly before that: {wrong:?}; {summary}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_promises_before_it_commits_is_caught() {
    let seed = seed();
    let Findings { lost, wrong, .. } = torment(20, seed, Honesty::PromisesEarly).await;
    assert!(!lost.is_empty(), "no event that was acknowledged early was lost, seed {seed}");
    assert!(!wrong.is_empty(), "no tool call that was answered early was done again, seed {seed}");
}

#[derive(Debug, Clone, Copy)]
enum Honesty {
    Honest,
    PromisesEarly,
}

/// Kills a server under load so many times, and finds out what became of what it had promised.
async fn torment(kills: u64, seed: u64, honesty: Honesty) -> Findings {
    let mut dice = fastrand::Rng::with_seed(seed);
    let folder = tempfile::tempdir().unwrap();
    let journal_path = folder.path().join("journal");
    let journal = Arc::new(Journal::create(&journal_path));
    let store = folder.path().join("events.sqlite3");
    // A secret of its own: a killed server's port may soon be that of another test's server, which has to refuse then.
    let secret = format!("crash-{honesty:?}-{seed}");
    let program = || program(&store, &journal_path, &secret, honesty);

    let (listening, address) = watch::channel(None);
    let clients: Vec<_> = (0..CLIENTS)
        .map(|name| tokio::spawn(load::client(name, dice.fork(), address.clone(), secret.clone(), journal.clone())))
        .collect();
    drop(address);

    let (mut killed, mut start) = (0, Duration::ZERO);
    while killed < kills {
        if killed > 0 && dice.u8(..3) == 0 {
            // It is killed while it recovers: before it has opened its file, after that, or at its first handlers.
            let mut child = program().stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            sleep(start.mul_f64(dice.f64() * 1.5)).await;
            child.kill().await.unwrap();
            killed += 1;
        }
        let began = Instant::now();
        let mut process = Process::spawn(program()).await;
        start = began.elapsed();
        listening.send_replace(Some(process.address()));
        sleep(Duration::from_millis(dice.u64(5..300))).await;
        if dice.bool() {
            // What was promised in this moment has to be on the disk already. If nothing is, it is killed all the same.
            let _ = timeout(Duration::from_millis(200), journal.next_promise()).await;
        }
        // `kill` is SIGKILL, and waits until the process is gone and the lock on its file with it.
        process.child.kill().await.unwrap();
        listening.send_replace(None);
        killed += 1;
    }
    drop(listening);
    for client in clients {
        client.await.unwrap();
    }

    // The last server finds what is left, and nobody disturbs it.
    let _process = Process::spawn(program()).await;
    let (mut findings, mut changed) = (journal.read(), Instant::now());
    while changed.elapsed() < QUIET {
        sleep(Duration::from_millis(100)).await;
        let now = journal.read();
        if now.lines != findings.lines {
            (findings, changed) = (now, Instant::now());
        }
    }
    findings
}

fn program(store: &Path, journal: &Path, secret: &str, honesty: Honesty) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_crashing"));
    command.kill_on_drop(true);
    command.env("HMS_WEBHOOK_SECRET", secret).env("HMS_WEBHOOK_LISTEN", "127.0.0.1:0").env("CRASH_JOURNAL", journal);
    match honesty {
        Honesty::Honest => command.env("HMS_WEBHOOK_STORE", format!("sqlite:{}", store.display())),
        Honesty::PromisesEarly => command.env("CRASH_ACKNOWLEDGE_EARLY", store),
    };
    command
}

fn seed() -> u64 {
    number("HMS_WEBHOOK_SEED").unwrap_or_else(|| fastrand::u64(..))
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}
