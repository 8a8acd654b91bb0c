//! Lets all others go first.

use std::{
    future::poll_fn,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::{Context, Poll, Wake, Waker},
};

use tokio::task::yield_now;

/// Waits until every other task that is ready has had its turn, and what has meanwhile come on sockets was noticed.
///
/// [`yield_now`] alone is over as soon as it is asked twice, and a connection asks its requests several times in one
/// turn, and wakes itself in between.
pub(super) async fn others_first() {
    let mut begun = None::<Arc<Begun>>;
    poll_fn(|context| match &begun {
        Some(begun) if begun.is_over.load(Relaxed) => Poll::Ready(()),
        Some(_) => Poll::Pending,
        None => {
            let begun =
                begun.insert(Arc::new(Begun { is_over: AtomicBool::new(false), waker: context.waker().clone() }));
            let waker = Waker::from(begun.clone());
            pin!(yield_now()).poll(&mut Context::from_waker(&waker))
        }
    })
    .await;
}

struct Begun {
    is_over: AtomicBool,
    waker: Waker,
}

impl Wake for Begun {
    fn wake(self: Arc<Self>) {
        self.is_over.store(true, Relaxed);
        self.waker.wake_by_ref();
    }
}
