//! The bytes of all bodies that are held at a time.

use std::sync::atomic::{AtomicUsize, Ordering};

/// What is left of the bytes that bodies may take.
#[derive(Debug)]
pub(crate) struct BodyBudget {
    left: AtomicUsize,
}

impl BodyBudget {
    pub(crate) fn new(bytes: usize) -> Self {
        Self { left: AtomicUsize::new(bytes) }
    }

    pub(crate) fn hold_nothing(&self) -> HeldBytes<'_> {
        HeldBytes { budget: self, count: 0 }
    }
}

/// Bytes taken from the budget; given back when this is dropped.
///
/// They are taken as they arrive and not as they are announced: who only announces shall not keep anyone out.
#[derive(Debug)]
pub(crate) struct HeldBytes<'a> {
    budget: &'a BodyBudget,
    count: usize,
}

impl HeldBytes<'_> {
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// Takes `more` bytes; `false` when so many are not left.
    pub(crate) fn hold(&mut self, more: usize) -> bool {
        let taken =
            self.budget.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(more)).is_ok();
        if taken {
            self.count += more;
        }
        taken
    }
}

impl Drop for HeldBytes<'_> {
    fn drop(&mut self) {
        self.budget.left.fetch_add(self.count, Ordering::Relaxed);
    }
}
