//! Properties that hold for whatever comes.

use std::time::{Duration, UNIX_EPOCH};

use hms_webhook::{
    App,
    signature::{Delivery, SIGNATURE_HEADER, TIMESTAMP_HEADER, Verifier},
    testing::TestPlatform,
    tool, tools,
};
use http::HeaderMap;
use proptest::prelude::*;
use serde_json::Value;

use crate::support::{hmac, message, tool_calls};

/// Take many things.
#[tool]
async fn many(
    /// A text.
    text: String,
    /// A number.
    number: Option<i64>,
    /// Some flags.
    flags: Option<Vec<bool>>,
) -> Value {
    serde_json::json!({ "text": text, "number": number, "flags": flags })
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// Hex digits with one thing changed, or not.
fn tampered(mac: String) -> impl Strategy<Value = String> {
    let length = mac.len();
    let (same, upper, prefixed, cut, flipped) =
        (mac.clone(), mac.to_uppercase(), format!("sha256={mac}"), mac.clone(), mac);
    prop_oneof![
        Just(same),
        Just(upper),
        Just(prefixed),
        (0..length).prop_map(move |end| cut[..end].to_owned()),
        (0..length, "[0-9a-fA-F]").prop_map(move |(at, digit)| {
            let mut changed = flipped.clone();
            changed.replace_range(at..=at, &digit);
            changed
        }),
    ]
}

proptest! {
    #[test]
    fn verify_accepts_exactly_what_an_independent_mac_accepts(
        (secret, body, timestamp, signature) in
            ("[ -~]{1,100}", prop::collection::vec(any::<u8>(), 0..300), 0..4_000_000_000_u64).prop_flat_map(|(secret, body, timestamp)| {
                let mac = hmac(&secret, &[timestamp.to_string().as_bytes(), b".", &body].concat());
                (Just(secret), Just(body), Just(timestamp), tampered(mac))
            }),
        drift in -310_i64..310,
    ) {
        let mac = hmac(&secret, &[timestamp.to_string().as_bytes(), b".", &body].concat());
        let stated = signature.strip_prefix("sha256=").unwrap_or(&signature);
        let Some(now) = timestamp.checked_add_signed(drift) else { return Ok(()) };
        let expected = stated.eq_ignore_ascii_case(&mac) && drift.abs() <= 300;

        let mut headers = HeaderMap::new();
        headers.insert(TIMESTAMP_HEADER, timestamp.to_string().parse().unwrap());
        headers.insert(SIGNATURE_HEADER, signature.parse().unwrap());
        let verified = Verifier::new([secret.as_str()]).verify(Delivery::new(headers, body), UNIX_EPOCH + Duration::from_secs(now));
        prop_assert_eq!(verified.is_ok(), expected);
    }

    #[test]
    fn any_bytes_as_a_body_are_answered_below_500(body in prop::collection::vec(any::<u8>(), 0..300)) {
        let answer = block_on(async {
            TestPlatform::new(App::new().tools(tools![many])).unwrap().deliver(body).await
        });
        prop_assert_eq!(answer.status, 400);
    }

    #[test]
    fn any_change_to_an_event_is_answered_below_500(
        at in any::<prop::sample::Index>(), removed in 0..5_usize, inserted in "\\PC{0,5}", which in 0..4_usize,
    ) {
        let mut body = match which {
            0 => tool_calls(&[("many", r#"{"text":"a","number":"12","flags":[true,"false"]}"#)]),
            1 => message("status-update", r#","error":"lost""#),
            2 => message("end-of-call-report", r#","duration_seconds":12,"messages":[{"role":"user","content":"hi"}]"#),
            _ => message("assistant-request", r#","customer":{"number":null}"#),
        };
        let start = at.index(body.len());
        let end = (start + removed).min(body.len());
        body.replace_range(start..end, &inserted);
        let answer = block_on(async {
            TestPlatform::new(App::new().tools(tools![many])).unwrap().deliver(body.clone()).await
        });
        prop_assert!(answer.status.as_u16() < 500, "{} for {body}", answer.status);
    }

    #[test]
    fn coercion_never_loses(text in any::<String>(), number in any::<i64>(), flags in any::<Vec<bool>>()) {
        let direct = serde_json::json!({ "text": text, "number": number, "flags": flags });
        let as_texts = serde_json::json!({
            "text": text,
            "number": number.to_string(),
            "flags": serde_json::to_string(&flags).unwrap(),
        });
        let whole_as_text = Value::String(direct.to_string());
        for arguments in [direct.clone(), as_texts, whole_as_text] {
            let reply = block_on(async {
                TestPlatform::new(App::new().tools(tools![many])).unwrap().call_tool("many", &arguments).await
            });
            prop_assert_eq!(reply.value(), &direct);
        }
    }

    #[test]
    fn a_number_is_an_integer_exactly_when_it_loses_nothing(number in prop_oneof![any::<f64>(), (-1e6..1e6_f64).prop_map(f64::round)]) {
        let reply = block_on(async {
            let platform = TestPlatform::new(App::new().tools(tools![many])).unwrap();
            platform.call_tool("many", serde_json::json!({ "text": "", "number": number })).await
        });
        let exact = number.is_finite() && number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0;
        match reply["number"].as_i64() {
            Some(read) => prop_assert_eq!(read as f64, number),
            None if number.is_finite() => prop_assert!(!exact, "{number} was refused: {reply}"),
            None => {}
        }
    }
}
