//! Lets others go first.

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

/// Waits until the scheduler has next looked at its sockets, which it does when no task is ready any more, or 61 of them
/// had their turn. Where no worker of the scheduler asks, as in `block_on` beside several workers, it only gives way once:
/// there the others go on meanwhile.
///
/// [`yield_now`] alone is over as soon as it is asked twice, and a connection asks its requests several times in one
/// turn, and wakes itself in between.
pub(super) async fn others_first() {
    let mut asked = None::<Arc<Turn>>;
    poll_fn(|context| match &asked {
        Some(turn) if turn.has_come.load(Relaxed) => Poll::Ready(()),
        Some(turn) if turn.waker.will_wake(context.waker()) => Poll::Pending,
        _ => {
            let turn =
                asked.insert(Arc::new(Turn { has_come: AtomicBool::new(false), waker: context.waker().clone() }));
            let waker = Waker::from(turn.clone());
            pin!(yield_now()).poll(&mut Context::from_waker(&waker))
        }
    })
    .await;
}

struct Turn {
    has_come: AtomicBool,
    /// Of who asked last.
    waker: Waker,
}

impl Wake for Turn {
    fn wake(self: Arc<Self>) {
        self.has_come.store(true, Relaxed);
        self.waker.wake_by_ref();
    }
}
