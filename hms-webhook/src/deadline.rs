//! How much time an answer has left.

use std::{future::poll_fn, pin::pin, task::Poll, time::Duration};

use tokio::{
    task::{JoinError, JoinHandle},
    time::{Instant, Sleep, sleep_until},
};

/// The moment by which an answer has to be on its way.
///
/// A handler borrows it (`deadline: &Deadline`) or asks its [`Call`](crate::Call) for it.
/// The clock starts when the head of the request has arrived, before the body is read.
///
/// ```
/// use std::time::Duration;
/// use hms_webhook::Deadline;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let deadline = Deadline::after(Duration::from_secs(9));
/// tokio::time::advance(Duration::from_secs(2)).await;
/// assert_eq!(deadline.remaining(), Duration::from_secs(7));
/// assert!(!deadline.is_over());
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadline(Option<Instant>);

impl Deadline {
    /// A deadline `duration` from now.
    pub fn after(duration: Duration) -> Self {
        Self::at(Instant::now(), duration)
    }

    /// No deadline: notifications and background tools are not waited for.
    pub const fn never() -> Self {
        Self(None)
    }

    pub(crate) fn at(start: Instant, duration: Duration) -> Self {
        // A duration too long for the clock is as good as none.
        Self(start.checked_add(duration))
    }

    /// The time left: zero once the deadline has passed, [`Duration::MAX`] where there is none.
    pub fn remaining(&self) -> Duration {
        match self.0 {
            Some(at) => at.saturating_duration_since(Instant::now()),
            None => Duration::MAX,
        }
    }

    /// Whether the deadline has passed.
    pub fn is_over(&self) -> bool {
        self.0.is_some_and(|at| at <= Instant::now())
    }

    /// The deadline as a moment of tokio's clock, for [`tokio::time::timeout_at`]; `None` where there is none.
    pub fn instant(&self) -> Option<Instant> {
        self.0
    }

    /// The earlier of the two.
    #[must_use]
    pub(crate) fn earlier(self, other: Self) -> Self {
        match (self.0, other.0) {
            (Some(one), Some(two)) => Self(Some(one.min(two))),
            (one, two) => Self(one.or(two)),
        }
    }

    /// Waits for `future`, at most until the deadline; `None` when the deadline came first.
    pub(crate) async fn bound<F: Future>(self, future: F) -> Option<F::Output> {
        self.bound_with(future, true).await
    }

    /// The same for a task that was spawned just now.
    ///
    /// Most tasks are done in their first turn, so there is no timer before they had one: this task first queues up behind
    /// them. A task that blocks its thread in that turn delays nothing, since another thread takes over the queue.
    pub(crate) async fn bound_task<T>(self, task: JoinHandle<T>) -> Option<Result<T, JoinError>> {
        self.bound_with(task, false).await
    }

    /// `needs_timer` says whether a timer is set when `future` has first been found not ready, or the second time.
    async fn bound_with<F: Future>(self, future: F, mut needs_timer: bool) -> Option<F::Output> {
        let Some(at) = self.0 else { return Some(future.await) };
        let mut future = pin!(future);
        let mut timer = pin!(None::<Sleep>);
        poll_fn(|context| {
            if let Poll::Ready(output) = future.as_mut().poll(context) {
                return Poll::Ready(Some(output));
            }
            if !needs_timer {
                needs_timer = true;
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            if timer.is_none() {
                timer.set(Some(sleep_until(at)));
            }
            match timer.as_mut().as_pin_mut() {
                Some(timer) => timer.poll(context).map(|()| None),
                None => Poll::Pending,
            }
        })
        .await
    }
}
