//! A tool call at work: in a task of its own, unless it is done before that would help anybody.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll, Waker},
};

use tokio::{
    runtime::{Handle, RuntimeFlavor},
    task::JoinHandle,
};
use tokio_util::task::TaskTracker;

use crate::contained::panic_text;

/// What a tool call comes to; or the text of why it comes to nothing.
pub(super) type Outcome<T> = Result<T, String>;

/// How far work has come.
pub(super) enum Work<T> {
    Ended(Outcome<T>),
    Task(JoinHandle<T>),
}

/// Begins `work` in a task of its own, which `tasks` knows.
///
/// Where one thread does everything, the first turn is taken at once, and a task is made of what is not done then:
/// who blocks that thread delays all others, from wherever he does it. Where there are several threads, a task leaves
/// this one free to answer at the deadline.
pub(super) fn begin<F>(mut work: F, tasks: &TaskTracker) -> Work<F::Output>
where
    F: Future<Output: Send> + Send + Unpin + 'static,
{
    if Handle::current().runtime_flavor() != RuntimeFlavor::CurrentThread {
        return Work::Task(tasks.spawn(work));
    }
    // Nobody has to be woken: the task has a first turn in any case.
    let first_turn = || Pin::new(&mut work).poll(&mut Context::from_waker(Waker::noop()));
    match catch_unwind(AssertUnwindSafe(first_turn)) {
        Ok(Poll::Ready(result)) => Work::Ended(Ok(result)),
        Ok(Poll::Pending) => Work::Task(tasks.spawn(work)),
        Err(panic) => Work::Ended(Err(panic_text(&*panic))),
    }
}
