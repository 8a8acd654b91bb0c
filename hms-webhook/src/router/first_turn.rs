//! The first turn of a tool call, which is the last one of most, taken before it has a task of its own.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll, Waker},
};

use tokio::runtime::{Handle, RuntimeFlavor};

use crate::contained::panic_text;

/// What a tool call comes to; or the text of why it comes to nothing.
pub(super) type Outcome<T> = Result<T, String>;

/// Whether a task of its own protects nobody from a tool that blocks its thread: it blocks all tasks, wherever it does
/// so. Where there are several threads, the others go on, and the request is answered at its deadline.
pub(super) fn one_thread_does_everything() -> bool {
    Handle::try_current().is_ok_and(|runtime| runtime.runtime_flavor() == RuntimeFlavor::CurrentThread)
}

/// Gives `work` a turn. Where that was not the last one, it wants to be polled again, by a task.
pub(super) fn first_turn<F: Future + Unpin>(work: &mut F) -> Option<Outcome<F::Output>> {
    // Nobody has to be woken: a new task has a turn in any case.
    let mut context = Context::from_waker(Waker::noop());
    match catch_unwind(AssertUnwindSafe(|| Pin::new(work).poll(&mut context))) {
        Ok(Poll::Ready(result)) => Some(Ok(result)),
        Ok(Poll::Pending) => None,
        Err(panic) => Some(Err(panic_text(&*panic))),
    }
}
