//! The only place that accepts connections: HTTP/1.1 and HTTP/2 on one port, time-outs, and an orderly end.

use std::{
    convert::Infallible,
    future::pending,
    io,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::Service;
use tracing::{debug, info, warn};

use crate::{App, error::Result, service::WebhookService};

/// # Serving
impl App {
    /// Answers on `listener` for ever. No command line, no logger, no signals: those are [`App::run`]'s.
    ///
    /// # Errors
    /// What [`App::into_service`] reports; and an app that accepts unsigned deliveries on an address that others can reach.
    pub async fn serve(self, listener: TcpListener) -> Result<()> {
        self.serve_until(listener, pending()).await
    }

    /// Answers on `listener` until `stop` is done; then accepts nothing new, finishes what runs, and returns, after
    /// [`stop_within`](App::stop_within) at the latest.
    ///
    /// # Errors
    /// As [`App::serve`].
    pub async fn serve_until(self, listener: TcpListener, stop: impl Future<Output = ()>) -> Result<()> {
        let address = listener.local_addr()?;
        if self.settings.allow_unsigned && !address.ip().is_loopback() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!(
                    "unsigned deliveries are accepted on a loopback address only, and {address} is none: \
                     set a secret, or listen on 127.0.0.1"
                ),
            )
            .into());
        }
        let time_limits = self.settings.time_limits;
        let service = self.into_service()?;
        serve(&service, service.clone(), listener, time_limits, stop).await;
        Ok(())
    }
}

/// The time limits of connections.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TimeLimits {
    pub(crate) head: Duration,
    pub(crate) stop: Duration,
}

/// Something that answers requests: the webhook, or the webhook with something in front.
pub(crate) trait Answers:
    Service<Request<Incoming>, Response = Response<Self::Body>, Error = Infallible, Future: Send> + Clone + Send + 'static
{
    type Body: Body<Data = Bytes, Error = Infallible> + Send + 'static;
}

impl<S, B> Answers for S
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible, Future: Send> + Clone + Send + 'static,
    B: Body<Data = Bytes, Error = Infallible> + Send + 'static,
{
    type Body = B;
}

/// Lets `answers`, which leads to `service`, answer on `listener` until `stop` is done, then ends in an orderly way.
pub(crate) async fn serve(
    service: &WebhookService,
    answers: impl Answers,
    listener: TcpListener,
    time_limits: TimeLimits,
    stop: impl Future<Output = ()>,
) {
    match listener.local_addr() {
        Ok(address) => info!("listening on http://{address}{}", service.path()),
        Err(error) => warn!("listening, but the address is not known: {error}"),
    }
    let connections = Connections {
        answers,
        head_timeout: time_limits.head,
        tasks: TaskTracker::new(),
        stopping: CancellationToken::new(),
        given_up: CancellationToken::new(),
    };
    service.start();
    accept(&listener, &connections, stop).await;
    drop(listener);

    info!("stopping: nothing new is accepted, what runs is finished");
    service.shut_down();
    connections.stopping.cancel();
    connections.tasks.close();
    let finished = async {
        connections.tasks.wait().await;
        service.settled().await;
    };
    if tokio::time::timeout(time_limits.stop, finished).await.is_err() {
        warn!("some handlers or connections were not done {:?} after the stop; they are given up", time_limits.stop);
        connections.given_up.cancel();
        service.give_back().await;
    }
}

struct Connections<S> {
    answers: S,
    head_timeout: Duration,
    tasks: TaskTracker,
    /// What runs is finished, nothing new begins.
    stopping: CancellationToken,
    /// Even what runs is dropped.
    given_up: CancellationToken,
}

async fn accept(listener: &TcpListener, connections: &Connections<impl Answers>, stop: impl Future<Output = ()>) {
    let mut stop = pin!(stop);
    loop {
        let accepted = tokio::select! {
            biased;
            () = &mut stop => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                connections.tasks.spawn(connection(
                    stream,
                    connections.answers.clone(),
                    connections.head_timeout,
                    connections.stopping.clone(),
                    connections.given_up.clone(),
                ));
            }
            // A connection that its peer gave up is no trouble of ours.
            Err(error) if is_peers_fault(&error) => debug!("a connection was lost while it was accepted: {error}"),
            Err(error) => {
                // Most often too many open files: a pause lets some of them close, a loop without one would burn a core.
                warn!("no connection can be accepted: {error}");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

fn is_peers_fault(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

async fn connection(
    stream: TcpStream,
    answers: impl Answers,
    head_timeout: Duration,
    stopping: CancellationToken,
    given_up: CancellationToken,
) {
    // Answers are small and someone waits for them: no collecting of packets.
    if let Err(error) = stream.set_nodelay(true) {
        debug!("TCP_NODELAY cannot be set: {error}");
    }
    let begun = Arc::new(AtomicBool::new(false));
    let begin = begun.clone();
    let answer = service_fn(move |request: Request<Incoming>| {
        begin.store(true, Ordering::Relaxed);
        let mut answers = answers.clone();
        async move { answers.call(request).await }
    });

    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(head_timeout).max_buf_size(64 * 1024);
    builder.http2().timer(TokioTimer::new()).max_concurrent_streams(256).keep_alive_interval(Duration::from_secs(20));
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), answer));

    // The time-out of a head starts when HTTP's version is known; this one covers the time before.
    let mut silence = pin!(tokio::time::sleep(head_timeout));
    let (mut waits_for_first, mut stops) = (true, false);
    loop {
        tokio::select! {
            result = connection.as_mut() => {
                if let Err(error) = result {
                    debug!("a connection ended early: {error}");
                }
                return;
            }
            () = &mut silence, if waits_for_first => {
                if !begun.load(Ordering::Relaxed) {
                    debug!("a connection was closed on which no request came");
                    return;
                }
                waits_for_first = false;
            }
            () = stopping.cancelled(), if !stops => {
                connection.as_mut().graceful_shutdown();
                stops = true;
            }
            () = given_up.cancelled() => return,
        }
    }
}
