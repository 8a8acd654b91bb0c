//! What is checked of each request because of how it came, and what is said of the connection in its answer.

use std::{convert::Infallible, net::IpAddr, sync::Arc};

use http::{
    HeaderMap, HeaderValue, Request, Response, Version,
    header::{CONNECTION, HOST, TRANSFER_ENCODING},
};
use hyper::body::Incoming;

use super::{
    connection::Shared,
    drain::Phase,
    sources::{Foreign, Sources},
    watch::{Answering, Watch},
};
#[cfg(feature = "console")]
pub(super) use crate::console::AnswerBody;
use crate::rejection::Rejection;
#[cfg(not(feature = "console"))]
pub(super) use crate::response::ReplyBody as AnswerBody;

/// Answers one request.
pub(super) fn answer(
    shared: &Shared,
    watch: &Arc<Watch>,
    peer: Option<IpAddr>,
    request: Request<Incoming>,
) -> impl Future<Output = Result<Response<AnswerBody>, Infallible>> + use<> {
    let answering: Answering = watch.request();
    let is_http_1 = request.version() < Version::HTTP_2;
    let is_chunked = is_http_1 && request.headers().contains_key(TRANSFER_ENCODING);
    let checked = check(&shared.sources, peer, &request);
    let (service, drain, watch) = (shared.service.clone(), shared.drain.clone(), watch.clone());
    #[cfg(feature = "console")]
    let console = shared.console.clone();
    async move {
        let mut response = match checked {
            #[cfg(feature = "console")]
            Ok(client) if let Some(console) = console => console.answer(request, client).await,
            Ok(client) => service.answer(request, client).await.map(AnswerBody::from),
            Err((rejection, client)) => service.refuse(rejection, client).map(AnswerBody::from),
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

/// The client; or why the request is refused before the service sees it, and the client as far as it is known.
fn check(
    sources: &Sources,
    peer: Option<IpAddr>,
    request: &Request<Incoming>,
) -> Result<Option<IpAddr>, (Rejection, Option<IpAddr>)> {
    let client = sources.client(peer, request.headers()).map_err(|Foreign| (Rejection::ForeignNetwork, peer))?;
    if request.version() < Version::HTTP_2
        && let Some(fault) = fault(request.version(), request.headers())
    {
        return Err((Rejection::BadRequest { fault }, client));
    }
    Ok(client)
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
