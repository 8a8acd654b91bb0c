//! The user's own binary as a program: commands, configuration from the environment, logs, signals.

pub(crate) mod environment;
mod listen;
mod log;
mod serving;
mod signals;

use std::{io, pin::Pin};

use clap::{Args, Parser, Subcommand};

use crate::{
    App,
    error::{Error, Result},
    server,
};
use environment::Environment;
use listen::Target;
use signals::Signals;

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
    let _log = log::start();
    match command_line.command.unwrap_or(Command::Serve(command_line.serve)) {
        Command::Serve(flags) => serve(app, flags).await,
        #[cfg(feature = "push")]
        Command::Push(flags) => {
            let definitions: Vec<_> = app.definitions()?.iter().map(serde_json::to_value).collect::<Result<_, _>>()?;
            match crate::push::run(&definitions, flags).await? {
                crate::push::Outcome::Done => Ok(()),
                outcome => std::process::exit(outcome.exit_code()),
            }
        }
    }
}

async fn serve(mut app: App, flags: ServeFlags) -> Result<()> {
    let environment = Environment::read(|name| std::env::var_os(name), &mut app.problems);
    app.settings.secrets.extend(environment.secrets);
    app.settings.allow_unsigned |= flags.allow_unsigned;
    if let Some(path) = flags.path.or(environment.path) {
        app.settings.path = path;
    }
    app = environment.serving.apply(app);
    let target = Target::find(flags.listen.unwrap_or(environment.listen), &mut app.problems).await;
    if app.settings.allow_unsigned && !target.is_local() {
        app.problems.push(format!(
            "unsigned deliveries are accepted on a loopback address only, and `{}` is none: \
             set HMS_WEBHOOK_SECRET, or listen on 127.0.0.1",
            target.describe()
        ));
    }
    let serving = app.settings.serving.clone();
    let service = app.into_service()?;
    let serving = serving.prepare()?;

    let listener = target.bind().await?;
    let (stop, stopped) = tokio::sync::oneshot::channel();
    let mut signals = Signals::new()?;
    let rereading = signals::on_hangup({
        let (service, serving) = (service.clone(), serving.clone());
        move || {
            service.reread_secrets();
            serving.reread();
        }
    })?;
    let serving = server::serve(service, listener, serving, async {
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
        () = rereading => Ok(()),
    }
}
