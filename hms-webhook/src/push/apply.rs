//! Making the change: look, write, look again.
//!
//! The platform has no lock. So an assistant is read right before it is written, and nothing is written if it is no longer
//! as it was when the difference was shown. Where the platform gives a strong `ETag`, the write is tied to it besides;
//! without one, an edit between that last look and the write cannot be noticed, and the write undoes what it changed of
//! the same members. The time in `updated_at` is no help: it is not known whether a call changes it, and it too would be
//! read before the write.
//! A write is tried again only after such a look too. A failed answer does not tell whether the change was made, and
//! somebody else may have changed the assistant in the meantime, whose edit a second write would undo.

use tokio::time::sleep;

use super::{
    Outcome, PushError,
    api::{Api, Found},
    assistant::Assistant,
    plan::{Plan, Wanted},
    verify::missing,
};
use crate::rest::{Failure, patience::Patience, text::one_line};

/// What is done with a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// Show it.
    DryRun,
    /// Show it, ask, and apply it.
    Ask,
    /// Show it and apply it.
    Apply,
}

/// The person or the log in front of the program.
pub(super) trait Console: Send {
    /// What was asked for: standard output.
    fn show(&mut self, text: &str) -> std::io::Result<()>;
    /// How it goes: standard error.
    fn tell(&mut self, text: &str);
    /// A question that is answered with yes or no.
    fn confirm(&mut self, question: &str) -> std::io::Result<bool>;
}

/// One run of the command.
pub(super) struct Push<'a> {
    pub(super) api: &'a Api,
    pub(super) patience: Patience,
    pub(super) console: &'a mut dyn Console,
}

impl Push<'_> {
    /// Shows the difference and, as `mode` has it, applies it.
    pub(super) async fn run(
        &mut self,
        definitions: &[serde_json::Value],
        wanted: &Wanted,
        mode: Mode,
    ) -> Result<Outcome, PushError> {
        let before = self.read().await?.assistant;
        let hide = |text: &str| self.api.hide(text);
        let plan = Plan::new(&before, definitions, wanted)
            .map_err(|refusal| PushError::Refusal(hide(&refusal.to_string())))?;
        let name = before.text("name").map(|name| format!(" ({})", one_line(&hide(name), 80))).unwrap_or_default();
        let heading = format!("assistant {}{name}", one_line(&hide(&self.api.assistant_id), 80));
        self.console.show(&format!("{heading}\n{}", plan.shown(&hide))).map_err(PushError::Output)?;
        for remark in &plan.remarks {
            self.console.tell(&format!("note: {remark}"));
        }
        match mode {
            _ if plan.is_empty() => return Ok(Outcome::Done),
            Mode::DryRun => return Ok(Outcome::Difference),
            Mode::Ask if !self.console.confirm(&format!("Apply this to the {heading}?"))? => {
                return Err(PushError::Declined);
            }
            Mode::Ask | Mode::Apply => {}
        }
        self.write(&plan, &before).await?;
        self.look_again(&plan, &before).await?;
        self.console.tell("done: the assistant holds what this program says");
        Ok(Outcome::Done)
    }

    async fn write(&mut self, plan: &Plan, before: &Assistant) -> Result<(), PushError> {
        let mut failures = 0;
        // The first failure that leaves open whether the change was made. From then on none of the later ones can tell.
        let mut unclear = None;
        loop {
            let now = match self.read().await {
                Ok(now) => now,
                Err(failure) => return Err(unclear.map_or(PushError::Failure(failure), PushError::Unsure)),
            };
            if !now.assistant.is_unedited_since(before) {
                return match unclear {
                    Some(_) if missing(plan, &now.assistant).is_empty() => Ok(()),
                    Some(failure) => Err(PushError::Unsure(failure)),
                    None => Err(PushError::EditedMeanwhile),
                };
            }
            let failure = match self.api.change(&plan.body, now.tag.as_ref()).await {
                Ok(()) => return Ok(()),
                Err(failure) => failure,
            };
            failures += 1;
            if failure.leaves_open() {
                unclear.get_or_insert_with(|| failure.clone());
            }
            if !failure.may_pass() || self.wait(failures, &failure).await.is_none() {
                return Err(match unclear {
                    Some(unclear) => PushError::Unsure(unclear),
                    None if failure.is(412) => PushError::EditedMeanwhile,
                    None => PushError::Failure(failure),
                });
            }
        }
    }

    /// Checks that the platform holds what was written to it.
    async fn look_again(&mut self, plan: &Plan, before: &Assistant) -> Result<(), PushError> {
        let mut reads = 0;
        loop {
            let now = self.read().await.map_err(PushError::Unverified)?.assistant;
            let missing = missing(plan, &now);
            if missing.is_empty() {
                return Ok(());
            }
            // An answer from before the write may come out of a cache, and be gone a moment later.
            reads += 1;
            match self.patience.wait(reads, None).filter(|_| now.is_unedited_since(before)) {
                Some(wait) => sleep(wait).await,
                None => return Err(PushError::NotAsSent(missing.iter().map(|place| self.api.hide(place)).collect())),
            }
        }
    }

    /// Reads the assistant, again and again where that may help: reading twice does no harm.
    async fn read(&mut self) -> Result<Found, Failure> {
        let mut failures = 0;
        loop {
            let failure = match self.api.read().await {
                Ok(found) => return Ok(found),
                Err(failure) => failure,
            };
            failures += 1;
            if !failure.may_pass() || self.wait(failures, &failure).await.is_none() {
                return Err(failure);
            }
        }
    }

    /// Waits for the next try; `None` where there is none.
    async fn wait(&mut self, failures: u32, failure: &Failure) -> Option<()> {
        let wait = self.patience.wait(failures, failure.asked_wait())?;
        self.console.tell(&format!("{failure}; trying again in {:.1} s", wait.as_secs_f64()));
        sleep(wait).await;
        Some(())
    }
}
