//! The user's own binary as a program: commands, configuration from the environment, logs, signals.

mod call;
pub(crate) mod environment;
mod events;
#[cfg(feature = "prometheus")]
mod exporter;
mod listen;
mod log;
mod output;
pub(crate) mod profile;
mod send;
mod serve;
mod serving;
mod signals;
mod store;
mod target;
mod tools;

use std::pin::Pin;
#[cfg(feature = "console")]
use std::sync::Arc;

use clap::{Parser, Subcommand};
use tracing_subscriber::layer::Identity;

#[cfg(feature = "console")]
use crate::console::{self, Feed};
use crate::{App, error::Result};

/// Answers the webhooks of a voice agent.
#[derive(Debug, Parser)]
#[command(disable_help_subcommand = true, args_conflicts_with_subcommands = true, after_help = ENVIRONMENT_HELP)]
struct CommandLine {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: serve::ServeFlags,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Answers the platform's webhooks until it is told to stop (the default)
    Serve(serve::ServeFlags),
    /// Shows the tools as the model is told of them, or compares them with a file
    Tools(tools::ToolsFlags),
    /// Runs one tool as a phone call would and prints what the model would hear
    Call(call::CallFlags),
    /// Sends a made-up delivery to a running server and shows the answer
    Send(send::SendFlags),
    /// Shows events that are not done, and replays or drops dead letters
    #[command(after_help = events::HELP)]
    Events {
        #[command(subcommand)]
        command: events::EventsCommand,
    },
    /// Shows the difference between these tools and an assistant's on the platform, and applies it
    #[cfg(feature = "push")]
    Push(crate::push::PushFlags),
}

const ENVIRONMENT_HELP: &str = "\
Environment:
  HMS_WEBHOOK_SECRET           webhook secret (or HMS_WEBHOOK_SECRET_FILE, a file that holds it)
  HMS_WEBHOOK_SECRET_PREVIOUS  a second secret that is accepted too (or …_FILE)
  HMS_WEBHOOK_LISTEN           address to listen on, or unix:PATH [127.0.0.1:8080; with PORT set, 0.0.0.0:$PORT]
  HMS_WEBHOOK_PATH             path of the webhook [/webhooks/hms-sovereign]
  HMS_WEBHOOK_TRUSTED_PROXIES  networks whose X-Forwarded-For is believed [none]
  HMS_WEBHOOK_PROXY_PROTOCOL   networks whose connections begin with a PROXY header [none]
  HMS_WEBHOOK_ALLOWED_NETWORKS the only networks that may send [all]
  HMS_WEBHOOK_TLS_CERTIFICATE  certificate chain to speak TLS with, as PEM, and
  HMS_WEBHOOK_TLS_KEY          its key (feature `tls`)
  HMS_WEBHOOK_STOP_PAUSE       seconds for which a stopping server still accepts connections [0]
  HMS_WEBHOOK_STORE            where events are kept: sqlite:PATH, or memory [a file among the user's data]
  HMS_WEBHOOK_CONSOLE_TOKEN    with --dev: the token in the console's address [another one after each start]
  RUST_LOG                     what is logged [info; other commands than serve: warn]";

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
        run_boxed(self).await
    }
}

/// Boxed, so that a whole server is compiled with this crate and not again with every program.
fn run_boxed(app: App) -> Pin<Box<dyn Future<Output = Result<()>> + Send>> {
    Box::pin(run_app(app))
}

async fn run_app(app: App) -> Result<()> {
    let command_line = CommandLine::try_parse().unwrap_or_else(|error| {
        let _ = error.print();
        // Not clap's own 2, which is the answer of `push --dry-run` to a difference.
        std::process::exit(i32::from(error.use_stderr()))
    });
    let command = command_line.command.unwrap_or(Command::Serve(command_line.serve));
    // Of one call there is less to tell than of a server.
    let filter = if matches!(command, Command::Serve(_)) { "info" } else { "warn" };
    #[cfg(feature = "console")]
    let command = match command {
        Command::Serve(flags) if flags.wants_console() => {
            let feed = Arc::<Feed>::default();
            let _log = log::start(filter, Some(console::watch(feed.clone())));
            return serve::serve(app, flags.with_console(feed)).await;
        }
        other => other,
    };
    let log = log::start(filter, None::<Identity>);
    match command {
        Command::Serve(flags) => serve::serve(app, flags).await,
        Command::Tools(flags) => end_with(log, tools::tools(&app, &flags)?),
        Command::Call(flags) => end_with(log, call::call(app, &flags).await?),
        Command::Send(flags) => end_with(log, send::send(&app, &flags).await?),
        Command::Events { command } => end_with(log, events::events(command).await?),
        #[cfg(feature = "push")]
        Command::Push(flags) => {
            let definitions: Vec<_> =
                app.definitions_for(flags.profile())?.iter().map(serde_json::to_value).collect::<Result<_, _>>()?;
            end_with(log, crate::push::run(&definitions, flags).await?.exit_code())
        }
    }
}

/// Ends the program with `exit_code`; an error that is returned from `main` ends it with 1 and is printed there.
fn end_with(log: log::Flush, exit_code: i32) -> Result<()> {
    drop(log);
    match exit_code {
        0 => Ok(()),
        other => std::process::exit(other),
    }
}
