//! The user's own binary as a program: commands, configuration from the environment, logs, signals.

pub(crate) mod environment;

#[cfg(feature = "console")]
use std::sync::Arc;
use std::{
    io::{self, IsTerminal},
    pin::Pin,
};

use clap::{Args, Parser, Subcommand};
use tokio::net::{TcpListener, lookup_host};
#[cfg(feature = "console")]
use tracing::info;
#[cfg(not(feature = "console"))]
use tracing_subscriber::layer::Identity;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt, layer::SubscriberExt, util::SubscriberInitExt};

#[cfg(feature = "console")]
use crate::console::{self, Console, Feed, Planned, WithConsole};
use crate::{
    App,
    error::{Error, Result},
    server,
};
use environment::Environment;

/// Answers the webhooks of a voice agent.
#[derive(Debug, Parser)]
#[command(disable_help_subcommand = true, args_conflicts_with_subcommands = true, after_help = ENVIRONMENT_HELP)]
struct CommandLine {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: ServeFlags,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Answers the platform's webhooks until it is told to stop (the default)
    Serve(ServeFlags),
    /// Shows the difference between these tools and an assistant's on the platform, and applies it
    #[cfg(feature = "push")]
    Push(crate::push::PushFlags),
}

#[derive(Debug, Default, Args)]
struct ServeFlags {
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

const ENVIRONMENT_HELP: &str = "\
Environment:
  HMS_WEBHOOK_SECRET           webhook secret (or HMS_WEBHOOK_SECRET_FILE, a file that holds it)
  HMS_WEBHOOK_SECRET_PREVIOUS  a second secret that is accepted too (or …_FILE)
  HMS_WEBHOOK_LISTEN           address to listen on [127.0.0.1:8080; with PORT set, 0.0.0.0:$PORT]
  HMS_WEBHOOK_PATH             path of the webhook [/webhooks/hms-sovereign]
  HMS_WEBHOOK_STORE            where events are kept [memory]
  RUST_LOG                     what is logged [info]";

/// Runs every annotated function of this program as a server: the whole of `main` where there is no state.
///
/// ```no_run
/// #[tokio::main]
/// async fn main() -> hms_webhook::Result<()> {
///     hms_webhook::run().await
/// }
/// ```
///
/// # Errors
/// As [`App::run`].
pub async fn run() -> Result<()> {
    App::discover().run().await
}

/// # Running
impl App {
    /// Runs this app as a program: reads the command line and the environment, logs to standard error, serves, and
    /// stops in an orderly way on SIGTERM or SIGINT (a second signal ends it at once).
    ///
    /// # Errors
    /// Everything that keeps the app from starting, in one report and before the port is bound; then what keeps the
    /// port from being bound.
    pub async fn run(self) -> Result<()> {
        let command_line = CommandLine::try_parse().unwrap_or_else(|error| {
            let _ = error.print();
            // Not clap's own 2, which is the answer of `push --dry-run` to a difference.
            std::process::exit(i32::from(error.use_stderr()))
        });
        let command = command_line.command.unwrap_or(Command::Serve(command_line.serve));
        #[cfg(feature = "console")]
        let feed = matches!(&command, Command::Serve(flags) if flags.dev).then(Arc::<Feed>::default);
        #[cfg(feature = "console")]
        start_log(feed.clone().map(console::watch));
        #[cfg(not(feature = "console"))]
        start_log(None::<Identity>);
        match command {
            Command::Serve(flags) => {
                #[cfg(feature = "console")]
                let flags = ServeFlags { feed, ..flags };
                serve(self, flags).await
            }
            #[cfg(feature = "push")]
            Command::Push(flags) => {
                let definitions: Vec<_> =
                    self.definitions()?.iter().map(serde_json::to_value).collect::<Result<_, _>>()?;
                match crate::push::run(&definitions, flags).await? {
                    crate::push::Outcome::Done => Ok(()),
                    outcome => std::process::exit(outcome.exit_code()),
                }
            }
        }
    }
}

/// Logs to standard error, and tells `listener` too.
fn start_log(listener: Option<impl Layer<Registry> + Send + Sync>) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = fmt::layer().with_writer(io::stderr).with_ansi(io::stderr().is_terminal());
    // A logger that the program has set up itself stays.
    let _ = tracing_subscriber::registry().with(listener).with(lines.with_filter(filter)).try_init();
}

async fn serve(mut app: App, flags: ServeFlags) -> Result<()> {
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
    let console = flags.feed.and_then(|feed| Planned::new(&mut app, &addresses, feed));
    let time_limits = app.settings.time_limits;
    let service = app.into_service()?;

    let listener = TcpListener::bind(&*addresses)
        .await
        .map_err(|error| io::Error::new(error.kind(), format!("cannot listen on {listen}: {error}")))?;
    #[cfg(feature = "console")]
    if let Some(planned) = console {
        let console = Arc::new(Console::new(planned, service.path(), listener.local_addr()?));
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
