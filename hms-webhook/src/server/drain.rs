//! How far the end of a server has come, told to every connection.

use std::sync::atomic::{AtomicU8, Ordering};

use tokio::sync::{Notify, futures::Notified};

/// How far the end has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    Serving,
    /// Connections are still accepted, but peers are asked to go elsewhere.
    Leaving,
    /// What runs is finished, nothing new begins.
    Stopping,
    /// Even what runs is dropped.
    GivenUp,
}

/// The phase, and a way to wait for the next one.
#[derive(Debug, Default)]
pub(super) struct Drain {
    phase: AtomicU8,
    changed: Notify,
}

impl Drain {
    pub(super) fn phase(&self) -> Phase {
        match self.phase.load(Ordering::SeqCst) {
            0 => Phase::Serving,
            1 => Phase::Leaving,
            2 => Phase::Stopping,
            _ => Phase::GivenUp,
        }
    }

    pub(super) fn enter(&self, phase: Phase) {
        self.phase.store(phase as u8, Ordering::SeqCst);
        self.changed.notify_waiters();
    }

    /// Done when a phase begins after this future was polled.
    pub(super) fn changed(&self) -> Notified<'_> {
        self.changed.notified()
    }
}
