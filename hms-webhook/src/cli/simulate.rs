//! The command `simulate`: whole phone calls against a running server, and whether it answers as expected.

mod expect;
mod parse;
mod report;
mod run;
mod script;
mod strict_toml;
mod variables;

use std::{
    fs,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Instant,
};

use clap::Args;
use serde_json::{Map, Value};
use tokio::task::JoinSet;

use self::{
    parse::Program,
    report::{CallRun, Report, TimeLine},
    script::Script,
};
use super::{
    output,
    send::{UsageError, assignment},
    target::{Target, TargetFlags},
};
use crate::{App, error::Result, handler::HandlerRun};

/// What to play.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(super) struct SimulateFlags {
    /// A file that says what happens in the call, as TOML [default: every tool is called once]
    #[arg(value_name = "SCRIPT")]
    script: Option<PathBuf>,
    #[command(flatten)]
    target: TargetFlags,
    /// How many calls
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    calls: u32,
    /// How many of them at a time
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    concurrency: u32,
    /// Sets a variable of the script, `${NAME}` in it; read as JSON, or else as text
    #[arg(long = "var", value_name = "NAME=VALUE")]
    variables: Vec<String>,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

const HELP: &str = "\
A script has steps, and for each what is expected of the answer:

  [call]
  caller = \"+31612000111\"

  [[step]]
  event = \"assistant-request\"
  expect.reply.assistant.first_message = \"Hello.\"

  [[step]]
  tool = \"lookup_order\"
  arguments = { order_id = \"A-1042\" }
  pause = \"2s\"      # before it
  repeat = 2        # the same delivery twice, answered alike
  expect.result.status = \"shipped\"
  expect.within = \"3s\"

  [[step]]
  event = \"end-of-call-report\"

Without expectations a step holds if its answer is a 2xx in the platform's form, within the platform's time.

Deliveries are signed with HMS_WEBHOOK_SECRET. Tools are really called: what they change is changed. One call is shown \
as a time line, several as a summary.

Exit codes:
  0  all that was expected held
  1  nothing was played: the script is wrong, or no server answers
  2  something was not as expected

Colours are used on a terminal only, and not where NO_COLOR is set.";

/// Runs the command; gives back the program's exit code.
pub(super) async fn simulate(app: &App, flags: &SimulateFlags) -> Result<i32> {
    let script = Arc::new(script(app, flags)?);
    let target = Target::new(&flags.target)?;
    if !target.is_signing() {
        output::tell("not signed: HMS_WEBHOOK_SECRET is not set");
    }
    let begun = Instant::now();
    let mut runs = match flags.calls {
        1 => vec![one(&script, &target, flags.json).await?],
        _ => many(&script, &target, flags).await,
    };
    // Where not one delivery was answered, there is no server to speak of.
    if runs.iter().all(|run| run.deliveries.is_empty())
        && let Some(unanswered) = runs.iter_mut().find_map(|run| run.broken_off.take())
    {
        return Err(unanswered.error.into());
    }
    let report = Report { script: &script, runs: &runs, time: begun.elapsed() };
    output::show(&if flags.json { format!("{:#}\n", report.json()) } else { report.text() })?;
    Ok(if report.faults() == 0 { 0 } else { 2 })
}

fn script(app: &App, flags: &SimulateFlags) -> Result<Script> {
    let variables = flags.variables.iter().map(|one| assignment(one)).collect::<Result<Map<String, Value>, _>>()?;
    let tools = app.definitions()?;
    let Some(path) = &flags.script else {
        return match variables.keys().next() {
            Some(name) => Err(UsageError(format!("--var {name} is of a script, and none is named")).into()),
            None => Ok(Script::of_every_tool(&tools)),
        };
    };
    let file = path.display().to_string();
    let text = fs::read_to_string(path)
        .map_err(|error| UsageError(format!("the script `{file}` cannot be read: {error}; name a file of TOML")))?;
    let events = app.handler_specs().iter().filter_map(|spec| match spec.run {
        HandlerRun::Event(kind, _) => Some(kind),
        _ => None,
    });
    let program = Program { tools: &tools, events: &events.collect::<Vec<_>>() };
    let script = Script::read(&file, &text, &variables, &program).map_err(|faults| UsageError(faults.join("\n")))?;
    if let (true, Some(id)) = (flags.calls > 1, &script.call.id)
        && !id.contains("${call}")
    {
        return Err(UsageError(format!(
            "{file}: with --calls, every call needs an id of its own: write `${{call}}` into `{id}`, or leave `call.id` out"
        ))
        .into());
    }
    Ok(script)
}

/// Plays one call, and shows each delivery when it is answered.
async fn one(script: &Script, target: &Target, json: bool) -> Result<CallRun> {
    let (line, mut run) = (TimeLine::new(script), CallRun { number: 1, ..CallRun::default() });
    let mut shown = Ok(());
    let ended = run::run(script, 1, target, |delivered| {
        if !json && shown.is_ok() {
            shown = output::show(&line.row(&delivered));
        }
        run.deliveries.push(delivered);
    })
    .await;
    shown?;
    run.end(ended);
    Ok(run)
}

/// Plays all calls, so many at a time.
async fn many(script: &Arc<Script>, target: &Target, flags: &SimulateFlags) -> Vec<CallRun> {
    let (next, calls) = (Arc::new(AtomicU32::new(1)), flags.calls);
    let mut callers = JoinSet::new();
    for _ in 0..flags.concurrency.min(calls) {
        let (script, target, next) = (script.clone(), target.clone(), next.clone());
        callers.spawn(async move {
            let mut runs = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number > calls {
                    return runs;
                }
                let mut run = CallRun { number, ..CallRun::default() };
                let ended = run::run(&script, number, &target, |mut delivered| {
                    // Nobody looks at so many.
                    delivered.reply = Value::Null;
                    run.deliveries.push(delivered);
                });
                let ended = ended.await;
                run.end(ended);
                runs.push(run);
            }
        });
    }
    let mut runs: Vec<_> = callers.join_all().await.into_iter().flatten().collect();
    runs.sort_by_key(|run| run.number);
    runs
}
