//! A delivery: headers and whole body of one request, not yet verified.

mod budget;
mod pace;

use std::{error::Error, pin::Pin};

use bytes::{Buf, Bytes};
use http::{HeaderMap, HeaderName, HeaderValue, header::CONTENT_ENCODING};
use http_body::Body;
use tokio::time::Instant;

pub(crate) use self::budget::{BodyBudget, HeldBytes};
use self::pace::Pace;
use crate::{header_lines::same_name, limits::Limits, rejection::Rejection};

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

/// Refuses a body, which has not arrived yet, for what is said of it.
pub(crate) fn check(headers: &HeaderMap, body: &impl Body, limits: &Limits) -> Result<(), Rejection> {
    let is_encoded = |(name, coding): (&HeaderName, &HeaderValue)| {
        same_name(name, &CONTENT_ENCODING) && !coding.as_bytes().eq_ignore_ascii_case(b"identity")
    };
    // To look at all of them takes less than to hash the name.
    if headers.iter().any(is_encoded) {
        return Err(Rejection::BodyEncoded);
    }
    // An announced size is refused before the sender is asked to go on (`Expect: 100-continue`).
    if body.size_hint().lower() > limits.body as u64 {
        return Err(Rejection::BodyTooLarge { limit: limits.body });
    }
    Ok(())
}

/// Reads the body of a request whose head was complete at `received`; within `limits`. Each byte is added to `held`. Says
/// as well whether any of it had to be waited for.
pub(crate) fn read<B>(
    mut body: Pin<&mut B>,
    received: Instant,
    limits: &Limits,
    held: &mut HeldBytes<'_>,
) -> impl Future<Output = Result<(Bytes, bool), Rejection>>
where
    B: Body,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let (mut pace, limit) = (Pace::new(received, limits), limits.body);
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(limit);
    async move {
        let mut first = Bytes::new();
        let mut whole = Vec::new();
        while !body.is_end_stream()
            && let Some(frame) = pace.frame(body.as_mut(), held.count()).await?
        {
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
                whole.reserve_exact(announced.max(2 * (first.len() + data.len())).min(limit));
                whole.extend_from_slice(&std::mem::take(&mut first));
            }
            if !grow(&mut whole, data.len(), limit, held) {
                return Err(Rejection::BodiesFull);
            }
            whole.extend_from_slice(&data);
        }
        Ok((if whole.is_empty() { first } else { whole.into() }, pace.has_waited()))
    }
}

/// A body that is longer than this gets room for the longest one.
const MOVED_ONCE: usize = 1024 * 1024;

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
    // Of the room, only what arrives is ever touched, so that a long body need not be moved again and again.
    let room = if needed < MOVED_ONCE { 2 * needed } else { limit };
    whole.reserve_exact(room.min(limit) - moved);
    held.release(moved);
    true
}
