//! The command `send`: one made-up delivery to a running server, and what it answers.

use std::{
    error, fmt, fs,
    path::PathBuf,
    time::{Duration, SystemTime},
};

use clap::Args;
use serde_json::{Map, Value, json};

use super::{
    output,
    target::{Answer, Signing, Target, TargetFlags},
};
use crate::{
    App,
    app::{ASSISTANT_REQUEST_LIMIT, TOOL_CALLS_LIMIT},
    error::Result,
    sample_event::{SampleCall, legacy, report, tool_call},
    schema::{ToolDefinition, sample::sample},
    words::{nearest, shorten},
};

/// What to send.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(super) struct SendFlags {
    /// assistant-request, tool-calls, status-update, end-of-call-report, or any other type [with --tool: tool-calls]
    #[arg(value_name = "EVENT", required_unless_present_any = ["tool", "file"])]
    event: Option<String>,
    #[command(flatten)]
    target: TargetFlags,
    /// Sets a member of `message`, for example call.status=ended; JSON or else text
    #[arg(long, value_name = "PATH=VALUE")]
    set: Vec<String>,
    /// The tool to call [the first]
    #[arg(long, value_name = "NAME")]
    tool: Option<String>,
    /// An argument of the tool, JSON or else text; with none, all are made from its schema
    #[arg(long = "arg", value_name = "NAME=VALUE")]
    arguments: Vec<String>,
    /// Sends this file, byte for byte unless --set or --legacy changes it, instead of a made-up event
    #[arg(long, value_name = "FILE", conflicts_with_all = ["event", "tool", "arguments", "web_call"])]
    file: Option<PathBuf>,
    /// How often; a made-up delivery has a call id of its own each time, a --file is the same one repeated
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    repeat: u32,
    /// Signs with a wrong secret
    #[arg(long)]
    bad_signature: bool,
    /// Dates the delivery forward, or back where negative, for example +400s or -400s
    #[arg(long, value_name = "SECONDS", default_value = "0s", value_parser = seconds, allow_hyphen_values = true)]
    skew: i64,
    /// A call from a browser: there is no caller's number
    #[arg(long)]
    web_call: bool,
    /// The older spelling, in camelCase
    #[arg(long)]
    legacy: bool,
}

const HELP: &str = "\
Signs with HMS_WEBHOOK_SECRET. The answer's body goes to standard output, status and time to standard error.

Exit codes:
  0  every delivery was answered with a status of 2xx, within the platform's deadline
  1  nothing was sent, or there was no answer
  2  an answer had another status, or was late";

/// Runs the command; gives back the program's exit code.
pub(super) async fn send(app: &App, flags: &SendFlags) -> Result<i32> {
    let target = Target::new(&flags.target)?;
    if !target.is_signing() && !flags.bad_signature {
        output::tell("not signed: HMS_WEBHOOK_SECRET is not set");
    }
    let signing = Signing { wrong: flags.bad_signature, skew: flags.skew };
    let definitions = app.definitions()?;
    let mut all_well = true;
    for _ in 0..flags.repeat {
        let (body, limit) = body(flags, &definitions)?;
        let answer = target.deliver(&body, signing).await?;
        let in_time = limit.is_none_or(|limit| answer.time <= limit);
        all_well &= answer.status.is_success() && in_time;
        show(&answer, limit)?;
    }
    Ok(if all_well { 0 } else { 2 })
}

/// How long the platform waits for the answer to `body` (PROTOCOL.md §1.3).
pub(super) fn limit(body: &Value) -> Option<Duration> {
    match body["message"]["type"].as_str() {
        Some("assistant-request") => Some(ASSISTANT_REQUEST_LIMIT),
        Some("tool-calls") => Some(TOOL_CALLS_LIMIT),
        _ => None,
    }
}

fn show(answer: &Answer, limit: Option<Duration>) -> Result<()> {
    let milliseconds = answer.time.as_millis();
    let allowed = limit.map_or(String::new(), |limit| format!(" of {} ms", limit.as_millis()));
    output::tell(&format!("{}  {milliseconds} ms{allowed}", answer.status));
    output::show(&format!("{:#}\n", answer.json()))?;
    Ok(())
}

/// The bytes to send, and how long the platform would wait for the answer.
fn body(flags: &SendFlags, definitions: &[ToolDefinition]) -> Result<(Vec<u8>, Option<Duration>)> {
    let mut body = match &flags.file {
        Some(file) => {
            let failed = |cause: &dyn fmt::Display| UsageError(format!("cannot send {}: {cause}", file.display()));
            let text = fs::read(file).map_err(|error| failed(&error))?;
            let body = serde_json::from_slice(&text).map_err(|error| failed(&format!("it is not JSON ({error})")))?;
            if flags.set.is_empty() && !flags.legacy {
                return Ok((text, limit(&body)));
            }
            body
        }
        None => {
            let mut call = SampleCall::new(new_call_id());
            if flags.web_call {
                call.caller = None;
            }
            let kind = flags.event.as_deref().unwrap_or("tool-calls");
            if kind != "tool-calls" && (flags.tool.is_some() || !flags.arguments.is_empty()) {
                let kind = shorten(kind);
                return Err(UsageError(format!("--tool and --arg are of `tool-calls`, not of `{kind}`")).into());
            }
            let members = match kind {
                "tool-calls" => {
                    let name = flags.tool.as_deref();
                    json!({ "tool_call_list": [made_tool_call("tool_1", name, &flags.arguments, definitions)?] })
                }
                "end-of-call-report" => report(),
                _ => json!({}),
            };
            let mut body = call.event(kind, members);
            body["message"]["timestamp"] = humantime::format_rfc3339_millis(SystemTime::now()).to_string().into();
            body
        }
    };
    for set in &flags.set {
        let (path, value) = assignment(set)?;
        *place(&mut body, &format!("message.{path}"))? = value;
    }
    let limit = limit(&body);
    let body = if flags.legacy { legacy(body) } else { body };
    Ok((body.to_string().into_bytes(), limit))
}

/// A call id that no earlier run has used, so that nothing counts as a second delivery.
pub(super) fn new_call_id() -> String {
    use std::hash::{BuildHasher, RandomState};

    format!("sample-{:016x}", RandomState::new().hash_one(SystemTime::now()))
}

/// A call of the tool `name`, or of the first; without `arguments` with such as its schema allows.
pub(super) fn made_tool_call(
    id: &str,
    name: Option<&str>,
    arguments: &[String],
    definitions: &[ToolDefinition],
) -> Result<Value> {
    let known = match name {
        Some(name) => definitions.iter().find(|tool| tool.name == name),
        None => definitions.first(),
    };
    let given = arguments.iter().map(|one| assignment(one)).collect::<Result<Map<_, _>, _>>()?;
    match (known, name) {
        (Some(tool), _) if given.is_empty() => Ok(tool_call(id, &tool.name, sample(&tool.parameters, 0))),
        (Some(tool), _) => Ok(tool_call(id, &tool.name, given.into())),
        // What another program's server has is not known here.
        (None, Some(name)) if !given.is_empty() || definitions.is_empty() => Ok(tool_call(id, name, given.into())),
        (None, Some(name)) => {
            let nearest = nearest(name, definitions.iter().map(|tool| tool.name.as_str())).unwrap_or_default();
            let name = shorten(name);
            Err(UsageError(format!(
                "there is no tool `{name}` to make arguments for, did you mean `{nearest}`? Or give --arg"
            ))
            .into())
        }
        (None, None) => Err(UsageError("this program has no tools: name one with --tool".into()).into()),
    }
}

/// `name=value`, the value as JSON or else as a text.
fn assignment(text: &str) -> Result<(String, Value), UsageError> {
    let (name, value) =
        text.split_once('=').ok_or_else(|| UsageError(format!("`{text}` sets nothing: write name=value")))?;
    Ok((name.into(), serde_json::from_str(value).unwrap_or_else(|_| value.into())))
}

/// The member at `path`; objects on the way are made.
fn place<'a>(message: &'a mut Value, path: &str) -> Result<&'a mut Value, UsageError> {
    path.split('.').try_fold(message, |value, step| {
        if value.is_null() {
            *value = json!({});
        }
        match value {
            Value::Object(members) => Some(members.entry(step).or_insert(Value::Null)),
            Value::Array(values) => step.parse::<usize>().ok().and_then(|index| values.get_mut(index)),
            _ => None,
        }
        .ok_or_else(|| UsageError(format!("`{path}` cannot be set: there is no place for `{step}`")))
    })
}

fn seconds(text: &str) -> Result<i64, String> {
    let number = text.strip_suffix('s').unwrap_or(text);
    number.parse().map_err(|_| "write a number of seconds, like +400s or -400s".into())
}

/// What the command line, or a file that it names, says wrongly.
#[derive(Debug)]
pub(super) struct UsageError(pub(super) String);

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl error::Error for UsageError {}
