//! Whole programs over their store: what they do while it is away, what the command `events` shows of it, and what they give
//! back when they are stopped.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../nats/broker.rs"]
#[allow(dead_code, reason = "each test program uses a part of it")]
mod broker;
mod broker_away;
mod commands;
mod give_back;
#[path = "../fire/process.rs"]
#[allow(dead_code, reason = "each test program uses a part of it")]
mod process;
#[path = "../behaviour/support.rs"]
#[allow(dead_code, reason = "each test program uses a part of it")]
mod support;

use std::{fs, path::Path, process::Output, time::Duration};

use tokio::{
    process::Command,
    time::{Instant, sleep},
};

use crate::{
    process::Process,
    support::{Answer, Connection, SECRET, message, signed_request},
};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// The folder by which a test and its programs speak to each other, and the store that the programs have.
pub(crate) struct Desk {
    folder: tempfile::TempDir,
    store: String,
}

impl Desk {
    /// With this store; `{folder}` in it stands for the desk's own.
    pub(crate) fn new(store: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = store.replace("{folder}", folder.path().to_str().unwrap());
        Self { folder, store }
    }

    /// With a file of its own as its store.
    pub(crate) fn with_file() -> Self {
        Self::new("sqlite:{folder}/events.sqlite3")
    }

    fn program(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_keeping"));
        command.env("KEEPING", self.folder.path()).env("HMS_WEBHOOK_STORE", &self.store);
        command.env("HMS_WEBHOOK_SECRET", SECRET).env("HMS_WEBHOOK_LISTEN", "127.0.0.1:0");
        command
    }

    pub(crate) async fn start(&self) -> Process {
        Process::spawn(self.program()).await
    }

    /// A server with another name at the same broker.
    pub(crate) async fn start_as(&self, name: &str) -> Process {
        let mut command = self.program();
        command.env("HMS_WEBHOOK_STORE", format!("{}&name={name}", self.store));
        Process::spawn(command).await
    }

    /// The command `events`.
    pub(crate) async fn events(&self, arguments: &[&str]) -> Output {
        self.program().arg("events").args(arguments).output().await.unwrap()
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        Path::new(self.folder.path()).join(name)
    }

    /// From now on handlers see this file.
    pub(crate) fn put(&self, name: &str) {
        fs::write(self.path(name), "").unwrap();
    }

    pub(crate) fn remove(&self, name: &str) {
        fs::remove_file(self.path(name)).unwrap();
    }

    /// What the handlers have written, line by line.
    pub(crate) fn journal(&self) -> Vec<String> {
        fs::read_to_string(self.path("journal")).unwrap_or_default().lines().map(str::to_owned).collect()
    }

    /// Waits until a handler has written this. Gives back how long that took.
    pub(crate) async fn wait_for(&self, line: &str) -> Duration {
        let began = Instant::now();
        while !self.journal().iter().any(|written| written == line) {
            assert!(began.elapsed() < PATIENCE, "no `{line}` in {:?}", self.journal());
            sleep(Duration::from_millis(5)).await;
        }
        began.elapsed()
    }
}

/// Delivers `body` on a connection of its own.
pub(crate) async fn deliver(process: &Process, body: String) -> Answer {
    exchange(process, &signed_request(body.as_bytes())).await
}

pub(crate) async fn ready(process: &Process) -> Answer {
    exchange(process, b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n").await
}

async fn exchange(process: &Process, request: &[u8]) -> Answer {
    let mut connection = Connection::to(process.address()).await;
    connection.send(request).await;
    connection.answer().await
}

/// An event of this type about this phone call.
pub(crate) fn event(kind: &str, call: &str) -> String {
    message(kind, r#","summary":"a secret illness""#).replace("c-1", call)
}

/// Asks again and again, until it is so.
pub(crate) async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !is_so().await {
        assert!(began.elapsed() < PATIENCE, "it did not come to this: {what}");
        sleep(Duration::from_millis(20)).await;
    }
}
