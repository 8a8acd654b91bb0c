//! One connection, from its first byte to its end.

use std::{net::IpAddr, pin::pin, sync::Arc};

use hyper::{
    body::Incoming,
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tracing::debug;

use super::{
    drain::Drain,
    places::Place,
    request::answer,
    supervisor::{Prelude, Supervisor},
    transport::Transport,
    watch::{Watch, Watched},
};
use crate::{
    limits::{DEFAULT_HEADER_FIELDS, Limits},
    service::WebhookService,
};

/// What all connections of a server have in common.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) service: WebhookService,
    pub(super) drain: Arc<Drain>,
    http1: http1::Builder,
    http2: http2::Builder<TokioExecutor>,
}

/// The first bytes of HTTP/2 (RFC 9113 §3.4).
const HTTP_2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// What hyper may read ahead, and collect of answers to requests that were sent without waiting.
const BUFFER: usize = 64 * 1024;
/// What a peer may send of the body of one request before it is read, and of all bodies of its connection.
const STREAM_WINDOW: u32 = 128 * 1024;
const CONNECTION_WINDOW: u32 = 1024 * 1024;

impl Shared {
    pub(super) fn new(service: WebhookService, drain: Arc<Drain>) -> Self {
        let limits = *service.limits();
        let mut http1 = http1::Builder::new();
        // Times are watched by `Watch`. A peer that has said all it had to say may still read the answer.
        http1.header_read_timeout(None).half_close(true);
        http1.max_buf_size(BUFFER.max(limits.head)).max_header_size(limits.head);
        if limits.header_fields != DEFAULT_HEADER_FIELDS {
            // hyper's own number needs no memory of its own for each request.
            http1.max_headers(limits.header_fields);
        }
        let mut http2 = http2::Builder::new(TokioExecutor::new());
        http2
            .max_concurrent_streams(limits.streams)
            .max_pending_accept_reset_streams(limits.stream_resets)
            .max_local_error_reset_streams(limits.stream_resets)
            .max_header_list_size(u32::try_from(limits.head).unwrap_or(u32::MAX))
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW);
        Self { service, drain, http1, http2 }
    }

    pub(super) fn limits(&self) -> &Limits {
        self.service.limits()
    }
}

/// Answers what comes on `transport`, until the peer, a limit or the server ends it.
pub(super) async fn serve(transport: Transport, client: Option<IpAddr>, place: Place, shared: Arc<Shared>) {
    let _ = client;
    let watch = Watch::new(shared.limits());
    let mut stream = Watched::new(transport, watch.clone());
    let mut supervisor = Supervisor::new(&watch, &shared.drain);

    let is_http_2 = match supervisor.run(Prelude(pin!(stream.begins_with(HTTP_2_PREFACE)))).await {
        Some(Ok(is_http_2)) => is_http_2,
        Some(Err(error)) => return debug!("a connection was lost: {error}"),
        None => return,
    };
    let service = service_fn(|request: hyper::Request<Incoming>| answer(&shared, &watch, request));
    let ended = if is_http_2 {
        watch.multiplexes();
        let connection = pin!(shared.http2.serve_connection(TokioIo::new(stream), service));
        supervisor.run(connection).await
    } else {
        let connection = pin!(shared.http1.serve_connection(TokioIo::new(stream), service));
        supervisor.run(connection).await
    };
    if let Some(Err(error)) = ended {
        debug!("a connection ended early: {error}");
    }
    drop(place);
}
