//! What is checked of each request because of how it came, and what is said of the connection in its answer.

use std::{convert::Infallible, future::ready, net::IpAddr, pin::Pin, sync::Arc};

use http::{
    HeaderValue, Request, Response, Version,
    header::{CONNECTION, HOST, TRANSFER_ENCODING},
};
use hyper::body::Incoming;
use tokio::time::Instant;

use super::{
    connection::Shared,
    drain::Phase,
    sources::Foreign,
    turn::others_first,
    watch::{Answering, Watch},
};
#[cfg(feature = "console")]
pub(super) use crate::console::AnswerBody;
#[cfg(not(feature = "console"))]
pub(super) use crate::response::ReplyBody as AnswerBody;
use crate::{
    header_lines::{Said, said},
    rejection::Rejection,
    service::Answered,
};

/// Who was asked for the answer.
enum Asked {
    Service(Pin<Box<dyn Future<Output = Answered> + Send>>),
    #[cfg(feature = "console")]
    Console(Pin<Box<dyn Future<Output = Response<AnswerBody>> + Send>>),
}

/// Answers one request.
pub(super) fn answer(
    shared: &Shared,
    watch: &Arc<Watch>,
    peer: Option<IpAddr>,
    request: Request<Incoming>,
) -> impl Future<Output = Result<Response<AnswerBody>, Infallible>> + use<> {
    let mut answering: Answering = watch.request();
    let is_http_1 = request.version() < Version::HTTP_2;
    let [host, coding] = said(request.headers(), [&HOST, &TRANSFER_ENCODING]);
    let is_chunked = is_http_1 && coding != Said::Nothing;
    // HTTP/1.0 knows no hosts, and HTTP/2 names one in `:authority`.
    let is_named = match request.version() {
        Version::HTTP_11 => false,
        Version::HTTP_2 => request.uri().authority().is_some(),
        _ => true,
    };
    let fault = fault(is_named, host, coding);
    // The client; or why the request is refused before the service sees it, and the client as far as it is known.
    let checked = match (shared.sources.client(peer, request.headers()), fault) {
        (Err(Foreign), _) => Err((Rejection::ForeignNetwork, peer)),
        (Ok(client), Some(fault)) => Err((Rejection::BadRequest { fault }, client)),
        (Ok(client), None) => Ok(client),
    };
    // Asked for here and not in the future, which would carry the whole request around.
    let asked = match checked {
        Ok(client) => ask(shared, request, client),
        Err((rejection, client)) => {
            let response = shared.service.refuse(rejection, client);
            Asked::Service(Box::pin(ready(Answered { response, at: Instant::now() })))
        }
    };
    let drain = shared.drain.clone();
    // Who opens many connections, or sends many requests at once, does not keep those waiting who do not.
    let others = watch.lets_others_go_first().then(|| Box::pin(others_first()));
    async move {
        if let Some(others) = others {
            others.await;
        }
        let mut response = match asked {
            Asked::Service(answer) => {
                let Answered { response, at } = answer.await;
                answering.answered(at);
                response.map(AnswerBody::from)
            }
            #[cfg(feature = "console")]
            Asked::Console(answer) => answer.await,
        };
        if response.status().is_client_error() || response.status().is_server_error() {
            answering.watch().lingers();
        }
        if !is_http_1 {
            // HTTP/2 has no such header, and ends requests one by one.
            response.headers_mut().remove(CONNECTION);
        } else if is_chunked || drain.phase() > Phase::Serving {
            // Where a length stood beside the chunks, which of the two a proxy in front has read is not known, so that
            // nothing may follow on this connection (RFC 9112 §6.1). hyper does not show that there was a length.
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        #[cfg(feature = "console")]
        let response = response.map(|body| crate::console::hold(body, answering));
        #[cfg(not(feature = "console"))]
        drop(answering);
        Ok(response)
    }
}

/// Asks the console, where there is one, or the service.
fn ask(shared: &Shared, request: Request<Incoming>, client: Option<IpAddr>) -> Asked {
    #[cfg(feature = "console")]
    if let Some(console) = shared.console.clone() {
        return Asked::Console(Box::pin(async move { console.answer(request, client).await }));
    }
    Asked::Service(shared.service.answer(request, client))
}

/// What HTTP forbids and hyper lets through. `is_named` says whether the host has been named elsewhere, or need not be.
fn fault(is_named: bool, host: Said<'_>, coding: Said<'_>) -> Option<&'static str> {
    match (host, coding) {
        (Said::Nothing, _) if !is_named => Some("the header `Host` is missing"),
        (Said::Repeatedly, _) => Some("the header `Host` is there more than once"),
        (Said::Once(host), _) if !is_host(host) => Some("the header `Host` names no host"),
        (_, Said::Nothing) => None,
        (_, Said::Once(coding)) if coding.eq_ignore_ascii_case(b"chunked") => None,
        _ => Some("the only `Transfer-Encoding` that is read is `chunked`, once"),
    }
}

/// Whether these may be the bytes of a host and a port. An empty `Host` belongs to a target without an authority.
fn is_host(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+;=:[]".contains(byte))
}
