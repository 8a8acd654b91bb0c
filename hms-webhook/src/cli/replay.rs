//! The command `replay`: recorded deliveries once more, and where the answers are not what they were.

use std::{path::PathBuf, time::SystemTime};

use anstyle::{AnsiColor, Style};
use clap::Args;
use serde_json::{Value, json};

use super::{
    difference::{Difference, Further, differences},
    output,
    send::UsageError,
    target::{Signing, Target, TargetFlags},
};
use crate::{
    error::Result,
    record::{Recorded, folder},
    redact::{Redactor, align},
};

/// What to send.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(super) struct ReplayFlags {
    /// The folder that `serve --record` has written
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    #[command(flatten)]
    target: TargetFlags,
    /// Does not compare what is at this path of the answers, for example results[0].result.booking_id or results[*].result
    #[arg(long, value_name = "PATH")]
    ignore: Vec<String>,
    /// Puts this number in place of the callers' stand-ins, for a server that knows it
    #[arg(long, value_name = "NUMBER")]
    caller: Option<String>,
    /// Leaves the ids of the calls as they were: a server that still knows them repeats its answers
    #[arg(long)]
    keep_ids: bool,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

const HELP: &str = "\
Deliveries are sent in the order in which they came, one after the other, with the time of now and signed anew with \
HMS_WEBHOOK_SECRET. Each call gets an id that no server has seen; what was sent twice in it is sent twice again. \
Tools are really called: what they change is changed.

Status and JSON are compared. What was taken out of a recording (phone numbers, names, secrets, what was said) is not.

Exit codes:
  0  every answer is what it was
  1  nothing was compared: the folder cannot be read, or no server answers
  2  an answer differs

Colours are used on a terminal only, and not where NO_COLOR is set.";

/// Runs the command; gives back the program's exit code.
pub(super) async fn replay(flags: &ReplayFlags) -> Result<i32> {
    let recorded = folder(&flags.folder).map_err(|faults| UsageError(faults.join("\n")))?;
    let target = Target::new(&flags.target)?;
    if !target.is_signing() {
        output::tell("not signed: HMS_WEBHOOK_SECRET is not set");
    }
    let fresh = format!("-replayed-{:x}", unix_milliseconds());
    let mut line = target.line();
    let (mut differing, mut list) = (0, Vec::new());
    // A path that is written wrongly is in no answer.
    let mut unmet: Vec<_> = flags.ignore.iter().filter(|path| *path != STATUS).collect();
    for (file, recorded) in &recorded {
        let mut body = body(recorded, if flags.keep_ids { "" } else { &fresh });
        if let (Some(caller), Some(stand_in)) = (&flags.caller, caller_of(&recorded.body)) {
            replace(&mut body, stand_in, caller);
        }
        let answer = line.deliver(body.to_string().as_bytes(), Signing::default()).await?;
        let found = answer.json();
        unmet.retain(|path| !has(&recorded.reply, &steps(path)) && !has(&found, &steps(path)));
        let mut differences = compare(recorded, found, &fresh);
        let status = answer.status.as_u16();
        if status != recorded.status {
            let (expected, found) = (Some(recorded.status.into()), Some(status.into()));
            differences.insert(0, Difference { path: STATUS.into(), expected, found });
        }
        differences.retain(|difference| !flags.ignore.iter().any(|ignored| is_within(&difference.path, ignored)));
        differing += usize::from(!differences.is_empty());
        if flags.json {
            list.push(entry(file, recorded, status, &differences));
        } else {
            output::show(&row(file, recorded, status, answer.time.as_millis(), &differences))?;
        }
    }
    for path in unmet {
        output::tell(&format!("--ignore {path}: no answer has anything at this path"));
    }
    if flags.json {
        output::show(&format!("{:#}\n", json!({ "differing": differing, "deliveries": list })))?;
    } else {
        let of = recorded.len();
        output::show(&match differing {
            0 => format!("{of} replayed: every answer is what it was\n"),
            differing => format!("{of} replayed: {differing} answered otherwise\n"),
        })?;
    }
    Ok(if differing == 0 { 0 } else { 2 })
}

fn unix_milliseconds() -> u128 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_millis()
}

/// What is sent: the recorded body with the time of now, and with an id of its own for each call.
fn body(recorded: &Recorded, fresh: &str) -> Value {
    let mut body = recorded.body.clone();
    let message = &mut body["message"];
    if message.get("timestamp").is_some() {
        message["timestamp"] = humantime::format_rfc3339_millis(SystemTime::now()).to_string().into();
    }
    if let Some(Value::String(id)) = message.get_mut("call").and_then(|call| call.get_mut("id")) {
        id.push_str(fresh);
    }
    body
}

/// Where the answer differs from the recorded one, as far as that can be said without what was taken out.
fn compare(recorded: &Recorded, mut found: Value, fresh: &str) -> Vec<Difference> {
    replace(&mut found, fresh, "");
    let mut expected = recorded.reply.clone();
    align(&expected, &mut found);
    // Together with the body, whose fields say what is a name and what a number.
    let mut redactor = Redactor::masking();
    redactor.redact(&mut [&mut recorded.body.clone(), &mut expected]);
    redactor.redact(&mut [&mut recorded.body.clone(), &mut found]);
    differences("", &expected, &found, Further::Compared)
}

fn caller_of(body: &Value) -> Option<&str> {
    body["message"]["customer"]["number"].as_str()
}

/// Replaces `from` in every text.
fn replace(value: &mut Value, from: &str, to: &str) {
    match value {
        Value::String(text) if text.contains(from) => *text = text.replace(from, to),
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, from, to)),
        Value::Object(members) => members.values_mut().for_each(|value| replace(value, from, to)),
        _ => {}
    }
}

/// Where a difference of the status is.
const STATUS: &str = "status";

/// The names and numbers of a path.
fn steps(path: &str) -> Vec<&str> {
    path.split(['.', '[', ']']).filter(|step| !step.is_empty()).collect()
}

/// Whether `path` is at or below `ignored`, in which `*` stands for any member or element.
fn is_within(path: &str, ignored: &str) -> bool {
    let (path, ignored) = (steps(path), steps(ignored));
    path.len() >= ignored.len() && path.iter().zip(&ignored).all(|(step, ignored)| *ignored == "*" || step == ignored)
}

/// Whether there is anything in `value` where `steps` lead.
fn has(value: &Value, steps: &[&str]) -> bool {
    let Some((step, rest)) = steps.split_first() else { return true };
    match value {
        Value::Object(members) => match *step {
            "*" => members.values().any(|value| has(value, rest)),
            name => members.get(name).is_some_and(|value| has(value, rest)),
        },
        Value::Array(items) => match *step {
            "*" => items.iter().any(|item| has(item, rest)),
            number => number.parse().ok().and_then(|at: usize| items.get(at)).is_some_and(|item| has(item, rest)),
        },
        _ => false,
    }
}

fn row(file: &str, recorded: &Recorded, status: u16, time: u128, differences: &[Difference]) -> String {
    let (style, mark) = match differences {
        [] => (AnsiColor::Green.on_default(), "="),
        _ => (AnsiColor::Red.on_default().bold(), "≠"),
    };
    let dim = Style::new().dimmed();
    let mut text = format!("{style}{mark}{style:#} {status}  {time:>5} ms  {}  {dim}{file}{dim:#}\n", recorded.about());
    for difference in differences {
        text.push_str(&format!("    {difference}\n"));
    }
    text
}

fn entry(file: &str, recorded: &Recorded, status: u16, differences: &[Difference]) -> Value {
    let differences = differences
        .iter()
        .map(|difference| json!({ "path": difference.path, "recorded": difference.expected, "now": difference.found }));
    json!({
        "file": file,
        "event": recorded.event,
        "tools": recorded.tools,
        "status": status,
        "differences": differences.collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_leads_to_something_or_not() {
        let answer = json!({ "results": [{ "result": { "id": null } }, {}] });
        for path in ["results[0].result.id", "results[*].result", "results[1]", "*[*].result.*"] {
            assert!(has(&answer, &steps(path)), "{path}");
        }
        for path in ["result", "results[2]", "results[1].result", "results[0].result.id.x", "results.id"] {
            assert!(!has(&answer, &steps(path)), "{path}");
        }
    }

    #[test]
    fn a_path_is_ignored_with_all_below_it() {
        for (path, ignored) in [
            ("results[0].result.id", "results[0].result.id"),
            ("results[3].result.id", "results[*].result"),
            ("a.b", "a"),
        ] {
            assert!(is_within(path, ignored), "{path} {ignored}");
        }
        for (path, ignored) in
            [("results[0].result.ids", "results[0].result.id"), ("results[1].x", "results[0]"), ("a", "a.b")]
        {
            assert!(!is_within(path, ignored), "{path} {ignored}");
        }
    }
}
