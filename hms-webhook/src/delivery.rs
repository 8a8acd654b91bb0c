//! A delivery: headers and whole body of one request, not yet verified.

mod budget;
mod pace;

use std::{error::Error, pin::pin};

use bytes::{Buf, Bytes};
use http::{
    HeaderMap, Request,
    header::{CONTENT_ENCODING, CONTENT_LENGTH},
};
use http_body::Body;
use tokio::time::Instant;

pub(crate) use self::budget::{BodyBudget, HeldBytes};
use self::pace::Pace;
use crate::{limits::Limits, rejection::Rejection};

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

/// Reads the body of a request whose head was complete at `received`, within `limits`. Each byte is taken from
/// `budget` until the second value is dropped.
pub(crate) async fn receive<'a, B>(
    request: Request<B>,
    received: Instant,
    limits: &Limits,
    budget: &'a BodyBudget,
) -> Result<(Delivery, HeldBytes<'a>), Rejection>
where
    B: Body,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let (head, body) = request.into_parts();
    if head.headers.get_all(CONTENT_ENCODING).iter().any(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity"))
    {
        return Err(Rejection::BodyEncoded);
    }
    // An announced size is refused before the sender is asked to go on (`Expect: 100-continue`).
    let announced = announced_length(&head.headers);
    if announced.is_some_and(|length| length > limits.body as u64) {
        return Err(Rejection::BodyTooLarge { limit: limits.body });
    }
    let mut held = budget.hold_nothing();
    let body = read(body, Pace::new(received, limits), limits.body, announced, &mut held).await?;
    Ok((Delivery { headers: head.headers, body }, held))
}

fn announced_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

async fn read<B>(
    body: B,
    mut pace: Pace,
    limit: usize,
    announced: Option<u64>,
    held: &mut HeldBytes<'_>,
) -> Result<Bytes, Rejection>
where
    B: Body,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let mut body = pin!(body);
    let mut first = Bytes::new();
    let mut whole = Vec::new();
    while let Some(frame) = pace.frame(body.as_mut(), held.count()).await? {
        let frame = frame.map_err(|error| Rejection::BodyBroken { cause: error.into() })?;
        let Ok(mut data) = frame.into_data() else { continue };
        if data.remaining() > limit - held.count() {
            return Err(Rejection::BodyTooLarge { limit });
        }
        if !held.hold(data.remaining()) {
            return Err(Rejection::BodiesFull);
        }
        // Nearly every body is one piece, which is kept as it is.
        let data = data.copy_to_bytes(data.remaining());
        if first.is_empty() && whole.is_empty() {
            first = data;
            continue;
        }
        if whole.is_empty() {
            // Of the room for an announced length, only what arrives is ever touched.
            let announced = announced.and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
            whole.reserve_exact(announced.max(2 * (first.len() + data.len())).min(limit));
            whole.extend_from_slice(&std::mem::take(&mut first));
        }
        if !grow(&mut whole, data.len(), limit, held) {
            return Err(Rejection::BodiesFull);
        }
        whole.extend_from_slice(&data);
    }
    Ok(if whole.is_empty() { first } else { whole.into() })
}

/// Makes room for `more` bytes. While they are moved, the old ones are there twice, which has to fit as well.
fn grow(whole: &mut Vec<u8>, more: usize, limit: usize, held: &mut HeldBytes<'_>) -> bool {
    let needed = whole.len() + more;
    if needed <= whole.capacity() {
        return true;
    }
    let moved = whole.len();
    if !held.hold(moved) {
        return false;
    }
    whole.reserve_exact((2 * needed).min(limit) - moved);
    held.release(moved);
    true
}
