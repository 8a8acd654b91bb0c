//! Signatures: vectors that `openssl` and Python computed, both header forms, several secrets, freshness.

use std::{
    process::Command,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use hms_webhook::{
    App,
    signature::{Delivery, SIGNATURE_HEADER, Secret, Signer, TIMESTAMP_HEADER, Verifier, VerifyError},
    tool, tools,
};
use http::HeaderMap;

use crate::support::{SECRET, Server, hmac, request_with, tool_calls};

/// Secret, timestamp, body and MAC; the first two are those of PROTOCOL.md §2.1, all were computed with
/// `printf '%s.%s' TIMESTAMP BODY | openssl dgst -sha256 -hmac SECRET`.
const VECTORS: [(&str, &str, &str, &str); 5] = [
    (
        "demo-secret-1",
        "1767268800",
        r#"{"message":{"type":"status-update","call":{"id":"c-1","type":"inbound_phone_call","status":"in-progress"}}}"#,
        "3c567b2a624d2264ac642e67d4368395a84b82d97135f2679f6b547b8d546d9b",
    ),
    (
        "demo-secret-1",
        "1767268800",
        r#"{"message":{"type":"status-update","note":"café"}}"#,
        "9adb031a0a33f847e41481ac49ce46406a4da2c7f5a4f6890469b447eb0dd3cd",
    ),
    ("demo-secret-1", "1767268800", "", "dd4c256b1a153ea4fe8930affe9358e8999281acce64e704725b3fbf6c2cf3dc"),
    (
        "sha256=kept whole, spaces too ",
        "0001767268800",
        "{}",
        "85bf843182ffc6ce1f3c0570fcecbcef0849d6ec29585a31a10aefd10cae75f7",
    ),
    (
        "a secret of more than sixty-four bytes, which HMAC hashes before it is used as a key",
        "1767268800",
        "{}",
        "5d3b1349c92b07b6dbb1fcbbbdec9cdbfd5d49eb071e8189a1dd7ad9b9ce46bb",
    ),
];

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

fn delivery(timestamp: &str, signature: &str, body: &str) -> Delivery {
    let mut headers = HeaderMap::new();
    headers.insert(TIMESTAMP_HEADER, timestamp.parse().unwrap());
    headers.insert(SIGNATURE_HEADER, signature.parse().unwrap());
    Delivery::new(headers, body.to_owned())
}

#[test]
fn the_vectors_of_rfc_4231_hold_and_a_shortened_tag_does_not() {
    let counted: Vec<u8> = (1..=25).collect();
    for (key, message, tag) in [
        (&[0x0b; 20][..], &b"Hi There"[..], "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
        (b"Jefe", b"what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
        (&[0xaa; 20], &[0xdd; 50], "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
        (&counted, &[0xcd; 50], "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"),
        (
            &[0xaa; 131],
            b"Test Using Larger Than Block-Size Key - Hash Key First",
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
        ),
    ] {
        let secret = Secret::new(key);
        let tag: Vec<u8> = (0..64).step_by(2).map(|at| u8::from_str_radix(&tag[at..at + 2], 16).unwrap()).collect();
        assert!(secret.authenticates(message, &tag));
        for length in 0..tag.len() {
            assert!(!secret.authenticates(message, &tag[..length]), "the first {length} bytes pass");
            let mut wrong = tag.clone();
            wrong[length] ^= 1;
            assert!(!secret.authenticates(message, &wrong));
        }
        assert!(!secret.authenticates(message, &[&tag[..], &[0]].concat()));
    }
}

#[test]
fn the_vectors_hold_in_every_header_form() {
    for (secret, timestamp, body, mac) in VECTORS {
        assert_eq!(Signer::new(secret).sign(timestamp, body.as_bytes()), format!("sha256={mac}"));
        let upper = mac.to_uppercase();
        for signature in [mac, &upper, &format!("sha256={mac}"), &format!("sha256={upper}")] {
            let payload = Verifier::new([secret]).verify(delivery(timestamp, signature, body), at(1767268800)).unwrap();
            assert_eq!(payload.body(), body.as_bytes());
        }
    }
}

#[test]
fn openssl_agrees_with_the_signer() {
    let body = "an odd body: \u{1F4DE}\r\n\t\"";
    let output = Command::new("sh")
        .args(["-c", r#"printf '%s' "$MESSAGE" | openssl dgst -sha256 -hmac "$SECRET""#])
        .env("MESSAGE", format!("1767268800.{body}"))
        .env("SECRET", SECRET)
        .output()
        .expect("openssl is installed");
    let printed = String::from_utf8(output.stdout).unwrap();
    let mac = printed.trim().rsplit(' ').next().unwrap();
    assert_eq!(Signer::new(SECRET).sign("1767268800", body.as_bytes()), format!("sha256={mac}"));
}

#[test]
fn any_of_several_secrets_will_do() {
    let (secret, timestamp, body, mac) = VECTORS[0];
    let verify = |secrets: &[&str]| {
        let payload = Verifier::new(secrets.iter().copied()).verify(delivery(timestamp, mac, body), at(1767268800))?;
        assert_eq!(payload.body(), body.as_bytes());
        Ok(payload.key().map(str::to_owned))
    };
    assert_eq!(verify(&[secret, "old"]), Ok(Some("current".into())));
    assert_eq!(verify(&["new", secret]), Ok(Some("previous".into())));
    assert_eq!(verify(&["new", "old", secret]), Ok(Some("secret-3".into())));
    assert_eq!(verify(&["new", "old"]), Err(VerifyError::WrongSignature));
}

#[test]
fn a_timestamp_may_be_300_seconds_away_and_no_more() {
    let (secret, timestamp, body, mac) = VECTORS[0];
    let verify = |verifier: Verifier, now| verifier.verify(delivery(timestamp, mac, body), now).map(|_| ());
    let sent = 1767268800;
    let usual = || Verifier::new([secret]);
    assert_eq!(verify(usual(), at(sent + 300)), Ok(()));
    assert_eq!(verify(usual(), at(sent - 300)), Ok(()));
    assert_eq!(verify(usual(), at(sent + 301)), Err(VerifyError::TooOld { seconds: 301 }));
    assert_eq!(verify(usual(), at(sent - 301)), Err(VerifyError::InTheFuture { seconds: 301 }));
    assert_eq!(verify(usual(), UNIX_EPOCH - Duration::from_secs(9)), Err(VerifyError::InTheFuture { seconds: sent }));
    assert_eq!(
        verify(usual().tolerance(Duration::from_secs(10)), at(sent + 11)),
        Err(VerifyError::TooOld { seconds: 11 })
    );
    assert_eq!(verify(usual().tolerance(Duration::MAX), at(4_000_000_000)), Ok(()));
}

#[test]
fn the_largest_timestamp_is_in_the_future_and_no_overflow() {
    let body = "{}";
    let timestamp = u64::MAX.to_string();
    let signature = Signer::new(SECRET).sign(&timestamp, body.as_bytes());
    let verify = |verifier: Verifier| verifier.verify(delivery(&timestamp, &signature, body), at(1)).map(|_| ());
    assert_eq!(verify(Verifier::new([SECRET])), Err(VerifyError::InTheFuture { seconds: u64::MAX - 1 }));
    assert_eq!(verify(Verifier::new([SECRET]).tolerance(Duration::MAX)), Ok(()));
}

/// Signed as they are, so that nothing but their form is wrong.
#[test]
fn a_timestamp_is_digits_and_nothing_else() {
    let verifier = Verifier::new([SECRET]);
    for timestamp in ["+1767268800", "-1767268800", " 1767268800", "1767268800.0", "1_767_268_800", "1767268800s", ""] {
        let signature = hmac(SECRET, format!("{timestamp}.{{}}").as_bytes());
        let error = verifier.verify(delivery(timestamp, &signature, "{}"), at(1_767_268_800)).unwrap_err();
        assert_eq!(error, VerifyError::MalformedTimestamp, "{timestamp:?}");
    }
}

/// Also where what is missing would be zeros.
#[test]
fn a_shortened_signature_is_none() {
    let signed = |number: u32| (number.to_string(), hmac(SECRET, format!("1767268800.{number}").as_bytes()));
    let (body, signature) = (0..).map(signed).find(|(_, signature)| signature.ends_with("00")).unwrap();
    let verify =
        |signature: &str| Verifier::new([SECRET]).verify(delivery("1767268800", signature, &body), at(1_767_268_800));
    assert!(verify(&signature).is_ok());
    for length in [62, 63, 32, 2] {
        assert_eq!(verify(&signature[..length]).unwrap_err(), VerifyError::MalformedSignature, "{length} digits");
    }
    assert_eq!(verify(&format!("{signature}00")).unwrap_err(), VerifyError::MalformedSignature);
}

/// Two spellings of one signature are enough: some decoders take a prefix off, or blanks.
#[test]
fn digits_with_anything_around_them_are_no_signature() {
    let (secret, timestamp, body, mac) = VECTORS[0];
    for odd in [
        format!("0x{mac}"),
        format!("0X{mac}"),
        format!("0x{}", &mac[2..]),
        format!("0x{}", &mac[..62]),
        format!("sha256=0x{mac}"),
        format!("sha256=0x{}", &mac[2..]),
        format!("sha256={mac} "),
        format!("sha256= {mac}"),
        format!("sha256=sha256={mac}"),
        mac.replace(&mac[10..11], "g"),
    ] {
        let verified = Verifier::new([secret]).verify(delivery(timestamp, &odd, body), at(1_767_268_800));
        assert_eq!(verified.unwrap_err(), VerifyError::MalformedSignature, "{odd:?}");
    }
}

#[test]
fn unsigned_deliveries_pass_where_allowed_and_wrong_ones_nowhere() {
    let verifier = || Verifier::new([SECRET]).allow_unsigned();
    let unsigned = || Delivery::new(HeaderMap::new(), "{}");
    assert!(verifier().verify(unsigned(), at(1)).is_ok());
    assert!(verifier().verify(delivery("1", "", "{}"), at(1)).is_ok(), "an empty signature is none");
    let wrong = delivery("1", &"0".repeat(64), "{}");
    assert_eq!(verifier().verify(wrong, at(1)).map(|_| ()), Err(VerifyError::WrongSignature));
    assert_eq!(Verifier::new([SECRET]).verify(unsigned(), at(1)).map(|_| ()), Err(VerifyError::NoSignature));
}

#[test]
fn a_secret_shows_nothing_of_itself() {
    let shown = format!("{:?} {:?} {:?}", Secret::new(SECRET), Signer::new(SECRET), Verifier::new([SECRET]));
    assert!(!shown.contains("demo"), "{shown}");
}

#[tokio::test]
async fn an_app_takes_every_secret_it_is_given() {
    /// Say hello.
    #[tool]
    async fn hello() -> &'static str {
        "hello"
    }

    let app = App::new().tools(tools![hello]).secret("another").signature_tolerance(Duration::MAX);
    let server = Server::start(app).await;
    let body = tool_calls(&[("hello", "{}")]);
    for secret in [SECRET, "another"] {
        // An hour old, which the setting above allows.
        let timestamp = (crate::support::now() - 3600).to_string();
        let headers = crate::support::signature_headers(secret, &timestamp, body.as_bytes());
        assert_eq!(server.exchange(request_with(&headers, body.as_bytes())).await.status, 200, "{secret}");
    }
}
