//! The command `serve`: a server, from its configuration to its last answer.

use std::io;

use clap::Args;
use tokio::net::{TcpListener, lookup_host};

use super::environment::Environment;
use crate::{
    App,
    error::{Error, Result},
    server,
};

#[derive(Debug, Default, Args)]
pub(super) struct ServeFlags {
    /// Address to listen on, for example 0.0.0.0:8080
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// Path of the webhook
    #[arg(long, value_name = "PATH")]
    path: Option<String>,
    /// Also accept deliveries without a signature; on a loopback address only
    #[arg(long)]
    allow_unsigned: bool,
}

/// Serves `app` until a signal tells it to stop.
pub(super) async fn serve(mut app: App, flags: ServeFlags) -> Result<()> {
    let environment = Environment::read(|name| std::env::var_os(name), &mut app.problems);
    app.settings.secrets.extend(environment.secrets);
    app.settings.allow_unsigned |= flags.allow_unsigned;
    if let Some(path) = flags.path.or(environment.path) {
        app.settings.path = path;
    }
    let listen = flags.listen.unwrap_or(environment.listen);
    let addresses: Vec<_> = match lookup_host(&listen).await {
        Ok(addresses) => addresses.collect(),
        Err(error) => {
            app.problems
                .push(format!("`{listen}` is no address to listen on ({error}): write one like 127.0.0.1:8080"));
            Vec::new()
        }
    };
    if app.settings.allow_unsigned && addresses.iter().any(|address| !address.ip().is_loopback()) {
        app.problems.push(format!(
            "unsigned deliveries are accepted on a loopback address only, and `{listen}` is none: \
             set HMS_WEBHOOK_SECRET, or listen on 127.0.0.1"
        ));
    }
    // What is wrong otherwise is better said before a file is made.
    if app.settings.store.is_none() && app.problems.is_empty() {
        match environment.store.map(|address| address.open()) {
            Some(Ok(store)) => app.settings.store = Some(store),
            Some(Err(problem)) => app.problems.push(problem),
            None => {}
        }
    }
    let time_limits = app.settings.time_limits;
    let service = app.into_service()?;

    let listener = TcpListener::bind(&*addresses)
        .await
        .map_err(|error| io::Error::new(error.kind(), format!("cannot listen on {listen}: {error}")))?;
    let (stop, stopped) = tokio::sync::oneshot::channel();
    let mut signals = Signals::new()?;
    let serving = server::serve(service, listener, time_limits, async {
        let _ = stopped.await;
    });
    let at_once = async {
        signals.next().await;
        let _ = stop.send(());
        signals.next().await;
    };
    tokio::select! {
        () = serving => Ok(()),
        () = at_once => Err(Error::from(io::Error::new(io::ErrorKind::Interrupted, "stopped at once by a second signal"))),
    }
}

/// The signals that mean "stop".
struct Signals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

impl Signals {
    #[cfg(unix)]
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    #[cfg(unix)]
    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }

    #[cfg(not(unix))]
    fn new() -> io::Result<Self> {
        Ok(Self {})
    }

    #[cfg(not(unix))]
    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    }
}
