//! Serving with nothing but hyper: what the three floors have in common.

use std::{convert::Infallible, net::Ipv4Addr, time::Duration};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header::CONTENT_TYPE};
use http_body_util::Full;
use hyper::{
    body::Incoming,
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::net::TcpListener;

pub type Answer = Result<Response<Full<Bytes>>, Infallible>;

/// Whether connections have the time-outs that the open internet asks for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum TimeOuts {
    None,
    Kept,
}

pub fn serve<F>(time_outs: TimeOuts, handle: impl Fn(Request<Incoming>) -> F + Clone + Send + 'static)
where
    F: Future<Output = Answer> + Send + 'static,
{
    by_hand::allocations::report();
    let mut one = http1::Builder::new();
    let mut two = http2::Builder::new(TokioExecutor::new());
    if time_outs == TimeOuts::Kept {
        one.timer(TokioTimer::new()).header_read_timeout(Duration::from_secs(10)).max_buf_size(64 * 1024);
        two.timer(TokioTimer::new()).max_concurrent_streams(256).keep_alive_interval(Duration::from_secs(20));
    }
    by_hand::runtime().block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, by_hand::port())).await.expect("a free port");
        loop {
            let Ok((stream, _)) = listener.accept().await else { continue };
            let _ = stream.set_nodelay(true);
            let service = service_fn(handle.clone());
            if by_hand::speaks_http2() {
                tokio::spawn(two.serve_connection(TokioIo::new(stream), service));
            } else {
                tokio::spawn(one.serve_connection(TokioIo::new(stream), service));
            }
        }
    });
}

pub fn is_for_us<B>(request: &Request<B>) -> bool {
    request.method() == Method::POST && request.uri().path() == "/webhook"
}

pub fn respond(outcome: Result<Vec<u8>, StatusCode>) -> Answer {
    let (status, json) = match outcome {
        Ok(json) => (StatusCode::OK, Bytes::from(json)),
        Err(status) => (status, Bytes::new()),
    };
    let mut response = Response::new(Full::new(json));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}
