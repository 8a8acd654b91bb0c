//! The only place that accepts connections: HTTP/1.1 and, with the feature `http2`, HTTP/2 on one port, limits, and an
//! orderly end.
//!
//! ```text
//! accept → place among the connections → first bytes → HTTP/1 or HTTP/2 → the service
//! ```

mod connection;
mod drain;
mod forwarded;
mod listener;
mod places;
mod proxy_protocol;
mod refuse;
mod request;
mod reread;
mod settings;
mod sources;
mod supervisor;
#[cfg(feature = "tls")]
mod tls;
mod transport;
mod turn;
mod watch;

use std::{
    future::pending,
    io,
    net::IpAddr,
    pin::{Pin, pin},
    sync::Arc,
    time::Duration,
};

use tracing::{debug, info, warn};

pub use self::listener::Listener;
pub(crate) use self::settings::Serving;
use self::{
    connection::Shared,
    drain::{Drain, Phase},
    places::{Place, Places},
    refuse::Refuser,
    settings::PreparedServing,
    sources::Foreign,
    transport::Transport,
    turn::others_first,
};
use crate::{App, error::Result, rejection::Rejection, service::WebhookService, tasks::Tasks};

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
    pub async fn serve_until(self, listener: impl Into<Listener>, stop: impl Future<Output = ()> + Send) -> Result<()> {
        serve_boxed(self, listener.into(), Box::pin(stop)).await
    }
}

/// Boxed, so that a whole server is compiled with this crate and not again with every program.
fn serve_boxed<'a>(
    app: App,
    listener: Listener,
    stop: Pin<Box<dyn Future<Output = ()> + Send + 'a>>,
) -> Pin<Box<dyn Future<Output = Result<()>> + Send + 'a>> {
    Box::pin(async move {
        if app.settings.allow_unsigned && !listener.is_local()? {
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
        let serving = app.settings.serving.clone();
        let service = app.into_quiet_service()?;
        serve(service, listener, serving.prepare()?, stop).await;
        Ok(())
    })
}

/// Answers on `listener` until `stop` is done, then ends in an orderly way.
pub(crate) async fn serve(
    service: WebhookService,
    listener: Listener,
    serving: PreparedServing,
    stop: impl Future<Output = ()>,
) {
    let address = listener.describe().unwrap_or_else(|error| format!("an address that is not known ({error})"));
    service.overview().log(Some(&address), service.path());
    let drain = Arc::new(Drain::default());
    let server = Server {
        places: Places::new(service.limits()),
        shared: Arc::new(Shared::new(service.clone(), drain.clone(), &serving)),
        tasks: Tasks::default(),
        refuser: Refuser::default(),
    };
    let _rereading = reread::every_second(&service, &serving);
    service.start();
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
    if serving.is_handed_over {
        // Whoever connects from now on is answered by the next process.
        service.leave();
        drain.enter(Phase::Leaving);
        tokio::time::sleep(LAST_REQUESTS).await;
    }
    // In this order, so that nobody who is refused a connection is still answered on an older one.
    service.shut_down();
    drain.enter(Phase::Stopping);
    drop(listener);
    info!("stopping: nothing new is accepted, what runs is finished");
    let finished = async {
        server.tasks.ended().await;
        service.settled().await;
    };
    if tokio::time::timeout(serving.stop_within, finished).await.is_err() {
        warn!("some handlers or connections were not done {:?} after the stop; they are given up", serving.stop_within);
        drain.enter(Phase::GivenUp);
        if tokio::time::timeout(GIVE_BACK_WITHIN, service.give_back()).await.is_err() {
            warn!("what was given up could not be given back to the store, which does not answer");
        }
    }
}

/// How much longer a stop may take to give back what was not done.
const GIVE_BACK_WITHIN: Duration = Duration::from_secs(2);

/// How long requests are answered that come on connections which were accepted just before a handed-over socket was
/// left to the next process, and how long the peers of older ones are asked to open another.
const LAST_REQUESTS: Duration = Duration::from_millis(250);

/// So many connections are accepted before requests on those that are there go on.
const ACCEPTED_AT_ONCE: u32 = 8;

struct Server {
    shared: Arc<Shared>,
    places: Arc<Places>,
    tasks: Tasks,
    refuser: Refuser,
}

impl Server {
    async fn accept(&self, listener: &Listener, stop: impl Future<Output = ()>) {
        let mut stop = pin!(stop);
        let mut accepted_at_once = 0;
        loop {
            let accepted = tokio::select! {
                biased;
                () = &mut stop => return,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((transport, peer)) => {
                    self.take(transport, peer);
                    accepted_at_once += 1;
                    if accepted_at_once == ACCEPTED_AT_ONCE {
                        accepted_at_once = 0;
                        others_first().await;
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

    /// Serves a new connection, or refuses it.
    fn take(&self, transport: Transport, peer: Option<IpAddr>) {
        match self.place(peer) {
            Ok(place) => {
                self.tasks.spawn(connection::serve(transport, peer, place, self.shared.clone()));
            }
            Err(rejection) => {
                crate::metrics::refused(&rejection);
                match self.shared.is_in_the_clear() {
                    true => self.refuser.refuse(transport, rejection),
                    false => debug!("a connection was refused: {}", rejection.cause()),
                }
            }
        }
    }

    /// A place for a connection of `peer`. Whom a proxy speaks for is known later.
    fn place(&self, peer: Option<IpAddr>) -> Result<Place, Rejection> {
        let sources = &self.shared.sources;
        let speaks_for_others = sources.speaks_proxy_protocol(peer).map_err(|Foreign| Rejection::ForeignNetwork)?;
        let place = self.places.take().ok_or(Rejection::Overloaded)?;
        match peer {
            Some(peer) if !speaks_for_others => {
                sources.check_connection(Some(peer)).map_err(|Foreign| Rejection::ForeignNetwork)?;
                if sources.is_proxy(Some(peer)) {
                    return Ok(place);
                }
                place.belongs_to(peer).ok_or(Rejection::Overloaded)
            }
            _ => Ok(place),
        }
    }
}

fn is_peers_fault(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
