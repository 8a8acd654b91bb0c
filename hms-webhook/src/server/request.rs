//! What is checked of each request because of how it came, and what is said of the connection in its answer.

use std::convert::Infallible;

use http::{
    HeaderMap, HeaderValue, Request, Response, Version,
    header::{CONNECTION, HOST, TRANSFER_ENCODING},
};
use hyper::body::Incoming;
use tower::Service;

use super::{
    connection::Shared,
    drain::Phase,
    watch::{Answering, Watch},
};
use crate::{rejection::Rejection, response::ReplyBody};

/// Answers one request.
pub(super) fn answer(
    shared: &Shared,
    watch: &std::sync::Arc<Watch>,
    request: Request<Incoming>,
) -> impl Future<Output = Result<Response<ReplyBody>, Infallible>> + use<> {
    let answering: Answering = watch.request();
    let is_http_1 = request.version() < Version::HTTP_2;
    let is_chunked = is_http_1 && request.headers().contains_key(TRANSFER_ENCODING);
    let fault = if is_http_1 { fault(request.version(), request.headers()) } else { None };
    let (mut service, drain, watch) = (shared.service.clone(), shared.drain.clone(), watch.clone());
    async move {
        let mut response = match fault {
            None => match service.call(request).await {
                Ok(response) => response,
                Err(never) => match never {},
            },
            Some(fault) => Rejection::BadRequest { fault }.into_response(),
        };
        if response.status().is_client_error() || response.status().is_server_error() {
            watch.lingers();
        }
        if !is_http_1 {
            // HTTP/2 has no such header, and ends requests one by one.
            response.headers_mut().remove(CONNECTION);
        } else if is_chunked || drain.phase() > Phase::Serving {
            // Where a length stood beside the chunks, which of the two a proxy in front has read is not known, so that
            // nothing may follow on this connection (RFC 9112 §6.1). hyper does not show that there was a length.
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        drop(answering);
        Ok(response)
    }
}

/// What HTTP/1.1 forbids and hyper lets through.
fn fault(version: Version, headers: &HeaderMap) -> Option<&'static str> {
    let mut hosts = headers.get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) if version == Version::HTTP_11 => return Some("the header `Host` is missing"),
        (_, Some(_)) => return Some("the header `Host` is there more than once"),
        (Some(host), None) if !is_host(host.as_bytes()) => return Some("the header `Host` names no host"),
        _ => {}
    }
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    match (codings.next(), codings.next()) {
        (None, _) => None,
        (Some(coding), None) if coding.as_bytes().eq_ignore_ascii_case(b"chunked") => None,
        _ => Some("the only `Transfer-Encoding` that is read is `chunked`, once"),
    }
}

/// Whether these may be the bytes of a host and a port. An empty `Host` belongs to a target without an authority.
fn is_host(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+;=:[]".contains(byte))
}
