//! The command `push`: shows the difference between this program's tools and an assistant's on the platform, and
//! applies it (PROTOCOL.md §5 and §6).
//!
//! What it does where the platform's documents are silent:
//!
//! - The whole `llm_config` is written back with only `tools` changed, as a PATCH may merge into it or replace it.
//!   What is not to change is not written: without a difference in the tools, no `llm_config` at all.
//! - A tool is ours if this program has one of its name. It keeps its place, is compared by meaning in either form, and
//!   written in the flat form if it changes. Members that no definition speaks for are kept, as somebody set them.
//! - A `url` that was set on the platform stays where the function names none, unless `--webhook-url` is given, which
//!   says where calls are to go. A secret beside a URL goes with that URL.
//! - `--prune` removes a webhook tool that this program does not have only if its calls would come here: to the URL of
//!   `--webhook-url`, to one that a tool of this program names, or, without `--webhook-url`, to the assistant's where a
//!   tool of this program follows that. No other tool is ever removed.
//! - A secret that the platform shows as a mask cannot be compared and counts as a difference. A mask inside
//!   `llm_config` would be written back in place of the secret, so that is refused.
//! - Requests are tried again on 429, 500, 502, 503, 504 and without an answer; see [`apply`] for writes.

mod api;
mod apply;
mod assistant;
mod compare;
mod mask;
mod plan;
mod settings;
mod show;
mod terminal;
mod tool;
mod verify;

use std::{error, fmt, io};

use serde_json::Value;

use crate::{
    error::Result,
    rest::{Failure, patience::Patience, text::one_line},
    words::unwritable,
};
use api::Api;
use apply::Push;
pub(crate) use settings::PushFlags;
use settings::Settings;
use terminal::Terminal;

/// How the command ended, if not by an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Applied, or nothing to apply.
    Done,
    /// A dry run found a difference.
    Difference,
}

impl Outcome {
    /// The program's exit code, as `push --help` documents it.
    pub(crate) fn exit_code(self) -> i32 {
        match self {
            Self::Done => 0,
            Self::Difference => 2,
        }
    }
}

/// Runs the command for `definitions`, each a tool in the flat form of PROTOCOL.md §5.1.
pub(crate) async fn run(definitions: &[Value], flags: PushFlags) -> Result<Outcome> {
    let settings = Settings::resolve(flags, |name| std::env::var_os(name), Terminal.can_ask())?;
    Ok(run_with(definitions, &settings, Terminal, Patience::default()).await?)
}

async fn run_with(
    definitions: &[Value],
    settings: &Settings,
    mut console: impl apply::Console,
    patience: Patience,
) -> Result<Outcome, PushError> {
    let wanted = &settings.wanted;
    let api = Api::new(&settings.api_url, &settings.assistant_id, &settings.api_key, wanted.secret.as_ref())
        .map_err(|problem| PushError::Settings(vec![problem]))?;
    Push { api: &api, patience, console: &mut console }.run(definitions, wanted, settings.mode).await
}

/// Why a push did not come to its end. Each text is one line.
#[derive(Debug)]
enum PushError {
    /// Nothing was asked of the platform yet.
    Settings(Vec<String>),
    Refusal(String),
    Failure(Failure),
    EditedMeanwhile,
    Declined,
    /// A write was answered by a failure which leaves open whether it took place.
    Unsure(Failure),
    /// The write succeeded, but could not be looked at.
    Unverified(Failure),
    /// The write succeeded, but these places are not as they were sent.
    NotAsSent(Vec<String>),
    Output(io::Error),
    Terminal(io::Error),
}

impl fmt::Display for PushError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Settings(problems) => f.write_str(&problems.join("; ")),
            Self::Refusal(refusal) => f.write_str(refusal),
            Self::Failure(failure) => failure.fmt(f),
            Self::EditedMeanwhile => f.write_str(
                "the assistant was changed by somebody else meanwhile, so nothing was written: push again to see the difference as it is now",
            ),
            Self::Declined => f.write_str("nothing was changed"),
            Self::Unsure(failure) => {
                write!(f, "{failure}; whether the change was made is not known, `push --dry-run` shows it")
            }
            Self::Unverified(failure) => {
                write!(f, "the change was made, but reading it back failed, `push --dry-run` looks again: {failure}")
            }
            Self::NotAsSent(places) => write!(
                f,
                "the platform took the change, but does not hold it as it was sent ({}): look at the assistant on the platform",
                one_line(&places.join(", "), 300)
            ),
            Self::Output(error) => f.write_str(&unwritable(error)),
            Self::Terminal(error) => write!(f, "the terminal cannot be used: {error}"),
        }
    }
}

impl error::Error for PushError {}

impl From<Failure> for PushError {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl From<io::Error> for PushError {
    fn from(error: io::Error) -> Self {
        Self::Terminal(error)
    }
}

#[cfg(test)]
mod tests;
