//! The user's own binary as a program: commands, configuration from the environment, logs, signals.

mod call;
mod difference;
pub(crate) mod environment;
mod events;
#[cfg(feature = "prometheus")]
mod exporter;
mod help;
mod listen;
mod log;
mod member_path;
mod output;
pub(crate) mod profile;
mod recording;
mod replay;
mod send;
mod serve;
mod serving;
mod signals;
mod simulate;
mod store;
mod target;
mod tools;

use std::pin::Pin;
#[cfg(feature = "console")]
use std::sync::Arc;

use clap::{Parser, Subcommand};
use tracing_subscriber::{Layer, Registry, layer::Identity};

#[cfg(feature = "console")]
use crate::console::{self, Feed};
use crate::{App, blocking, error::Result};
use log::LogFormat;
#[cfg(feature = "console")]
pub(crate) use recording::secrets;

/// Answers the webhooks of a voice agent.
#[derive(Debug, Parser)]
#[command(disable_help_subcommand = true, args_conflicts_with_subcommands = true, max_term_width = 100, after_help = help::program())]
struct CommandLine {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: serve::ServeFlags,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Answers the platform's webhooks until it is told to stop (the default)
    #[command(after_help = help::server())]
    Serve(serve::ServeFlags),
    /// Shows the tools as the model is told of them, or compares them with a file
    Tools(tools::ToolsFlags),
    /// Runs one tool as a phone call would and prints what the model would hear
    Call(call::CallFlags),
    /// Sends a made-up delivery, signed as the platform signs, to a running server and shows the answer
    Send(send::SendFlags),
    /// Plays whole phone calls against a running server, and checks what it answers
    Simulate(simulate::SimulateFlags),
    /// Sends what `serve --record` has kept once more, and shows where the answers differ
    Replay(replay::ReplayFlags),
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
    /// stops in an orderly way on SIGTERM or SIGINT (a second signal ends it at once). Where a plain `fn` blocks its thread
    /// beyond [`stop_within`](App::stop_within), which nobody can end, the process ends in here.
    ///
    /// The log has aligned lines on a terminal and JSON lines otherwise, unless `--log-format` or
    /// `HMS_WEBHOOK_LOG_FORMAT` says so. A subscriber of `tracing` that the program has installed before stays.
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
    // Of one call there is less to tell than of a server, which starts a log of its own.
    let is_server = matches!(command, Command::Serve(_));
    let filter = match command {
        // Why its delivery was refused or a background tool has failed is what the command says itself.
        Command::Call(_) => "warn,hms_webhook::delivery=error,hms_webhook::inbox::listener=off",
        _ => "warn",
    };
    let log = (!is_server).then(|| log::start(LogFormat::Human, filter, None::<Identity>));
    match command {
        Command::Serve(flags) => run_server(app, flags).await,
        Command::Tools(flags) => end_with(log, tools::tools(&app, &flags)?),
        Command::Call(flags) => end_with(log, call::call(app, &flags).await?),
        Command::Send(flags) => end_with(log, send::send(&app, &flags).await?),
        Command::Simulate(flags) => end_with(log, simulate::simulate(&app, &flags).await?),
        Command::Replay(flags) => end_with(log, replay::replay(&flags).await?),
        Command::Events { command } => end_with(log, events::events(command).await?),
        #[cfg(feature = "push")]
        Command::Push(flags) => {
            let definitions: Vec<_> =
                app.definitions_for(flags.profile())?.iter().map(serde_json::to_value).collect::<Result<_, _>>()?;
            end_with(log, crate::push::run(&definitions, flags).await?.exit_code())
        }
    }
}

/// Serves, with everybody listening to the log who was asked for.
#[allow(unused_mut, reason = "each feature changes a part of it")]
async fn run_server(mut app: App, mut flags: serve::ServeFlags) -> Result<()> {
    let mut listeners: Vec<Box<dyn Layer<Registry> + Send + Sync>> = Vec::new();
    #[cfg(feature = "console")]
    if flags.wants_console() {
        let feed = Arc::<Feed>::default();
        listeners.push(console::watch(feed.clone()).boxed());
        flags = flags.with_console(feed);
    }
    #[cfg(feature = "opentelemetry")]
    let exporter = crate::telemetry::Exporter::from_environment().unwrap_or_else(|problem| {
        app.problems.push(problem);
        None
    });
    #[cfg(feature = "opentelemetry")]
    listeners.extend(exporter.as_ref().map(|exporter| exporter.layer()));
    let format = flags.log_format.unwrap_or_else(|| LogFormat::from_environment(&mut app.problems));
    let log = log::start(format, "info,async_nats=warn", (!listeners.is_empty()).then_some(listeners));
    let served = serve::serve(app, flags).await;
    #[cfg(feature = "opentelemetry")]
    if let (Some(exporter), Ok(())) = (exporter, &served) {
        exporter.finish().await;
    }
    // The runtime would wait for them as long as they like.
    if blocking::any_runs() {
        drop(log);
        if let Err(error) = &served {
            output::tell(&format!("Error: {error:?}"));
        }
        std::process::exit(i32::from(served.is_err()));
    }
    served
}

/// Ends the program with `exit_code`; an error that is returned from `main` ends it with 1 and is printed there.
fn end_with(log: Option<log::Flush>, exit_code: i32) -> Result<()> {
    drop(log);
    match exit_code {
        0 => Ok(()),
        other => std::process::exit(other),
    }
}
