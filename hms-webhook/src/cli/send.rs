//! The command `send`: one made-up delivery to a running server, and what it answers.

use std::{
    error, fmt, fs,
    path::PathBuf,
    time::{Duration, SystemTime},
};

use clap::Args;
use serde_json::{Map, Value, json};

use super::{
    member_path::at_path,
    output,
    target::{Answer, Signing, Target, TargetFlags},
};
use crate::{
    App,
    app::{ASSISTANT_REQUEST_LIMIT, TOOL_CALLS_LIMIT},
    error::Result,
    sample_event::{SampleCall, legacy, report, tool_call},
    schema::{ToolDefinition, sample::current_sample},
    words::{instead, shorten},
};

/// What to send.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(super) struct SendFlags {
    /// assistant-request, tool-calls, status-update, end-of-call-report, or any other type [default with --tool: tool-calls]
    #[arg(value_name = "EVENT")]
    event: Option<String>,
    #[command(flatten)]
    target: TargetFlags,
    /// Sets a member of the body's `message`, for example call.status=ended; read as JSON, or else as text
    #[arg(long, value_name = "PATH=VALUE")]
    set: Vec<String>,
    /// The tool to call [default: the first that `tools` shows]
    #[arg(long, value_name = "NAME")]
    tool: Option<String>,
    /// An argument of the tool, for example day=2026-01-13; read as the tool takes it. Without any, all are made up from the tool's schema
    #[arg(long = "arg", value_name = "NAME=VALUE")]
    arguments: Vec<String>,
    /// Sends this file as the body, byte for byte, whether it is JSON or not; only --set and --legacy change it
    #[arg(long, value_name = "FILE", conflicts_with_all = ["event", "tool", "arguments", "web_call"])]
    file: Option<PathBuf>,
    /// How many deliveries, one after the other; each made-up one is of a new call, a --file is the same each time
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    repeat: u32,
    /// Signs with a secret that no server has, to see how it refuses that
    #[arg(long)]
    bad_signature: bool,
    /// Dates the delivery so far ahead, or back where negative, for example +400s or -400s
    #[arg(long, value_name = "SECONDS", default_value = "0s", value_parser = seconds, allow_hyphen_values = true)]
    skew: i64,
    /// Makes it a call from a browser, which has no caller's number
    #[arg(long)]
    web_call: bool,
    /// Spells the names in the older way, in camelCase
    #[arg(long)]
    legacy: bool,
}

const HELP: &str = "\
The delivery is signed with HMS_WEBHOOK_SECRET, as the platform does it. The answer's body goes to standard output, \
status and time to standard error. Tools are really called: what they change is changed.

The PATH of --set has dots between names and the numbers of elements of lists, from 0 on, in brackets: \
tool_call_list[0].function.arguments.day. Objects and lists on the way are made; a list grows by one element at its \
end. A member whose name has a dot or a bracket is set with its object: metadata={\"a.b\":1}.

Examples:
  send status-update --set call.status=ended
  send --tool lookup_order --arg order_id=A-1042
  send tool-calls --bad-signature
  send --file body.json

Exit codes:
  0  every answer had a status of 2xx and came within the platform's deadline
  1  nothing was sent, or there was no answer
  2  an answer had another status, or was late";

const NOTHING: &str = "nothing to send: name an event (assistant-request, tool-calls, status-update, \
    end-of-call-report or any other type), a tool with --tool, or a file with --file";

/// Runs the command; gives back the program's exit code.
pub(super) async fn send(app: &App, flags: &SendFlags) -> Result<i32> {
    if flags.event.is_none() && flags.tool.is_none() && flags.file.is_none() {
        return Err(UsageError(NOTHING.into()).into());
    }
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
            let body = serde_json::from_slice(&text);
            if flags.set.is_empty() && !flags.legacy {
                let limit = body.ok().as_ref().and_then(limit);
                return Ok((text, limit));
            }
            body.map_err(|error| failed(&format!("--set and --legacy change JSON, which it is not ({error})")))?
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
        let members = body.as_object_mut().ok_or_else(|| UsageError("--set is of JSON objects only".into()))?;
        let message = members.entry("message").or_insert_with(|| json!({}));
        *at_path(message, &path).map_err(UsageError)? = value;
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
    let given = arguments.iter().map(|one| argument(one, known)).collect::<Result<Map<_, _>, _>>()?;
    match (known, name) {
        (Some(tool), _) if given.is_empty() => {
            Ok(tool_call(id, &tool.name, current_sample(&tool.parameters, SystemTime::now())))
        }
        (Some(tool), _) => Ok(tool_call(id, &tool.name, given.into())),
        // What another program's server has is not known here.
        (None, Some(name)) if !given.is_empty() || definitions.is_empty() => Ok(tool_call(id, name, given.into())),
        (None, Some(name)) => {
            let instead = instead(name, definitions.iter().map(|tool| tool.name.as_str()), "tools");
            let name = shorten(name);
            Err(UsageError(format!("no arguments can be made without --arg: there is no tool `{name}`{instead}"))
                .into())
        }
        (None, None) => Err(UsageError("this program has no tools: name one with --tool".into()).into()),
    }
}

/// `name=value` for `tool`, if it is known: what it takes as a text stays as it is written, unless it is a JSON string.
fn argument(text: &str, tool: Option<&ToolDefinition>) -> Result<(String, Value), UsageError> {
    let (name, value) = assignment(text)?;
    let schema = tool.and_then(|tool| tool.parameters.get("properties")?.get(&name));
    let takes = |types: &[&str]| schema.is_some_and(|schema| takes_only(schema, types));
    let is_of_text = takes(&["string", "null"]) && !takes(&["null"]);
    let is_null = value.is_null() && !takes(&["string"]);
    if is_of_text && !value.is_string() && !is_null {
        let written = &text[name.len() + 1..];
        return Ok((name, written.into()));
    }
    Ok((name, value))
}

/// Whether all that `schema` allows has one of these types.
fn takes_only(schema: &Value, types: &[&str]) -> bool {
    let is_one = |name: &Value| name.as_str().is_some_and(|name| types.contains(&name));
    match &schema["type"] {
        Value::Array(names) => names.iter().all(is_one),
        Value::Null => {
            let branches = schema.get("anyOf").or_else(|| schema.get("oneOf")).and_then(Value::as_array);
            branches.is_some_and(|branches| branches.iter().all(|branch| takes_only(branch, types)))
        }
        name => is_one(name),
    }
}

/// `name=value`, the value as JSON or else as a text.
pub(super) fn assignment(text: &str) -> Result<(String, Value), UsageError> {
    let (name, value) = text
        .split_once('=')
        .filter(|(name, _)| !name.is_empty())
        .ok_or_else(|| UsageError(format!("`{text}` sets nothing: write name=value")))?;
    Ok((name.into(), serde_json::from_str(value).unwrap_or_else(|_| value.into())))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_kept_where_the_schema_takes_no_other_type() {
        let sent = |schema: Value, written: &str| {
            let parameters = json!({ "properties": { "a": schema } });
            let tool: ToolDefinition =
                serde_json::from_value(json!({ "name": "t", "description": "T.", "parameters": parameters })).unwrap();
            argument(&format!("a={written}"), Some(&tool)).unwrap().1
        };
        let or_null = json!({ "anyOf": [{ "type": "string", "enum": ["5"] }, { "type": "null" }] });
        for (schema, written, value) in [
            (json!({ "type": ["string", "null"] }), "5", json!("5")),
            (json!({ "type": ["string", "null"] }), "null", json!(null)),
            (or_null.clone(), "5", json!("5")),
            (or_null, "null", json!(null)),
            (json!({ "type": "string" }), "a=b", json!("a=b")),
            (json!({ "type": ["string", "integer"] }), "5", json!(5)),
            (json!({ "type": "null" }), "5", json!(5)),
            (json!({ "type": "number" }), "5", json!(5)),
            (json!({}), "5", json!(5)),
            (json!(true), "5", json!(5)),
        ] {
            assert_eq!(sent(schema.clone(), written), value, "{schema} {written}");
        }
    }
}
