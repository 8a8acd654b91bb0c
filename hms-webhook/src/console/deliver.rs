//! Being the platform: signs a body and delivers it to this very server, over its own port.

use std::{
    io,
    net::SocketAddr,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use http::{HeaderName, Request, header};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use tokio::net::TcpStream;

use crate::{
    platform_headers::platform_headers,
    signature::{SIGNATURE_HEADER, Signer, TIMESTAMP_HEADER},
};

/// Tells this server's own deliveries from those that come from outside. A hint: nothing is decided by it.
pub(super) const TICKET: HeaderName = HeaderName::from_static("x-hms-webhook-console");

/// Longer than any answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a page wants to be delivered.
#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    #[serde(flatten)]
    pub(super) what: What,
    #[serde(default)]
    signature: Signature,
    /// How long ago the delivery claims to have been signed; negative for the future.
    #[serde(default)]
    age_seconds: i64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum What {
    Body(String),
    /// What came with the delivery of this number, byte for byte.
    Delivery(u64),
}

#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Signature {
    #[default]
    Valid,
    /// Made with another secret.
    Wrong,
    None,
}

/// What came back.
#[derive(Debug)]
pub(super) struct Returned {
    pub(super) ticket: String,
    pub(super) status: u16,
    pub(super) body: Bytes,
}

/// Signs and delivers `body` in the way that is wanted.
///
/// # Errors
/// What keeps the server from being reached, or it from answering.
pub(super) async fn deliver(
    wanted: Wanted,
    body: Bytes,
    signer: Option<&Signer>,
    address: SocketAddr,
    path: &str,
) -> Result<Returned, String> {
    let ticket = next_ticket();
    let mut request = Request::post(path).header(header::HOST, address.to_string()).header(TICKET, &ticket);
    let signer = match wanted.signature {
        Signature::Valid => signer.cloned(),
        Signature::Wrong => Some(Signer::new("not the secret of this server")),
        Signature::None => None,
    };
    if let Some(signer) = signer {
        let timestamp = unix_seconds().saturating_sub(wanted.age_seconds).to_string();
        request = request.header(SIGNATURE_HEADER, signer.sign(&timestamp, &body)).header(TIMESTAMP_HEADER, timestamp);
    }
    let headers = platform_headers(&body);
    let mut request = request.body(Full::new(body)).map_err(|error| format!("this cannot be sent: {error}"))?;
    request.headers_mut().extend(headers);
    match tokio::time::timeout(PATIENCE, send(request, address)).await {
        Ok(Ok((status, body))) => Ok(Returned { ticket, status, body }),
        Ok(Err(error)) => Err(format!("the delivery to {address} failed: {error}")),
        Err(_) => Err(format!("the delivery to {address} was not answered within {PATIENCE:?}")),
    }
}

async fn send(request: Request<Full<Bytes>>, address: SocketAddr) -> io::Result<(u16, Bytes)> {
    let stream = TcpStream::connect(address).await?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
    let talking = tokio::spawn(connection);
    let answer = sender.send_request(request).await.map_err(io::Error::other)?;
    let status = answer.status().as_u16();
    let body = answer.into_body().collect().await.map_err(io::Error::other)?.to_bytes();
    talking.abort();
    Ok((status, body))
}

fn next_ticket() -> String {
    static TICKETS: AtomicU64 = AtomicU64::new(1);
    TICKETS.fetch_add(1, Ordering::Relaxed).to_string()
}

fn unix_seconds() -> i64 {
    let seconds = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    i64::try_from(seconds).unwrap_or(i64::MAX)
}
