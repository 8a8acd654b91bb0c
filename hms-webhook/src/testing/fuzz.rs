//! Every tool, called with arguments that its definition allows and with such as nobody should send.

use std::{collections::HashMap, fmt, ops::Range, time::Duration};

use serde_json::Value;
use tokio::time::timeout;

use super::TestPlatform;
use crate::{
    App,
    error::StartupError,
    mishap::Mishap,
    schema::sample::{hostile, sample},
};

/// How long is waited for a tool after its answer, beyond its own deadline.
const BACKGROUND: Duration = Duration::from_secs(60);

/// Calls every tool of `app` with made-up arguments, twice for each seed: once with such as its definition allows, once
/// with hostile ones. The same seed makes the same arguments, so a finding is looked at again with `seed..seed + 1`.
///
/// Each call belongs to a phone call of its own, and of a background tool the first try counts. The store is one in memory,
/// whichever the app has.
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
    let definitions = app.definitions()?;
    let deadlines: HashMap<_, _> = app.tools.iter().map(|tool| (tool.name, tool.deadline)).collect();
    // Those that hang keep no other one waiting.
    app.settings.concurrent_events = usize::MAX;
    let platform = TestPlatform::following(app)?;
    let mut report = FuzzReport { calls: 0, errors: 0, findings: Vec::new() };
    for seed in seeds {
        for tool in &definitions {
            let schema = &tool.parameters;
            let own = deadlines.get(&*tool.name).copied().flatten().unwrap_or_default();
            for arguments in [sample(schema, seed), hostile(schema, seed)] {
                let (reply, mut mishaps) = platform.follow(tool, arguments.clone()).await;
                report.calls += 1;
                report.errors += usize::from(reply.as_ref().is_ok_and(|reply| reply.error().is_some()));
                let mut find = |problem| {
                    let arguments = arguments.clone();
                    report.findings.push(Finding { tool: tool.name.clone(), seed, arguments, problem });
                };
                if !reply.is_ok_and(|reply| reply.value().is_object()) {
                    find(Problem::NoObject);
                }
                let ended = async {
                    while let Some(mishap) = mishaps.recv().await {
                        match mishap {
                            Mishap::Panic(text) => find(Problem::Panic(text)),
                            Mishap::Late => find(Problem::Late),
                            Mishap::Failed(cause) => find(Problem::Failed(cause)),
                            Mishap::Refused(_) => {} // As of any other tool, which tells it.
                        }
                    }
                };
                // A background tool is answered before it has run, and a late one before it has ended.
                if timeout(own.saturating_add(BACKGROUND), ended).await.is_err() && tool.async_ {
                    find(Problem::Late);
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
    /// The background tool failed with this cause, as an error that came in through `?`. Of any other tool that is an
    /// answer, and counted by [`FuzzReport::errors`].
    Failed(String),
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
            Problem::Failed(cause) => write!(f, "`{tool}` failed ({cause})")?,
            Problem::NoObject => write!(f, "the result of `{tool}` was no JSON object")?,
        }
        write!(f, " with seed {seed}: {arguments}")
    }
}
