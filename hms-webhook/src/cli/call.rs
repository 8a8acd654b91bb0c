//! The command `call`: one tool, from the text of its arguments to what the model would hear.

use std::{
    borrow::Cow,
    error, fmt,
    io::{self, Read},
};

use clap::Args;
use serde::de::IgnoredAny;

use super::output;
use crate::{
    App,
    error::Result,
    testing::TestPlatform,
    words::{nearest, shorten},
};

/// What to call.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(super) struct CallFlags {
    /// The name of the tool, as `tools` shows it
    #[arg(value_name = "TOOL")]
    tool: String,
    /// Its arguments as one JSON object, for example '{"order_id": "A-1042"}'; `-` reads them from standard input
    #[arg(value_name = "JSON", default_value = "{}", allow_hyphen_values = true)]
    arguments: String,
}

const HELP: &str = "\
The tool runs here, without a server, with the state of this program: what it changes is changed. Arguments are read \
as those of a phone call are, deadlines hold, and `&Call` is that of a made-up call. A background tool is \
waited for until it has ended, but not tried again; Ctrl-C stops one that does not end.

Exit codes:
  0  the tool has answered
  1  the tool was not run: there is none of this name, the JSON is malformed or
     too large, or the app cannot start
  2  the model would hear of an error: the arguments were refused, or the tool
     has failed; or a background tool has failed, which no model hears of";

/// Runs the command; gives back the program's exit code.
pub(super) async fn call(app: App, flags: &CallFlags) -> Result<i32> {
    let arguments = arguments(&flags.arguments)?;
    serde_json::from_str::<IgnoredAny>(&arguments).map_err(CallError::Malformed)?;
    let tools = app.definitions()?;
    let Some(tool) = tools.iter().find(|tool| tool.name == flags.tool) else {
        let nearest = nearest(&flags.tool, tools.iter().map(|tool| &*tool.name)).map(str::to_owned);
        return Err(CallError::Unknown { tool: shorten(&flags.tool), nearest }.into());
    };
    let platform = TestPlatform::following(app)?;
    // As a string, which is one of the platform's two forms, the text arrives as it was typed.
    let (reply, mut mishaps) = platform.follow(tool, arguments.into()).await;
    let reply = reply.map_err(|answer| {
        let body = answer.json();
        let reason = body["error"].as_str().unwrap_or_else(|| answer.status.canonical_reason().unwrap_or("refused"));
        CallError::Refused { status: answer.status.as_u16(), reason: shorten(reason) }
    })?;
    output::show(&format!("{reply}\n"))?;
    let mut has_failed = reply.error().is_some();
    while let Some(mishap) = mishaps.recv().await {
        // What any other tool does wrong, its answer has told.
        if tool.async_ {
            let cause = mishap.to_string().replace(['\r', '\n'], " ");
            output::tell(&format!("Error: the background tool `{}` failed: {cause}", tool.name));
        }
        has_failed = true;
    }
    Ok(if has_failed { 2 } else { 0 })
}

/// The text of the arguments: what was typed, or what standard input holds.
fn arguments(typed: &str) -> Result<Cow<'_, str>> {
    if typed != "-" {
        return Ok(typed.into());
    }
    let mut text = String::new();
    io::stdin().lock().read_to_string(&mut text).map_err(CallError::Unreadable)?;
    Ok(text.into())
}

/// Why a tool was not called.
#[derive(Debug)]
enum CallError {
    Unreadable(io::Error),
    Malformed(serde_json::Error),
    /// As the server would refuse a delivery with such arguments.
    Refused {
        status: u16,
        reason: String,
    },
    Unknown {
        tool: String,
        nearest: Option<String>,
    },
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(error) => write!(f, "standard input cannot be read: {error}; `-` takes JSON from it"),
            Self::Malformed(error) => write!(
                f,
                "the arguments are not JSON ({error}): write an object in single quotes, like '{{\"name\": \"value\"}}'"
            ),
            Self::Refused { status, reason } => {
                write!(f, "a delivery with these arguments is refused with status {status} ({reason}): give less")
            }
            Self::Unknown { tool, nearest: Some(known) } => {
                write!(f, "there is no tool `{tool}`, did you mean `{known}`? `tools` shows them all")
            }
            Self::Unknown { tool, nearest: None } => {
                write!(f, "there is no tool `{tool}`: `tools` shows those that there are")
            }
        }
    }
}

impl error::Error for CallError {}
