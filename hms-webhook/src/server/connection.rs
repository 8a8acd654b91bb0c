//! One connection, from its first byte to its end.

use std::{io, net::IpAddr, pin::pin, sync::Arc};

#[cfg(feature = "http2")]
use hyper::server::conn::http2;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
#[cfg(feature = "http2")]
use hyper_util::rt::TokioExecutor;
use hyper_util::rt::TokioIo;
use tracing::debug;

#[cfg(feature = "tls")]
use super::tls::Tls;
use super::{
    drain::Drain,
    places::Place,
    proxy_protocol,
    request::answer,
    settings::PreparedServing,
    sources::{Foreign, Sources},
    supervisor::{Prelude, Supervisor},
    transport::Transport,
    watch::{Watch, Watched},
};
#[cfg(feature = "console")]
use crate::console::Console;
use crate::{
    limits::{DEFAULT_HEADER_FIELDS, Limits},
    service::WebhookService,
};

/// What all connections of a server have in common.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) service: WebhookService,
    pub(super) drain: Arc<Drain>,
    pub(super) sources: Sources,
    #[cfg(feature = "tls")]
    tls: Option<Tls>,
    #[cfg(feature = "console")]
    pub(super) console: Option<Arc<Console>>,
    http1: http1::Builder,
    #[cfg(feature = "http2")]
    http2: http2::Builder<TokioExecutor>,
}

/// The first bytes of HTTP/2 (RFC 9113 §3.4).
const HTTP_2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// What hyper may read ahead, and collect of answers to requests that were sent without waiting.
const BUFFER: usize = 64 * 1024;

impl Shared {
    pub(super) fn new(service: WebhookService, drain: Arc<Drain>, serving: &PreparedServing) -> Self {
        let limits = *service.limits();
        let mut http1 = http1::Builder::new();
        // Times are watched by `Watch`. A peer that has said all it had to say may still read the answer.
        http1.header_read_timeout(None).half_close(true);
        http1.max_buf_size(BUFFER.max(limits.head)).max_header_size(limits.head);
        // Answers are small: copying one beside its head costs less than writing two pieces.
        http1.writev(false);
        if limits.header_fields != DEFAULT_HEADER_FIELDS {
            // hyper's own number needs no memory of its own for each request.
            http1.max_headers(limits.header_fields);
        }
        Self {
            service,
            drain,
            sources: serving.sources.clone(),
            #[cfg(feature = "tls")]
            tls: serving.tls.clone(),
            #[cfg(feature = "console")]
            console: serving.console.clone(),
            http1,
            #[cfg(feature = "http2")]
            http2: http2_within(&limits),
        }
    }

    pub(super) fn limits(&self) -> &Limits {
        self.service.limits()
    }
}

#[cfg(feature = "http2")]
fn http2_within(limits: &Limits) -> http2::Builder<TokioExecutor> {
    /// What a peer may send of the body of one request before it is read, and of all bodies of its connection.
    const STREAM_WINDOW: u32 = 128 * 1024;
    const CONNECTION_WINDOW: u32 = 1024 * 1024;

    let mut http2 = http2::Builder::new(TokioExecutor::new());
    http2
        .max_concurrent_streams(limits.streams)
        .max_pending_accept_reset_streams(limits.stream_resets)
        .max_local_error_reset_streams(limits.stream_resets)
        .max_header_list_size(u32::try_from(limits.head).unwrap_or(u32::MAX))
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW);
    http2
}

/// Says once, as any stranger may ask for it, what a proxy that speaks HTTP/2 would be in want of.
#[cfg(not(feature = "http2"))]
fn refuse_http2() {
    static SAID: std::sync::Once = std::sync::Once::new();
    SAID.call_once(|| {
        tracing::warn!(
            "a connection was refused, as are others like it: HTTP/2 needs the feature `http2` of hms-webhook"
        );
    });
}

/// Answers what comes on `transport`, until the peer, a limit or the server ends it.
pub(super) async fn serve(transport: Transport, peer: Option<IpAddr>, place: Place, shared: Arc<Shared>) {
    let watch = Watch::new(shared.limits());
    let mut supervisor = Supervisor::new(&watch, &shared.drain);

    let opened = match shared.has_prelude(peer) {
        true => {
            watch.prelude();
            // What most connections never need, or not for long, is in a box: an idle one shall be small.
            let opened = supervisor.run(Prelude(Box::pin(shared.open(transport, peer, place)).as_mut())).await;
            watch.begin();
            opened
        }
        false => Some(Ok((transport, peer, place))),
    };
    let (transport, client, _place) = match opened {
        Some(Ok(opened)) => opened,
        Some(Err(error)) => return debug!("a connection was refused: {error}"),
        None => return,
    };

    let mut stream = Watched::new(transport, watch.clone());
    let is_http_2 = match supervisor.run(Prelude(pin!(stream.begins_with(HTTP_2_PREFACE)))).await {
        Some(Ok(is_http_2)) => is_http_2,
        Some(Err(error)) => return debug!("a connection was lost: {error}"),
        None => return,
    };
    let service = service_fn(|request: hyper::Request<Incoming>| answer(&shared, &watch, client, request));
    let ended = match is_http_2 {
        #[cfg(feature = "http2")]
        true => {
            watch.multiplexes();
            let mut connection = Box::pin(shared.http2.serve_connection(TokioIo::new(stream), service));
            supervisor.run(connection.as_mut()).await
        }
        #[cfg(not(feature = "http2"))]
        true => return refuse_http2(),
        false => {
            let connection = pin!(shared.http1.serve_connection(TokioIo::new(stream), service));
            supervisor.run(connection).await
        }
    };
    if let Some(Err(error)) = ended {
        debug!("a connection ended early: {error}");
    }
}

impl Shared {
    /// Whether peers would understand an answer in the clear.
    pub(super) fn is_in_the_clear(&self) -> bool {
        #[cfg(feature = "tls")]
        if self.tls.is_some() {
            return false;
        }
        true
    }

    /// Whether something comes before HTTP.
    fn has_prelude(&self, peer: Option<IpAddr>) -> bool {
        !self.is_in_the_clear() || matches!(self.sources.speaks_proxy_protocol(peer), Ok(true))
    }

    /// Reads what comes before HTTP: who the client is, and TLS.
    async fn open(
        &self,
        mut transport: Transport,
        peer: Option<IpAddr>,
        mut place: Place,
    ) -> io::Result<(Transport, Option<IpAddr>, Place)> {
        let mut client = peer;
        if matches!(self.sources.speaks_proxy_protocol(peer), Ok(true)) {
            client = proxy_protocol::client(&mut transport).await?.or(peer);
            self.sources
                .check_connection(client)
                .map_err(|Foreign| refused("its network is not among those that may send"))?;
            if let Some(client) = client {
                place = place.belongs_to(client).ok_or_else(|| refused("its sender has too many already"))?;
            }
        }
        #[cfg(feature = "tls")]
        if let Some(tls) = &self.tls {
            transport = tls.accept(transport).await?;
        }
        Ok((transport, client, place))
    }
}

fn refused(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::PermissionDenied, why)
}
