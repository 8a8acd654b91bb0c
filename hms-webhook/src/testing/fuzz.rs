//! Every tool, called with arguments that its definition allows and with such as nobody should send.

use std::{fmt, ops::Range, time::Duration};

use serde_json::Value;
use tokio::{sync::mpsc, time::timeout};

use super::TestPlatform;
use crate::{
    App,
    error::StartupError,
    mishap::{Mishap, Mishaps},
    schema::sample::{hostile, sample},
};

/// How long a background tool may run that has no deadline of its own.
const BACKGROUND: Duration = Duration::from_secs(60);

/// Calls every tool of `app` with made-up arguments, twice for each seed: once with such as its definition allows, once
/// with hostile ones. The same seed makes the same arguments, so a finding is looked at again with `seed..seed + 1`.
///
/// The tools really run, with the app's state, so give it one that may be spoilt. On tokio's paused clock a tool that
/// hangs costs no time.
///
/// ```
/// use hms_webhook::{App, testing::fuzz_tools, tool, tools};
///
/// /// Say which letter a word has at a place.
/// #[tool]
/// async fn letter(/** The word. */ word: String, /** The place, from 0. */ place: usize) -> String {
///     word.chars().nth(place).unwrap().to_string()
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let report = fuzz_tools(App::new().tools(tools![letter]), 0..20).await.unwrap();
/// assert!(!report.is_clean());
/// assert!(report.to_string().contains("`letter` panicked"));
/// # }
/// ```
///
/// # Errors
/// As [`App::into_service`].
pub async fn fuzz_tools(mut app: App, seeds: Range<u64>) -> Result<FuzzReport, StartupError> {
    let (sender, mut mishaps) = mpsc::unbounded_channel();
    app.settings.mishaps = Mishaps::told_to(sender);
    let definitions = app.definitions()?;
    let platform = TestPlatform::new(app)?;
    let mut report = FuzzReport { calls: 0, errors: 0, findings: Vec::new() };
    for seed in seeds {
        for tool in &definitions {
            let schema = &tool.parameters;
            for arguments in [sample(schema, seed), hostile(schema, seed)] {
                let reply = platform.try_call_tool(&tool.name, arguments.clone()).await.ok();
                // A background tool is answered before it has run, and a late one before it has ended.
                let hangs = timeout(BACKGROUND, platform.settled()).await.is_err() && tool.async_;
                report.calls += 1;
                report.errors += usize::from(reply.as_ref().is_some_and(|reply| reply.error().is_some()));
                let mut find = |problem| {
                    let arguments = arguments.clone();
                    report.findings.push(Finding { tool: tool.name.clone(), seed, arguments, problem });
                };
                if hangs {
                    find(Problem::Late);
                }
                if !reply.is_some_and(|reply| reply.value().is_object()) {
                    find(Problem::NoObject);
                }
                while let Ok(mishap) = mishaps.try_recv() {
                    find(match mishap {
                        Mishap::Panic(text) => Problem::Panic(text),
                        Mishap::Late => Problem::Late,
                    });
                }
            }
        }
    }
    Ok(report)
}

/// What came out of [`fuzz_tools`]. Its `Display` form has a line for each finding.
#[derive(Debug, Clone)]
pub struct FuzzReport {
    calls: usize,
    errors: usize,
    findings: Vec<Finding>,
}

/// One call that should have ended otherwise.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Finding {
    /// The tool.
    pub tool: String,
    /// The seed that its arguments were made from.
    pub seed: u64,
    /// What it was called with.
    pub arguments: Value,
    /// What went wrong.
    pub problem: Problem,
}

/// What went wrong with a call.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// The tool panicked, with this text.
    Panic(String),
    /// The tool was not done at its deadline; a background tool without one, after a minute.
    Late,
    /// The result was no JSON object; without one, what the type's `Serialize` writes is no JSON at all.
    NoObject,
}

impl FuzzReport {
    /// Whether there are no findings.
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }

    /// The calls that should have ended otherwise, in the order of the calls.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// How many calls were made.
    pub fn calls(&self) -> usize {
        self.calls
    }

    /// How many calls were answered with an error in words, as most hostile ones are.
    pub fn errors(&self) -> usize {
        self.errors
    }
}

impl fmt::Display for FuzzReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { calls, errors, findings } = self;
        write!(f, "{calls} calls, {errors} of them answered with an error, {} findings", findings.len())?;
        findings.iter().try_for_each(|finding| write!(f, "\n{finding}"))
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LONGEST: usize = 300;
        let Self { tool, seed, arguments, problem } = self;
        let arguments: String = arguments.to_string().chars().take(LONGEST).collect();
        match problem {
            Problem::Panic(text) => write!(f, "`{tool}` panicked ({text})")?,
            Problem::Late => write!(f, "`{tool}` was not done at its deadline")?,
            Problem::NoObject => write!(f, "the result of `{tool}` was no JSON object")?,
        }
        write!(f, " with seed {seed}: {arguments}")
    }
}
