//! The calls of a request after each was looked up, and begun where that is how it goes on.

use std::{borrow::Cow, sync::Arc, time::Duration};

use smallvec::SmallVec;
use tokio::time::Instant;

use super::{Running, background::ForLater};
use crate::{handler::ToolSpec, once::Found};

/// The calls of a request, in its order: each with its id and the name of its tool.
pub(super) struct Begun {
    pub(super) started: SmallVec<[StartedCall; 1]>,
    pub(super) for_later: Vec<ForLater>,
    /// How long the one of those that were begun may take that may take longest.
    pub(super) allowed: Option<Duration>,
    /// When the head of the request was complete.
    pub(super) received: Instant,
    /// Each takes its first turn at once, before it has a task.
    pub(super) first_turns: bool,
}

pub(super) type StartedCall = (Arc<str>, Cow<'static, str>, Started);

/// A tool call after it was looked up.
pub(super) enum Started {
    Ended(Found),
    Running(Box<Running>),
    /// It is to be kept, and runs afterwards.
    ForLater(&'static ToolSpec),
    /// It would have been late by so much.
    Refused {
        late: Duration,
    },
}

impl Started {
    /// Answered without the tool.
    pub(super) fn not_run(answer: String, outcome: &'static str) -> Self {
        Self::Ended(Found::not_run(answer, outcome))
    }
}

/// How late the earliest call would have been, if all of them were refused.
pub(super) fn late(started: &[StartedCall]) -> Option<Duration> {
    let late = started.iter().map(|(.., started)| match started {
        Started::Refused { late } => Some(*late),
        Started::Ended(_) | Started::Running(_) | Started::ForLater(_) => None,
    });
    late.reduce(|one, other| Some(one?.min(other?))).flatten()
}
