//! Keeps a connection going until it ends by itself, its time is over or the server ends.

use std::{
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll},
};

use hyper::{
    body::Incoming,
    rt::{Read, Write},
    server::conn::http1,
    service::HttpService,
};
#[cfg(feature = "http2")]
use hyper::{rt::bounds::Http2ServerConnExec, server::conn::http2};
use tokio::{
    sync::futures::Notified,
    time::{Instant, Sleep, sleep_until},
};
use tracing::debug;

use super::{
    drain::{Drain, Phase},
    request::AnswerBody,
    watch::Watch,
};

/// A connection, or a part of its life.
pub(super) trait Supervised {
    type Output;

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Self::Output>;

    /// Called when the end of the server has come to `phase`; `false` when nothing is lost by dropping this.
    fn follow(&mut self, phase: Phase) -> bool;
}

/// The timer of a connection, and its ear for the end of the server.
///
/// Both are looked at when they have something to say and not whenever the connection moves.
pub(super) struct Supervisor<'a> {
    watch: &'a Watch,
    drain: &'a Drain,
    phase: Phase,
    phase_changed: Option<Pin<Box<Notified<'a>>>>,
    timer: Pin<Box<Sleep>>,
    /// When the timer runs out; `None` when it did, and nothing had to be waited for.
    armed: Option<Instant>,
}

impl<'a> Supervisor<'a> {
    pub(super) fn new(watch: &'a Watch, drain: &'a Drain) -> Self {
        Self {
            watch,
            drain,
            phase: Phase::Serving,
            phase_changed: None,
            timer: Box::pin(sleep_until(Instant::now())),
            armed: None,
        }
    }

    /// What comes of `work`; `None` when it was cut off.
    pub(super) async fn run<W: Supervised>(&mut self, mut work: W) -> Option<W::Output> {
        poll_fn(|context| self.poll(&mut work, context)).await
    }

    fn poll<W: Supervised>(&mut self, work: &mut W, context: &mut Context<'_>) -> Poll<Option<W::Output>> {
        loop {
            if let Poll::Ready(output) = work.poll(context) {
                return Poll::Ready(Some(output));
            }
            match self.phase_entered(context) {
                Some(Phase::GivenUp) => return Poll::Ready(None),
                Some(phase) if !work.follow(phase) => return Poll::Ready(None),
                Some(_) => {}
                None => break,
            }
        }
        if self.is_overdue(context) {
            debug!("a connection was closed: its peer was silent for too long, or too slow");
            return Poll::Ready(None);
        }
        Poll::Pending
    }

    /// The phase, if it is another one than before.
    fn phase_entered(&mut self, context: &mut Context<'_>) -> Option<Phase> {
        // Registered first and compared then, so that no change falls between the two. Once registered, the task is
        // woken whatever it waits for by then.
        if self.phase_changed.is_none() {
            let changed = self.phase_changed.insert(Box::pin(self.drain.changed()));
            let _ = changed.as_mut().poll(context);
        }
        let phase = self.drain.phase();
        if phase == self.phase {
            return None;
        }
        self.phase = phase;
        self.phase_changed = None;
        Some(phase)
    }

    fn is_overdue(&mut self, context: &mut Context<'_>) -> bool {
        loop {
            let until = self.watch.until();
            match (self.armed, until) {
                // Set later, if at all: the timer runs out early and is set anew then.
                (Some(armed), _) if until.is_none_or(|until| armed <= until) => {
                    if !self.timer.is_elapsed() {
                        return false;
                    }
                    self.armed = None;
                    if until.is_some_and(|until| until <= Instant::now()) {
                        return true;
                    }
                }
                (_, Some(until)) => {
                    self.timer.as_mut().reset(until);
                    self.armed = Some(until);
                    if self.timer.as_mut().poll(context).is_pending() {
                        return false;
                    }
                }
                (_, None) => return false,
            }
        }
    }
}

/// What comes before HTTP: nothing is lost by dropping it.
pub(super) struct Prelude<'a, F>(pub(super) Pin<&'a mut F>);

impl<F: Future> Supervised for Prelude<'_, F> {
    type Output = F::Output;

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<F::Output> {
        self.0.as_mut().poll(context)
    }

    fn follow(&mut self, phase: Phase) -> bool {
        phase < Phase::Stopping
    }
}

impl<I, S> Supervised for Pin<&mut http1::Connection<I, S>>
where
    I: Read + Write + Unpin,
    S: HttpService<Incoming, ResBody = AnswerBody>,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Output = hyper::Result<()>;

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Self::Output> {
        Future::poll(self.as_mut(), context)
    }

    /// While the server is leaving, each answer says that it is the last; nothing has to be done to the connection.
    fn follow(&mut self, phase: Phase) -> bool {
        if phase >= Phase::Stopping {
            self.as_mut().graceful_shutdown();
        }
        true
    }
}

#[cfg(feature = "http2")]
impl<I, S, E> Supervised for Pin<&mut http2::Connection<I, S, E>>
where
    I: Read + Write + Unpin,
    S: HttpService<Incoming, ResBody = AnswerBody>,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    S::Future: 'static,
    E: Http2ServerConnExec<S::Future, AnswerBody>,
{
    type Output = hyper::Result<()>;

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Self::Output> {
        Future::poll(self.as_mut(), context)
    }

    /// HTTP/2 can say that no request is taken any more without losing one that is on its way.
    fn follow(&mut self, _: Phase) -> bool {
        self.as_mut().graceful_shutdown();
        true
    }
}
