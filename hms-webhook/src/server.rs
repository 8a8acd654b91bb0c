//! The only place that accepts connections: HTTP/1.1 and HTTP/2 on one port, limits, and an orderly end.
//!
//! ```text
//! accept → place among the connections → first bytes → HTTP/1 or HTTP/2 → the service
//! ```

mod connection;
mod drain;
mod listener;
mod places;
mod refuse;
mod request;
mod reread;
mod supervisor;
mod transport;
mod watch;

use std::{future::pending, io, pin::pin, sync::Arc, time::Duration};

use tokio_util::task::TaskTracker;
use tracing::{debug, info, warn};

pub use self::listener::Listener;
use self::{
    connection::Shared,
    drain::{Drain, Phase},
    places::Places,
    refuse::Refuser,
};
use crate::{App, error::Result, rejection::Rejection, service::WebhookService};

/// # Serving
impl App {
    /// Answers on `listener` for ever: a [`tokio::net::TcpListener`] or, on Unix, a [`tokio::net::UnixListener`].
    /// No command line, no logger, no signals: those are [`App::run`]'s.
    ///
    /// # Errors
    /// What [`App::into_service`] reports; and an app that accepts unsigned deliveries on an address that others can reach.
    pub async fn serve(self, listener: impl Into<Listener>) -> Result<()> {
        self.serve_until(listener, pending()).await
    }

    /// Answers on `listener` until `stop` is done; then ends in an orderly way:
    ///
    /// 1. `/readyz` says 503, and every answer asks for a new connection, while connections are still accepted, for
    ///    [`stop_pause`](App::stop_pause);
    /// 2. nothing new is accepted, and what runs is finished, for at most [`stop_within`](App::stop_within).
    ///
    /// # Errors
    /// As [`App::serve`].
    pub async fn serve_until(self, listener: impl Into<Listener>, stop: impl Future<Output = ()>) -> Result<()> {
        let listener = listener.into();
        if self.settings.allow_unsigned && !listener.is_local()? {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!(
                    "unsigned deliveries are accepted on a loopback address only, and {} is none: \
                     set a secret, or listen on 127.0.0.1",
                    listener.describe()?
                ),
            )
            .into());
        }
        let serving = self.settings.serving.clone();
        serve(self.into_service()?, listener, serving, stop).await;
        Ok(())
    }

    /// How long a stopping server waits for what still runs (default: 10 s).
    pub fn stop_within(mut self, timeout: Duration) -> Self {
        self.settings.serving.stop_within = timeout;
        self
    }

    /// How long a stopping server still accepts connections while `/readyz` says that it is not ready (default: not
    /// at all), so that a load balancer has the time to notice.
    pub fn stop_pause(mut self, pause: Duration) -> Self {
        self.settings.serving.stop_pause = pause;
        self
    }
}

/// How an app is served.
#[derive(Debug, Clone)]
pub(crate) struct Serving {
    pub(crate) stop_pause: Duration,
    pub(crate) stop_within: Duration,
}

impl Default for Serving {
    fn default() -> Self {
        Self { stop_pause: Duration::ZERO, stop_within: Duration::from_secs(10) }
    }
}

/// Answers on `listener` until `stop` is done, then ends in an orderly way.
pub(crate) async fn serve(
    service: WebhookService,
    listener: Listener,
    serving: Serving,
    stop: impl Future<Output = ()>,
) {
    match listener.describe() {
        Ok(address) => info!("listening on {address}, for the path {}", service.path()),
        Err(error) => warn!("listening, but the address is not known: {error}"),
    }
    let drain = Arc::new(Drain::default());
    let server = Server {
        places: Places::new(service.limits()),
        shared: Arc::new(Shared::new(service.clone(), drain.clone())),
        tasks: TaskTracker::new(),
        refuser: Refuser::default(),
    };
    let _rereading = service.has_secret_files().then(|| reread::every_second(service.clone()));
    server.accept(&listener, stop).await;

    if !serving.stop_pause.is_zero() {
        info!(
            "stopping: connections are still accepted for {:?}, but this server is not ready any more",
            serving.stop_pause
        );
        service.leave();
        drain.enter(Phase::Leaving);
        server.accept(&listener, tokio::time::sleep(serving.stop_pause)).await;
    }
    drop(listener);
    info!("stopping: nothing new is accepted, what runs is finished");
    service.shut_down();
    drain.enter(Phase::Stopping);
    server.tasks.close();
    let finished = async {
        server.tasks.wait().await;
        service.settled().await;
    };
    if tokio::time::timeout(serving.stop_within, finished).await.is_err() {
        warn!("some handlers or connections were not done {:?} after the stop; they are given up", serving.stop_within);
        drain.enter(Phase::GivenUp);
    }
}

struct Server {
    shared: Arc<Shared>,
    places: Arc<Places>,
    tasks: TaskTracker,
    refuser: Refuser,
}

impl Server {
    async fn accept(&self, listener: &Listener, stop: impl Future<Output = ()>) {
        let mut stop = pin!(stop);
        loop {
            let accepted = tokio::select! {
                biased;
                () = &mut stop => return,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((transport, peer)) => {
                    let place = self.places.take();
                    let place = match peer {
                        Some(peer) => place.and_then(|place| place.belongs_to(peer)),
                        None => place,
                    };
                    match place {
                        Some(place) => {
                            self.tasks.spawn(connection::serve(transport, peer, place, self.shared.clone()));
                        }
                        None => self.refuser.refuse(transport, Rejection::Overloaded),
                    }
                }
                // A connection that its peer gave up is no trouble of ours.
                Err(error) if is_peers_fault(&error) => debug!("a connection was lost while it was accepted: {error}"),
                Err(error) => {
                    // Most often too many open files: a pause lets some of them close, a loop without one would burn
                    // a core.
                    warn!("no connection can be accepted: {error}");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }
}

fn is_peers_fault(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
