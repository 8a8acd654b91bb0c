//! A delivery: headers and whole body of one request, not yet verified.

use std::{error::Error, pin::pin, time::Duration};

use bytes::{Buf, Bytes, BytesMut};
use http::{HeaderMap, Request, header::CONTENT_LENGTH};
use http_body::Body;
use http_body_util::BodyExt;

use crate::rejection::Rejection;

/// One request as it arrived. Nothing in it is to be believed before a [`Verifier`](crate::signature::Verifier) has seen it.
#[derive(Debug)]
pub struct Delivery {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Delivery {
    /// A delivery from a request's headers and its raw body, for those who bring their own HTTP server.
    pub fn new(headers: HeaderMap, body: impl Into<Bytes>) -> Self {
        Self { headers, body: body.into() }
    }
}

/// How much of a body is read, and for how long.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BodyLimits {
    pub(crate) bytes: usize,
    pub(crate) time: Duration,
}

/// Reads the body within `limits`.
pub(crate) async fn receive<B>(request: Request<B>, limits: BodyLimits) -> Result<Delivery, Rejection>
where
    B: Body,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let (head, body) = request.into_parts();
    // An announced size is refused before the sender is asked to go on (`Expect: 100-continue`).
    if announced_length(&head.headers).is_some_and(|length| length > limits.bytes as u64) {
        return Err(Rejection::BodyTooLarge { limit: limits.bytes });
    }
    let body = tokio::time::timeout(limits.time, read(body, limits.bytes))
        .await
        .map_err(|_| Rejection::BodyTimedOut { after: limits.time })??;
    Ok(Delivery { headers: head.headers, body })
}

fn announced_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

async fn read<B>(body: B, limit: usize) -> Result<Bytes, Rejection>
where
    B: Body,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let mut body = pin!(body);
    let mut first = Bytes::new();
    let mut whole: Option<BytesMut> = None;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| Rejection::BodyBroken { cause: error.into() })?;
        let Ok(mut data) = frame.into_data() else { continue };
        let length = whole.as_ref().map_or(first.len(), BytesMut::len);
        if data.remaining() > limit - length {
            return Err(Rejection::BodyTooLarge { limit });
        }
        // Nearly every body is one piece, which is kept as it is.
        let data = data.copy_to_bytes(data.remaining());
        match &mut whole {
            Some(whole) => whole.extend_from_slice(&data),
            None if first.is_empty() => first = data,
            None => {
                let mut both = BytesMut::with_capacity(first.len() + data.len());
                both.extend_from_slice(&first);
                both.extend_from_slice(&data);
                whole = Some(both);
            }
        }
    }
    Ok(whole.map_or(first, BytesMut::freeze))
}
