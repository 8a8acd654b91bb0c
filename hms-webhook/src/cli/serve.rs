//! The command `serve`: a server, from its configuration to its last answer.

#[cfg(feature = "console")]
use std::sync::Arc;
use std::{io, pin::Pin};

use clap::Args;
use tokio::net::{TcpListener, lookup_host};
#[cfg(feature = "console")]
use tracing::info;

use super::environment::Environment;
#[cfg(feature = "console")]
use crate::console::{Console, Feed, Planned, WithConsole};
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
    /// Also serve the development console at /_console; on a loopback address only
    #[cfg(feature = "console")]
    #[arg(long)]
    dev: bool,
    /// What the console is told by the log.
    #[cfg(feature = "console")]
    #[arg(skip)]
    feed: Option<Arc<Feed>>,
}

#[cfg(feature = "console")]
impl ServeFlags {
    pub(super) fn wants_console(&self) -> bool {
        self.dev
    }

    pub(super) fn with_console(self, feed: Arc<Feed>) -> Self {
        Self { feed: Some(feed), ..self }
    }
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
    #[cfg(feature = "console")]
    let planned = flags.feed.and_then(|feed| Planned::new(&mut app, &addresses, feed));
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
    #[cfg(feature = "console")]
    if let Some(planned) = planned {
        let console = Arc::new(Console::new(planned, &service, listener.local_addr()?));
        info!("the development console is at {}", console.url());
        let answers = WithConsole { webhook: service.clone(), console: console.clone() };
        return until_stopped(|stop| {
            let stop = async move {
                stop.await;
                console.close();
            };
            async move { server::serve(&service, answers, listener, time_limits, stop).await }
        })
        .await;
    }
    until_stopped(|stop| async move { server::serve(&service, service.clone(), listener, time_limits, stop).await })
        .await
}

/// Runs a server until a signal has told it to stop and it has done so; a second signal ends it at once.
async fn until_stopped<F: Future<Output = ()>>(
    serve: impl FnOnce(Pin<Box<dyn Future<Output = ()> + Send>>) -> F,
) -> Result<()> {
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let mut signals = Signals::new()?;
    let serving = serve(Box::pin(async {
        let _ = stopped.await;
    }));
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
