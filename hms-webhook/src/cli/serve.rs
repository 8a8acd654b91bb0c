//! The command `serve`: a server, from its configuration to its last answer.

#[cfg(feature = "console")]
use std::sync::Arc;
use std::{io, time::Instant};

use clap::Args;
use tokio::time::timeout;
#[cfg(feature = "console")]
use tracing::info;
use tracing::warn;

use super::{environment::Environment, listen::ListenOn, log::LogFormat, recording, signals, signals::Signals};
#[cfg(feature = "console")]
use crate::console::{Console, Feed, Planned};
use crate::{
    App, blocking,
    error::{Error, Result},
    server,
};

#[derive(Debug, Default, Args)]
pub(super) struct ServeFlags {
    /// Address to listen on, for example 0.0.0.0:8080 or unix:PATH [default: HMS_WEBHOOK_LISTEN]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// Path of the webhook [default: HMS_WEBHOOK_PATH]
    #[arg(long, value_name = "PATH")]
    path: Option<String>,
    /// Address at which metrics are served to Prometheus, for example 127.0.0.1:9090 [default: HMS_WEBHOOK_METRICS]
    #[arg(long, value_name = "ADDRESS")]
    metrics: Option<String>,
    /// Form of the log's lines [default: HMS_WEBHOOK_LOG_FORMAT]
    #[arg(long, value_name = "FORMAT")]
    pub(super) log_format: Option<LogFormat>,
    /// Also accept deliveries without a signature; on a loopback address only
    #[arg(long)]
    allow_unsigned: bool,
    #[command(flatten)]
    recording: recording::RecordingFlags,
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
    app = environment.serving.apply(app);
    let target = ListenOn::find(flags.listen.unwrap_or(environment.listen), &mut app.problems).await;
    if app.settings.allow_unsigned && !target.is_local() {
        app.problems.push(format!(
            "unsigned deliveries are accepted on a loopback address only, and `{}` is none: \
             set HMS_WEBHOOK_SECRET, or listen on 127.0.0.1",
            target.describe()
        ));
    }
    #[cfg(feature = "console")]
    let planned = flags.feed.and_then(|feed| Planned::new(&mut app, target.foreign_to_browsers(), feed));
    let recorder = recording::begin(&mut app, flags.recording);
    // What is wrong otherwise is better said before a file is made.
    if app.settings.store.is_none()
        && app.problems.is_empty()
        && let Some(address) = environment.store
    {
        match address.open().await {
            Ok(store) => app.settings.store = Some(store),
            Err(problem) => app.problems.push(problem),
        }
    }
    let metrics = flags.metrics.or(environment.metrics);
    if let Some(address) = &metrics {
        app.problems.extend(serve_metrics(address).err());
    }
    let serving = app.settings.serving.clone();
    let service = app.into_quiet_service()?;
    let mut serving = serving.prepare()?;
    serving.is_handed_over = target.is_handed_over();

    #[cfg(feature = "prometheus")]
    if metrics.is_some() {
        super::exporter::watch_store(service.clone());
    }
    let listener = target.bind().await?;
    #[cfg(feature = "console")]
    if let (Some(planned), Some(address)) = (planned, listener.local_address()) {
        let console = Console::new(planned, &service, address);
        info!(target: super::log::CONSOLE, "the development console is at {}", console.url());
        serving.console = Some(Arc::new(console));
    }
    let (stop, stopped) = tokio::sync::oneshot::channel();
    let mut signals = Signals::new()?;
    let rereading = signals::on_hangup({
        let (service, serving) = (service.clone(), serving.clone());
        move || {
            service.reread_secrets();
            serving.reread();
        }
    })?;
    #[cfg(feature = "console")]
    let console = serving.console.clone();
    let time_to_stop = serving.stop_pause + serving.stop_within;
    let serving = async {
        let mut stopping = Instant::now();
        let stop = async {
            let _ = stopped.await;
            stopping = Instant::now();
            #[cfg(feature = "console")]
            if let Some(console) = console {
                console.close();
            }
        };
        server::serve(service, listener, serving, stop).await;
        // A tool that blocks its thread may be at it still, though nobody waits for its answer any more.
        if timeout(time_to_stop.saturating_sub(stopping.elapsed()), blocking::all_ended()).await.is_err() {
            warn!("functions that block their threads were not done; the process ends without them");
        }
    };
    let at_once = async {
        signals.next().await;
        let _ = stop.send(());
        signals.next().await;
    };
    tokio::select! {
        () = serving => {
            if let Some(recorder) = recorder {
                recorder.finish().await;
            }
            Ok(())
        }
        () = at_once => Err(Error::from(io::Error::new(io::ErrorKind::Interrupted, "stopped at once by a second signal"))),
        () = rereading => Ok(()),
    }
}

#[cfg(feature = "prometheus")]
fn serve_metrics(address: &str) -> Result<(), String> {
    super::exporter::install(address)
}

#[cfg(not(feature = "prometheus"))]
fn serve_metrics(address: &str) -> Result<(), String> {
    Err(format!(
        "metrics are to be served at `{address}`, but this program was built without them: build it with the feature \
         `prometheus` of hms-webhook"
    ))
}
