//! Verification against another implementation: it accepts exactly what that one accepts.

#![no_main]

use std::time::{Duration, UNIX_EPOCH};

use arbitrary::Arbitrary;
use hms_webhook::signature::{Delivery, SIGNATURE_HEADER, TIMESTAMP_HEADER, Verifier};
use http::{HeaderMap, HeaderValue};
use libfuzzer_sys::fuzz_target;

#[derive(Debug, Arbitrary)]
struct Input {
    secret: Vec<u8>,
    now: u32,
    timestamp: Timestamp,
    signature: Signature,
    body: Vec<u8>,
}

#[derive(Debug, Arbitrary)]
enum Timestamp {
    Near { seconds: i16 },
    Text(Vec<u8>),
    Absent,
}

#[derive(Debug, Arbitrary)]
enum Signature {
    /// The right one, in one of its forms, perhaps with one character changed or some cut off.
    Right {
        prefixed: bool,
        upper: bool,
        changed: Option<(u8, u8)>,
        cut: u8,
    },
    Text(Vec<u8>),
    Absent,
}

fuzz_target!(|input: Input| {
    let timestamp = match &input.timestamp {
        Timestamp::Near { seconds } => Some((i64::from(input.now) + i64::from(*seconds)).to_string().into_bytes()),
        Timestamp::Text(text) => Some(text.clone()),
        Timestamp::Absent => None,
    };
    let mac = expected(&input.secret, timestamp.as_deref().unwrap_or_default(), &input.body);
    let signature = match &input.signature {
        Signature::Right { prefixed, upper, changed, cut } => {
            let hex = if *upper { mac.to_uppercase() } else { mac.clone() };
            let mut text = format!("{}{hex}", if *prefixed { "sha256=" } else { "" }).into_bytes();
            if let Some((place, byte)) = changed {
                let place = usize::from(*place) % text.len();
                text[place] = *byte;
            }
            text.truncate(text.len() - usize::from(*cut).min(text.len()));
            Some(text)
        }
        Signature::Text(text) => Some(text.clone()),
        Signature::Absent => None,
    };

    let mut headers = HeaderMap::new();
    for (name, value) in [(TIMESTAMP_HEADER, &timestamp), (SIGNATURE_HEADER, &signature)] {
        if let Some(value) = value {
            let Ok(value) = HeaderValue::from_bytes(value) else { return };
            headers.insert(name, value);
        }
    }
    let now = UNIX_EPOCH + Duration::from_secs(input.now.into());
    let verifier = Verifier::new([input.secret.as_slice()]);
    let accepted = verifier.verify(Delivery::new(headers, input.body.clone()), now).is_ok();

    let right = signature.is_some_and(|text| {
        let text = text.strip_prefix(b"sha256=").unwrap_or(&text);
        text.to_ascii_lowercase() == mac.as_bytes()
    });
    let fresh = timestamp.is_some_and(|text| {
        let digits = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
        let seconds = std::str::from_utf8(&text).ok().and_then(|text| text.parse::<u128>().ok());
        digits && seconds.is_some_and(|seconds| seconds.abs_diff(input.now.into()) <= 300)
    });
    assert_eq!(accepted, right && fresh);
});

fn expected(secret: &[u8], timestamp: &[u8], body: &[u8]) -> String {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret);
    let tag = ring::hmac::sign(&key, &[timestamp, b".", body].concat());
    tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}
