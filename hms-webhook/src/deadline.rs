//! How much time an answer has left.

use std::{future::poll_fn, mem, pin::Pin, task::Poll, time::Duration};

use tokio::{
    task::{JoinError, JoinHandle},
    time::{Instant, Sleep, sleep, sleep_until},
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

    /// Waits for `future`, at most until the deadline; `None` when the deadline came first.
    pub(crate) fn bound<F: Future + Unpin>(self, future: F) -> impl Future<Output = Option<F::Output>> + use<F> {
        bound(future, true, move || self.0.map(sleep_until))
    }

    /// The same, and at most for `time` once it was found not ready.
    pub(crate) fn bound_within<F: Future + Unpin>(
        self,
        time: Duration,
        future: F,
    ) -> impl Future<Output = Option<F::Output>> + use<F> {
        bound(future, true, move || Some(sleep(time.min(self.remaining()))))
    }

    /// Waits for `future`, at most until `margin` before the deadline, or until half of what is left where that is less.
    /// When the deadline is over, nobody waits for what this is a part of, so that it may take its time.
    pub(crate) fn bound_ahead<F: Future + Unpin>(
        self,
        margin: Duration,
        future: F,
    ) -> impl Future<Output = Option<F::Output>> + use<F> {
        bound(future, true, move || {
            let at = self.0?;
            let left = at.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())?;
            Some(sleep_until(at - margin.min(left / 2)))
        })
    }

    /// The same as [`bound`](Self::bound) for a task that was spawned just now.
    ///
    /// Most tasks are done in their first turn, so there is no timer before they had one: this task first queues up behind
    /// them. A task that blocks its thread in that turn delays nothing, since another thread takes over the queue.
    pub(crate) fn bound_task<T>(
        self,
        task: &mut JoinHandle<T>,
    ) -> impl Future<Output = Option<Result<T, JoinError>>> + use<'_, T> {
        bound(task, false, move || self.0.map(sleep_until))
    }
}

/// Queues up behind the tasks that are ready. Unlike tokio's `yield_now` it lets another worker take this task over, so
/// that none of them delays it by blocking its thread.
pub(crate) fn behind_others() -> impl Future<Output = ()> {
    let mut is_queued = false;
    poll_fn(move |context| {
        if !mem::replace(&mut is_queued, true) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(())
    })
}

/// Waits for `future`, at most until `end`. `needs_timer` says whether that is asked for when `future` has first been
/// found not ready, or the second time.
///
/// No `async fn`, which would hold `future` twice; and the timer in a box, as nearly no future needs one.
fn bound<F: Future + Unpin>(
    mut future: F,
    mut needs_timer: bool,
    end: impl Fn() -> Option<Sleep>,
) -> impl Future<Output = Option<F::Output>> {
    let mut timer = None::<Pin<Box<Sleep>>>;
    poll_fn(move |context| {
        if let Poll::Ready(output) = Pin::new(&mut future).poll(context) {
            return Poll::Ready(Some(output));
        }
        if !needs_timer {
            needs_timer = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        if timer.is_none() {
            timer = end().map(Box::pin);
        }
        match &mut timer {
            Some(timer) => timer.as_mut().poll(context).map(|()| None),
            None => Poll::Pending,
        }
    })
}
