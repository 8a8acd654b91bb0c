//! Who sent a request: HMAC-SHA256 over the timestamp and the raw body (PROTOCOL.md §2).
//!
//! [`Verifier`] is the only place that can make a [`VerifiedPayload`], and no handler can be reached without one.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use http::HeaderName;
use sha2::Sha256;

pub use crate::delivery::Delivery;
use crate::{
    header_lines::{Said, said},
    trace_context::TraceContext,
};

/// The header that holds the signature (PROTOCOL.md §1.1).
pub const SIGNATURE_HEADER: HeaderName = HeaderName::from_static("x-webhook-signature");
/// The header that holds the Unix time of the delivery in seconds (PROTOCOL.md §1.1).
pub const TIMESTAMP_HEADER: HeaderName = HeaderName::from_static("x-webhook-timestamp");
/// How old, or how far in the future, a delivery may be: 300 s (PROTOCOL.md §2.3).
pub const DEFAULT_TOLERANCE: Duration = Duration::from_secs(300);

/// A secret of fewer bytes might be guessed.
const SHORT: usize = 16;

/// A webhook secret, ready for use. Neither it nor anything made from it can be printed.
#[derive(Clone)]
pub struct Secret {
    keyed: Hmac<Sha256>,
    empty: bool,
    short: bool,
}

impl Secret {
    /// A secret from the text that is set on the platform: its bytes as they are, with nothing decoded or cut off
    /// (PROTOCOL.md §2.1).
    pub fn new(text: impl AsRef<[u8]>) -> Self {
        let key = text.as_ref();
        let keyed = Hmac::new_from_slice(key).expect("an HMAC key may have any length");
        Self { keyed, empty: key.is_empty(), short: key.len() < SHORT }
    }

    /// Whether `tag` is the HMAC-SHA256 of `message`; in constant time. A shortened tag is not.
    pub fn authenticates(&self, message: &[u8], tag: &[u8]) -> bool {
        self.authenticates_parts(&[message], tag)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.empty
    }

    /// Whether it has so few bytes that it might be guessed.
    fn is_short(&self) -> bool {
        self.short
    }

    /// Whether `other` was made from the same text.
    fn is_same(&self, other: &Self) -> bool {
        self.empty == other.empty && self.authenticates(&[], &other.mac(&[]).finalize().into_bytes())
    }

    fn authenticates_parts(&self, message: &[&[u8]], tag: &[u8]) -> bool {
        self.mac(message).verify_slice(tag).is_ok()
    }

    fn mac(&self, message: &[&[u8]]) -> Hmac<Sha256> {
        let mut mac = self.keyed.clone();
        message.iter().for_each(|part| mac.update(part));
        mac
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl<T: AsRef<[u8]>> From<T> for Secret {
    fn from(text: T) -> Self {
        Self::new(text)
    }
}

/// Signs deliveries as the platform does; for tests and tools.
///
/// ```
/// use hms_webhook::signature::Signer;
///
/// let body = r#"{"message":{"type":"status-update","call":{"id":"c-1","type":"inbound_phone_call","status":"in-progress"}}}"#;
/// assert_eq!(
///     Signer::new("demo-secret-1").sign("1767268800", body.as_bytes()),
///     "sha256=3c567b2a624d2264ac642e67d4368395a84b82d97135f2679f6b547b8d546d9b",
/// );
/// ```
#[derive(Debug, Clone)]
pub struct Signer(Secret);

impl Signer {
    /// A signer that uses `secret`.
    pub fn new(secret: impl Into<Secret>) -> Self {
        Self(secret.into())
    }

    /// The value of the header `X-Webhook-Signature`: `sha256=` and 64 lower-case hexadecimal digits.
    ///
    /// `timestamp` is the exact text of the header `X-Webhook-Timestamp`.
    pub fn sign(&self, timestamp: &str, body: &[u8]) -> String {
        let tag = self.0.mac(&[timestamp.as_bytes(), b".", body]).finalize().into_bytes();
        format!("sha256={}", base16ct::lower::encode_string(&tag))
    }
}

/// The body of a delivery that carried a valid signature.
#[derive(Debug, Clone)]
pub struct VerifiedPayload {
    body: Bytes,
    /// The key that led to the signature; `None` where nothing was signed.
    key: Option<VerifiedBy>,
    /// The trace that the delivery belongs to. The headers are not signed; what is believed is that somebody who knows a
    /// secret sent them.
    trace: Option<Arc<TraceContext>>,
}

/// Which key led to a signature.
#[derive(Debug, Clone)]
struct VerifiedBy {
    name: Arc<str>,
    tool: Option<Arc<str>>,
}

impl VerifiedPayload {
    /// The signed bytes.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// What the key is called that led to the signature: `current` for the first secret, `previous` for the second.
    /// `None` for a delivery that needed no signature.
    pub fn key(&self) -> Option<&str> {
        self.key.as_ref().map(|key| &*key.name)
    }

    /// The same, to be kept.
    pub(crate) fn shared_key(&self) -> Option<&Arc<str>> {
        self.key.as_ref().map(|key| &key.name)
    }

    /// The trace that the headers `traceparent` and `tracestate` name.
    pub fn trace_context(&self) -> Option<&TraceContext> {
        self.trace.as_deref()
    }

    /// The same, to be kept.
    pub(crate) fn shared_trace(&self) -> Option<&Arc<TraceContext>> {
        self.trace.as_ref()
    }

    /// What a delivery holds that was found to be signed with `key`, or to need no signature.
    fn new(delivery: Delivery, key: Option<VerifiedBy>) -> Self {
        let trace = TraceContext::from_headers(&delivery.headers).map(Arc::new);
        Self { body: delivery.body, key, trace }
    }

    /// The only tool that the key counts for.
    pub(crate) fn tool(&self) -> Option<&str> {
        self.key.as_ref()?.tool.as_deref()
    }

    /// The same, to be kept.
    pub(crate) fn shared(&self) -> &Bytes {
        &self.body
    }
}

/// Decides whether a delivery comes from someone who knows a secret, and recently.
///
/// ```
/// use std::time::{Duration, UNIX_EPOCH};
/// use hms_webhook::signature::{Delivery, SIGNATURE_HEADER, TIMESTAMP_HEADER, Verifier};
///
/// let verifier = Verifier::new(["demo-secret-1"]);
/// let mut headers = http::HeaderMap::new();
/// headers.insert(TIMESTAMP_HEADER, "1767268800".parse()?);
/// headers.insert(
///     SIGNATURE_HEADER,
///     "sha256=9adb031a0a33f847e41481ac49ce46406a4da2c7f5a4f6890469b447eb0dd3cd".parse()?,
/// );
/// let delivery = Delivery::new(headers, r#"{"message":{"type":"status-update","note":"café"}}"#);
///
/// let now = UNIX_EPOCH + Duration::from_secs(1767268800 + 42);
/// assert!(verifier.verify(delivery, now).is_ok());
/// # Ok::<(), http::header::InvalidHeaderValue>(())
/// ```
#[derive(Debug, Clone)]
pub struct Verifier {
    keys: Vec<Key>,
    tolerance: Duration,
    allows_unsigned: bool,
}

/// A secret, what logs call it, and what it counts for.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    pub(crate) name: Arc<str>,
    pub(crate) tool: Option<Arc<str>>,
    pub(crate) secret: Secret,
}

impl Verifier {
    /// A verifier that takes a delivery signed with any of `secrets`, at most [`DEFAULT_TOLERANCE`] away from now.
    pub fn new(secrets: impl IntoIterator<Item = impl Into<Secret>>) -> Self {
        let key = |(place, secret): (usize, _)| Key {
            name: crate::secrets::default_name(place),
            tool: None,
            secret: Into::into(secret),
        };
        Self::with_keys(secrets.into_iter().enumerate().map(key).collect(), DEFAULT_TOLERANCE, false)
    }

    pub(crate) fn with_keys(keys: Vec<Key>, tolerance: Duration, allows_unsigned: bool) -> Self {
        Self { keys, tolerance, allows_unsigned }
    }

    /// Whether one of the secrets might be guessed.
    pub(crate) fn has_short_secret(&self) -> bool {
        self.keys.iter().any(|key| key.secret.is_short())
    }

    /// Signs with the first secret that counts for every delivery: a second one is there for what was signed before it
    /// was changed.
    #[cfg(feature = "console")]
    pub(crate) fn signer(&self) -> Option<Signer> {
        self.keys.iter().find(|key| key.tool.is_none()).map(|key| Signer::new(key.secret.clone()))
    }

    /// Puts `secret` in the place of another one; gives the key's name if it is not the same.
    pub(crate) fn replace(&mut self, place: usize, secret: Secret) -> Option<Arc<str>> {
        let key = self.keys.get_mut(place).filter(|key| !key.secret.is_same(&secret))?;
        key.secret = secret;
        Some(key.name.clone())
    }

    /// How far the timestamp may be from now, in either direction; a difference of exactly this many whole seconds
    /// still passes. [`Duration::MAX`] turns the check off.
    #[must_use]
    pub fn tolerance(mut self, tolerance: Duration) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// Also takes deliveries that carry no signature at all. A signature that is there is checked nevertheless
    /// if there is a secret to check it with.
    #[must_use]
    pub fn allow_unsigned(mut self) -> Self {
        self.allows_unsigned = true;
        self
    }

    /// Checks `delivery` at the time `now`.
    ///
    /// # Errors
    /// Says what is wrong with the signature or the timestamp. That is for the log: tell the sender nothing of it.
    pub fn verify(&self, delivery: Delivery, now: SystemTime) -> Result<VerifiedPayload, VerifyError> {
        let [signature, timestamp] = said(&delivery.headers, [&SIGNATURE_HEADER, &TIMESTAMP_HEADER]);
        let signature = single(signature, &SIGNATURE_HEADER)?;
        // An empty signature is what some senders make of "no secret configured" (PROTOCOL.md §7.27).
        let Some(signature) = signature.filter(|text| !text.is_empty()) else {
            return if self.allows_unsigned {
                Ok(VerifiedPayload::new(delivery, None))
            } else {
                Err(VerifyError::NoSignature)
            };
        };
        if self.keys.is_empty() && self.allows_unsigned {
            return Ok(VerifiedPayload::new(delivery, None));
        }

        let timestamp = single(timestamp, &TIMESTAMP_HEADER)?.ok_or(VerifyError::NoTimestamp)?;
        self.check_freshness(timestamp, now)?;
        let tag = decode_signature(signature)?;
        let message: [&[u8]; 3] = [timestamp, b".", &delivery.body];
        let key = self.keys.iter().find(|key| key.secret.authenticates_parts(&message, &tag));
        let key = key.ok_or(VerifyError::WrongSignature)?;
        let key = VerifiedBy { name: key.name.clone(), tool: key.tool.clone() };
        Ok(VerifiedPayload::new(delivery, Some(key)))
    }

    fn check_freshness(&self, timestamp: &[u8], now: SystemTime) -> Result<(), VerifyError> {
        let sent = parse_seconds(timestamp).ok_or(VerifyError::MalformedTimestamp)?;
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let tolerance = self.tolerance.as_secs();
        if now.saturating_sub(sent) > tolerance {
            return Err(VerifyError::TooOld { seconds: now - sent });
        }
        if sent.saturating_sub(now) > tolerance {
            return Err(VerifyError::InTheFuture { seconds: sent - now });
        }
        Ok(())
    }
}

/// The one value of the header `name`.
fn single<'a>(said: Said<'a>, name: &HeaderName) -> Result<Option<&'a [u8]>, VerifyError> {
    match said {
        Said::Nothing => Ok(None),
        Said::Once(value) => Ok(Some(value)),
        Said::Repeatedly => Err(VerifyError::DuplicatedHeader { name: name.clone() }),
    }
}

fn parse_seconds(text: &[u8]) -> Option<u64> {
    // `str::parse` would take a leading `+` as well.
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// Both header forms (PROTOCOL.md §7.1), in either case.
fn decode_signature(text: &[u8]) -> Result<[u8; 32], VerifyError> {
    let digits = text.strip_prefix(b"sha256=").unwrap_or(text);
    let mut tag = [0; 32];
    match base16ct::mixed::decode(digits, &mut tag) {
        Ok(decoded) if decoded.len() == 32 => Ok(tag),
        _ => Err(VerifyError::MalformedSignature),
    }
}

/// What is wrong with the signature or the timestamp of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum VerifyError {
    /// There is no signature, or an empty one.
    NoSignature,
    /// There is a signature, but no timestamp.
    NoTimestamp,
    /// A header that must be there once is there several times.
    DuplicatedHeader {
        /// The header.
        name: HeaderName,
    },
    /// The signature is not 64 hexadecimal digits, with or without `sha256=` before them.
    MalformedSignature,
    /// The timestamp is not a decimal number of seconds.
    MalformedTimestamp,
    /// The delivery is older than the tolerance.
    TooOld {
        /// Its age.
        seconds: u64,
    },
    /// The delivery is dated further in the future than the tolerance.
    InTheFuture {
        /// How far.
        seconds: u64,
    },
    /// No secret leads to this signature.
    WrongSignature,
    /// The secret that leads to the signature counts for calls of another tool only.
    WrongTool,
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSignature => f.write_str("no signature; is a webhook secret set on the platform?"),
            Self::NoTimestamp => write!(f, "no header `{TIMESTAMP_HEADER}`"),
            Self::DuplicatedHeader { name } => write!(f, "the header `{name}` is there more than once"),
            Self::MalformedSignature => f.write_str("the signature is not 64 hexadecimal digits"),
            Self::MalformedTimestamp => f.write_str("the timestamp is not a decimal number of seconds"),
            Self::TooOld { seconds } => write!(f, "the timestamp is {seconds} s old"),
            Self::InTheFuture { seconds } => {
                write!(f, "the timestamp is {seconds} s in the future; is this machine's clock right?")
            }
            Self::WrongSignature => f.write_str("no configured secret leads to this signature"),
            Self::WrongTool => f.write_str("the secret that leads to this signature is that of another tool"),
        }
    }
}

impl std::error::Error for VerifyError {}
