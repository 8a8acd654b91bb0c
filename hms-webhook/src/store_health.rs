//! Whether the store can be written, as far as anybody has noticed.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use tracing::{error, info};

use crate::{error::chain, store::StoreError};

/// What everything that writes to the store tells of it.
#[derive(Debug)]
pub(crate) struct StoreHealth(AtomicBool);

impl Default for StoreHealth {
    fn default() -> Self {
        Self(AtomicBool::new(true))
    }
}

impl StoreHealth {
    pub(crate) fn is_well(&self) -> bool {
        self.0.load(Relaxed)
    }

    /// Something could not be written.
    pub(crate) fn has_failed(&self, failure: &StoreError) {
        if self.0.swap(false, Relaxed) {
            error!(cause = chain(failure), "events cannot be kept and are refused until they can: {failure}");
        }
    }

    /// An event was written, or could have been.
    pub(crate) fn has_succeeded(&self) {
        if !self.0.swap(true, Relaxed) {
            info!("events can be kept again");
        }
    }

    pub(crate) fn note<T>(&self, outcome: &Result<T, StoreError>) {
        match outcome {
            Ok(_) => self.has_succeeded(),
            Err(failure) => self.has_failed(failure),
        }
    }
}
