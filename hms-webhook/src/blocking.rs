//! Plain functions, on threads that they may block.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use tokio::sync::Notify;

/// How many run in this process. Nobody can end one from outside.
static RUNNING: AtomicUsize = AtomicUsize::new(0);
static ENDED: Notify = Notify::const_new();

/// Runs a plain `fn` where it may block. A panic goes on in the task that waits here.
#[doc(hidden)]
pub async fn blocking<T: Send + 'static>(function: impl FnOnce() -> T + Send + 'static) -> T {
    // What it logs, and what it calls, belongs to the same span as what an `async fn` does.
    let span = tracing::Span::current();
    let function = move || {
        let _counted = Counted::new();
        span.in_scope(function)
    };
    match tokio::task::spawn_blocking(function).await {
        Ok(value) => value,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The pool drops what it has not begun only when its runtime is going away, and this task with it.
            Err(_) => std::future::pending().await,
        },
    }
}

/// Whether one of them runs.
#[cfg(feature = "cli")]
pub(crate) fn any_runs() -> bool {
    RUNNING.load(SeqCst) > 0
}

/// Waits until none of them runs.
#[cfg(feature = "cli")]
pub(crate) async fn all_ended() {
    loop {
        let mut ended = std::pin::pin!(ENDED.notified());
        ended.as_mut().enable();
        if !any_runs() {
            return;
        }
        ended.await;
    }
}

struct Counted;

impl Counted {
    fn new() -> Self {
        RUNNING.fetch_add(1, SeqCst);
        Self
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        if RUNNING.fetch_sub(1, SeqCst) == 1 {
            ENDED.notify_waiters();
        }
    }
}
