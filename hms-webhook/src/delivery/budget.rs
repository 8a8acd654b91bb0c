//! The bytes of all bodies that are held at a time.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Up to so many bytes a body may also use what is kept from larger ones.
const SMALL: usize = 64 * 1024;

/// What is left of the bytes that bodies may take. A quarter of them is kept for small bodies, as nearly all honest
/// ones are, so that a few large ones do not keep everyone out.
#[derive(Debug)]
pub(crate) struct BodyBudget {
    left: AtomicUsize,
    kept: usize,
}

impl BodyBudget {
    pub(crate) fn new(bytes: usize) -> Self {
        Self { left: AtomicUsize::new(bytes), kept: bytes / 4 }
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
        let kept = if self.count + more > SMALL { self.budget.kept } else { 0 };
        let left = &self.budget.left;
        let taken = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
            left.checked_sub(more).filter(|rest| *rest >= kept)
        });
        if taken.is_ok() {
            self.count += more;
        }
        taken.is_ok()
    }

    /// Gives `bytes` of those that are held back.
    pub(crate) fn release(&mut self, bytes: usize) {
        self.count -= bytes;
        self.budget.left.fetch_add(bytes, Ordering::Relaxed);
    }
}

impl Drop for HeldBytes<'_> {
    fn drop(&mut self) {
        self.budget.left.fetch_add(self.count, Ordering::Relaxed);
    }
}
