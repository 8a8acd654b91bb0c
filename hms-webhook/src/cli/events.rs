//! The command `events`: what waits in the store and what has died there, and what becomes of that.

use std::{
    fmt::Write as _,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::{environment::Variables, output, store::StoreAddress};
use crate::{
    error::{Error, Result},
    redact::{Redactor, Secrets},
    store::{Counts, Filter, JobId, JobState, Store, StoredJob},
};

#[derive(Debug, Subcommand)]
pub(super) enum EventsCommand {
    /// Lists events that are not done, one line for each handler
    #[command(after_help = HELP)]
    List {
        #[command(flatten)]
        choice: Choice,
        /// At most this many
        #[arg(long, value_name = "COUNT", default_value_t = 100)]
        limit: usize,
        /// Print JSON, with the counts
        #[arg(long)]
        json: bool,
        /// With --json: the bodies too, which hold what was said on the phone
        #[arg(long, requires = "json")]
        bodies: bool,
    },
    /// Shows one event
    #[command(after_help = HELP)]
    Show {
        /// The event's number, as `list` shows it
        id: u64,
        /// Show the body as it came, with what was said on the phone, names and numbers
        #[arg(long)]
        body: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Hands dead letters to their handlers again
    #[command(after_help = HELP)]
    Replay(Dead),
    /// Removes dead letters for good
    #[command(after_help = HELP)]
    Drop(Dead),
}

/// Which events are meant.
#[derive(Debug, Default, Args)]
pub(super) struct Choice {
    /// In this state only
    #[arg(long, value_enum)]
    state: Option<State>,
    #[command(flatten)]
    about: About,
}

#[derive(Debug, Default, Args)]
struct About {
    /// Of events of this type only, for example end-of-call-report
    #[arg(long, value_name = "TYPE")]
    kind: Option<String>,
    /// About this phone call only
    #[arg(long, value_name = "CALL")]
    call: Option<String>,
    /// For this handler only
    #[arg(long, value_name = "NAME")]
    handler: Option<String>,
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("which").required(true).multiple(true).args(["ids", "kind", "call", "handler", "all"]))]
pub(super) struct Dead {
    /// The numbers of dead letters, as `list` shows them
    ids: Vec<u64>,
    #[command(flatten)]
    about: About,
    /// All dead letters
    #[arg(long, conflicts_with_all = ["ids", "kind", "call", "handler"])]
    all: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum State {
    /// Waits for its first or next attempt
    Waiting,
    /// A handler is at it
    Running,
    /// Has failed for the last time
    Dead,
}

pub(super) const HELP: &str = "\
The store is that of HMS_WEBHOOK_STORE, or else the one that `serve` takes by itself; a server may be using it meanwhile. \
Dead letters are events whose handler has failed for the last time.

Exit codes:
  0  done
  1  an error, or no event was meant";

/// Runs the command; gives back the program's exit code.
pub(super) async fn events(command: EventsCommand) -> Result<i32> {
    let variables = Variables { lookup: |name: &str| std::env::var_os(name) };
    let address = StoreAddress::read(&variables).map_err(failed)?;
    let store = address.open_beside_a_server().await.map_err(failed)?;
    match command {
        EventsCommand::List { choice, limit, json, bodies } => {
            let filter = Filter { state: choice.state.map(Into::into), limit: Some(limit), ..choice.about.into() };
            let (counts, jobs) = (store.counts().await?, store.list(&filter).await?);
            if json {
                let events: Vec<_> = jobs.iter().map(|job| as_json(job, bodies.then(|| as_it_came(job)))).collect();
                let counts = json!({ "waiting": counts.waiting, "running": counts.running, "dead": counts.dead });
                output::show(&format!("{:#}\n", json!({ "counts": counts, "events": events })))?;
            } else {
                output::show(&table(&jobs))?;
                output::tell(&summary(counts, jobs.len(), limit));
            }
            Ok(0)
        }
        EventsCommand::Show { id, body, json } => {
            let filter = Filter { ids: vec![JobId(id)], ..Filter::default() };
            let Some(job) = store.list(&filter).await?.pop() else {
                return Err(failed(format!(
                    "there is no event {id}: it is done, or never was; `events list` shows those that are not done"
                )));
            };
            let shown = if body { as_it_came(&job) } else { redacted(&job) };
            output::show(&if json { format!("{:#}\n", as_json(&job, Some(shown))) } else { page(&job, &shown) })?;
            Ok(0)
        }
        EventsCommand::Replay(dead) => change(&store, dead, "to be handled again").await,
        EventsCommand::Drop(dead) => change(&store, dead, "removed").await,
    }
}

async fn change(store: &Arc<dyn Store>, dead: Dead, done: &str) -> Result<i32> {
    let wanted = dead.ids.len() as u64;
    let ids = dead.ids.iter().copied().map(JobId).collect();
    let filter = Filter { ids, ..dead.about.into() };
    let count = if done == "removed" { store.discard(&filter).await? } else { store.replay(&filter).await? };
    output::tell(&format!("{count} dead {} {done}", if count == 1 { "letter" } else { "letters" }));
    if count < wanted {
        output::tell(&format!(
            "not found among the dead letters: {} of {wanted} numbers; `events list` shows them",
            wanted - count
        ));
    }
    Ok(i32::from(count == 0))
}

fn failed(problem: String) -> Error {
    std::io::Error::other(problem).into()
}

impl From<State> for JobState {
    fn from(state: State) -> Self {
        match state {
            State::Waiting => Self::Waiting,
            State::Running => Self::Running,
            State::Dead => Self::Dead,
        }
    }
}

impl From<About> for Filter {
    fn from(about: About) -> Self {
        Self { kind: about.kind, call_id: about.call, handler: about.handler, ..Self::default() }
    }
}

fn as_it_came(job: &StoredJob) -> Value {
    serde_json::from_slice(&job.body).unwrap_or_else(|_| String::from_utf8_lossy(&job.body).into())
}

/// The body with stand-ins for what is private; `null` where it is no JSON.
fn redacted(job: &StoredJob) -> Value {
    let mut body = serde_json::from_slice(&job.body).unwrap_or_default();
    let secrets = Secrets::new(Vec::new(), Vec::new(), Vec::new());
    Redactor::new(secrets, &[]).redact(&mut [&mut body]);
    body
}

fn as_json(job: &StoredJob, body: Option<Value>) -> Value {
    let seconds = |time: SystemTime| time.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as f64 / 1000.0;
    let mut json = json!({
        "id": job.id.0,
        "state": job.state.as_str(),
        "kind": job.kind,
        "call": job.call_id,
        "handler": job.handler,
        "attempts": job.attempts,
        "last_error": job.last_error,
        "appended": seconds(job.appended),
        "next_try": job.next_try.map(seconds),
        "body_bytes": job.body.len(),
    });
    if let Some(body) = body {
        json["body"] = body;
    }
    json
}

/// The longest call id and the longest error in a table.
const SHORT: usize = 40;

fn table(jobs: &[StoredJob]) -> String {
    if jobs.is_empty() {
        return "no events\n".into();
    }
    let heading = ["ID", "STATE", "TYPE", "HANDLER", "CALL", "TRIES", "SINCE", "LAST ERROR"].map(str::to_owned);
    let mut rows = vec![heading];
    rows.extend(jobs.iter().map(|job| {
        [
            job.id.to_string(),
            job.state.as_str().into(),
            on_one_line(&job.kind),
            on_one_line(&job.handler),
            shortened(&job.call_id),
            job.attempts.to_string(),
            ago(job.appended),
            shortened(job.last_error.as_deref().unwrap_or_default()),
        ]
    }));
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths: Vec<usize> = (0..8).map(width).collect();
    let mut text = String::new();
    for row in &rows {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        let _ = writeln!(text, "{}", cells.join("  ").trim_end());
    }
    text
}

fn summary(counts: Counts, shown: usize, limit: usize) -> String {
    let Counts { waiting, running, dead } = counts;
    let more = if shown == limit && limit > 0 { format!("; only the first {limit} are shown") } else { String::new() };
    format!("{waiting} waiting, {running} running, {dead} dead{more}")
}

fn page(job: &StoredJob, body: &Value) -> String {
    let mut text = String::new();
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(text, "{name:12}{}", on_one_line(value));
    };
    line("id", &job.id.to_string());
    line("state", job.state.as_str());
    line("type", &job.kind);
    line("handler", &job.handler);
    line("call", &job.call_id);
    line("tries", &job.attempts.to_string());
    line("appended", &ago(job.appended));
    if let Some(next) = job.next_try {
        line("next try", &format!("in {}", rough(next.duration_since(SystemTime::now()).unwrap_or_default())));
    }
    line("last error", job.last_error.as_deref().map_or("none", |error| error));
    line("body", &format!("{} bytes; `--body` shows it as it came", job.body.len()));
    let _ = writeln!(text, "\n{body:#}");
    text
}

/// Without what would end the line, or tell the terminal something.
fn on_one_line(text: &str) -> String {
    text.chars().map(|one| if one.is_control() { ' ' } else { one }).collect()
}

/// On one line and not too long.
fn shortened(text: &str) -> String {
    let line = on_one_line(text);
    match line.char_indices().nth(SHORT) {
        Some((index, _)) => format!("{}…", &line[..index]),
        None => line,
    }
}

fn ago(time: SystemTime) -> String {
    format!("{} ago", rough(SystemTime::now().duration_since(time).unwrap_or_default()))
}

fn rough(duration: Duration) -> String {
    match duration.as_secs() {
        seconds @ ..120 => format!("{seconds} s"),
        seconds @ ..7200 => format!("{} min", seconds / 60),
        seconds @ ..172_800 => format!("{} h", seconds / 3600),
        seconds => format!("{} days", seconds / 86_400),
    }
}
