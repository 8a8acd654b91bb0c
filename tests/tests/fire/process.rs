//! A server in a process of its own, whose memory can be read and to which signals can be sent.

use std::{
    fs,
    net::SocketAddr,
    process::Stdio,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    sync::watch,
};

use crate::support::SECRET;

pub(crate) struct Process {
    pub(crate) child: Child,
    /// What it has logged so far.
    pub(crate) log: Arc<Mutex<String>>,
    listening: watch::Receiver<Option<String>>,
}

impl Process {
    /// The program with [`SECRET`], on a free port unless `settings` say otherwise.
    pub(crate) async fn start(settings: &[(&str, &str)]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_under-fire"));
        command
            .env("HMS_WEBHOOK_SECRET", SECRET)
            .env("HMS_WEBHOOK_LISTEN", "127.0.0.1:0")
            .env("HMS_WEBHOOK_STORE", "memory");
        command.envs(settings.iter().copied());
        Self::spawn(command).await
    }

    /// The program with `socket` handed over as a service manager does it: as file 3, by the shell.
    pub(crate) async fn handed(socket: &std::net::TcpListener, settings: &[(&str, &str)]) -> Self {
        let mut command = Command::new("sh");
        let script = "exec 3<&0 </dev/null; LISTEN_FDS=1 LISTEN_PID=$$ exec \"$0\"";
        command.args(["-c", script, env!("CARGO_BIN_EXE_under-fire")]);
        command.env("HMS_WEBHOOK_SECRET", SECRET).env("HMS_WEBHOOK_STORE", "memory").envs(settings.iter().copied());
        command.stdin(Stdio::from(std::os::fd::OwnedFd::from(socket.try_clone().unwrap()))).stdout(Stdio::null());
        Self::watch(command).await
    }

    /// Starts `command` and waits until it listens.
    async fn spawn(mut command: Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::null());
        Self::watch(command).await
    }

    async fn watch(mut command: Command) -> Self {
        let mut child = command.stderr(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let (found, listening) = watch::channel(None);
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let kept = log.clone();
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                if let Some((_, rest)) = line.split_once("listening on ") {
                    found.send_replace(Some(rest.split(',').next().unwrap_or_default().to_owned()));
                }
                let mut log = kept.lock().unwrap();
                log.push_str(&line);
                log.push('\n');
            }
        });
        let mut process = Self { child, log, listening };
        if process.listening.wait_for(Option::is_some).await.is_err() {
            panic!("it does not start: {}", process.log.lock().unwrap());
        }
        process
    }

    pub(crate) fn listens_on(&self) -> String {
        self.listening.borrow().clone().unwrap()
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.listens_on().parse().unwrap()
    }

    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().expect("it runs").to_string();
        assert!(std::process::Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
    }

    /// A line of `/proc/PID/status` in kB: `VmRSS` is the memory now, `VmHWM` the most so far.
    pub(crate) fn memory(&self, line: &str) -> Option<usize> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()?)).ok()?;
        let value = status.lines().find_map(|found| found.strip_prefix(line)?.strip_prefix(':'))?;
        value.split_whitespace().next()?.parse().ok()
    }
}
