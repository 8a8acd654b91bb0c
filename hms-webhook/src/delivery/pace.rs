//! How fast a body has to arrive.

use std::{
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use http_body::{Body, Frame};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::{limits::Limits, rejection::Rejection};

/// A rate is looked at over so long a time that a pause of an honest network passes.
const WINDOW: Duration = Duration::from_secs(5);

/// Watches the time while a body arrives. A body that is there already needs no timer.
pub(super) struct Pace {
    /// The whole body is here by then.
    end: Instant,
    time: Duration,
    /// The least number of bytes between two looks.
    least: usize,
    look: Instant,
    /// The bytes that were there at the last look.
    seen: usize,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Pace {
    pub(super) fn new(received: Instant, limits: &Limits) -> Self {
        let time = limits.body_time;
        // A time too long for the clock is as good as a day.
        let end = received.checked_add(time).unwrap_or_else(|| received + Duration::from_secs(86_400));
        let least = limits.body_rate.saturating_mul(WINDOW.as_secs() as usize);
        let look = if least == 0 { end } else { end.min(received + WINDOW) };
        Self { end, time, least, look, seen: 0, timer: None }
    }

    /// The next piece of `body`, of which `arrived` bytes are there.
    pub(super) async fn frame<B: Body>(
        &mut self,
        mut body: Pin<&mut B>,
        arrived: usize,
    ) -> Result<Option<Result<Frame<B::Data>, B::Error>>, Rejection> {
        poll_fn(|context| match body.as_mut().poll_frame(context) {
            Poll::Ready(frame) => Poll::Ready(Ok(frame)),
            Poll::Pending => self.poll_too_slow(arrived, context).map(Err),
        })
        .await
    }

    /// Whether something was not there when it was asked for.
    pub(super) fn has_waited(&self) -> bool {
        self.timer.is_some()
    }

    fn poll_too_slow(&mut self, arrived: usize, context: &mut Context<'_>) -> Poll<Rejection> {
        loop {
            let look = self.look;
            let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(look)));
            ready!(timer.as_mut().poll(context));
            if look >= self.end {
                return Poll::Ready(Rejection::BodyTimedOut { after: self.time });
            }
            if arrived - self.seen < self.least {
                return Poll::Ready(Rejection::BodyTooSlow);
            }
            self.seen = arrived;
            self.look = self.end.min(look + WINDOW);
            self.timer = None;
        }
    }
}
