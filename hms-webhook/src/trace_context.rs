//! The trace that a delivery belongs to, as the headers `traceparent` and `tracestate` of the W3C Recommendation
//! "Trace Context" say it.
//!
//! Reading is strict, as the Recommendation asks: what is not right in every detail was not sent.

mod state;

use std::fmt;

use http::{HeaderMap, HeaderName};

use crate::header_lines::{Said, said};

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// The length of a `traceparent` of version `00`.
const LENGTH: usize = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".len();

/// A place in a trace: hand it on with requests of your own, and they are seen as a part of the phone call.
///
/// [`Call::trace_context`](crate::Call::trace_context) gives it to a handler.
///
/// ```
/// use hms_webhook::{Call, TraceContext};
///
/// /// The headers of a request to another service.
/// fn headers(call: &Call) -> Vec<(&'static str, String)> {
///     let Some(trace) = call.trace_context() else { return Vec::new() };
///     let state = trace.tracestate().map(|state| ("tracestate", state.to_owned()));
///     [("traceparent", trace.traceparent())].into_iter().chain(state).collect()
/// }
///
/// let trace = TraceContext::parse("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01").unwrap();
/// let call = Call::example("call-1").with_trace_context(trace);
/// assert_eq!(headers(&call)[0].1, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceContext {
    trace_id: u128,
    parent_id: u64,
    sampled: bool,
    state: Option<Box<str>>,
}

impl TraceContext {
    /// Reads the text of a `traceparent`. `None` where it is not valid.
    pub fn parse(traceparent: &str) -> Option<Self> {
        Self::read_parent(traceparent.as_bytes())
    }

    /// The same context with the text of a `tracestate`, or without one where the text is not valid.
    #[must_use]
    pub fn with_tracestate(mut self, tracestate: &str) -> Self {
        self.state = state::tracestate(std::iter::once(tracestate.as_bytes()));
        self
    }

    /// Reads the headers of a request. Without `traceparent`, with several or with one that is not valid there is no
    /// context; then `tracestate` is not looked at. A `tracestate` that is not valid is left out.
    pub(crate) fn from_headers(headers: &HeaderMap) -> Option<Self> {
        let [Said::Once(value)] = said(headers, [&TRACEPARENT]) else { return None };
        let parent = Self::read_parent(value)?;
        Some(Self {
            state: state::tracestate(headers.get_all(TRACESTATE).iter().map(|line| line.as_bytes())),
            ..parent
        })
    }

    fn read_parent(text: &[u8]) -> Option<Self> {
        let version: u8 = hexadecimal(text.get(..2)?)?;
        // A later version may have more to say, after a further dash. What it begins with stays as it is.
        let is_whole = match version {
            0 => text.len() == LENGTH,
            0xff => false,
            _ => text.len() == LENGTH || text.get(LENGTH) == Some(&b'-'),
        };
        let dashes = [2, 35, 52].iter().all(|&place| text.get(place) == Some(&b'-'));
        if !is_whole || !dashes {
            return None;
        }
        let trace_id = hexadecimal(&text[3..35]).filter(|&id| id != 0)?;
        let parent_id = hexadecimal(&text[36..52]).filter(|&id| id != 0)?;
        let flags: u8 = hexadecimal(&text[53..55])?;
        Some(Self { trace_id, parent_id, sampled: flags & 1 == 1, state: None })
    }

    #[cfg(feature = "opentelemetry")]
    pub(crate) fn new(trace_id: u128, parent_id: u64, sampled: bool, state: String) -> Self {
        let state = Some(state).filter(|state| !state.is_empty()).map(String::into_boxed_str);
        Self { trace_id, parent_id, sampled, state }
    }

    /// The value of a header `traceparent`, in version `00`.
    pub fn traceparent(&self) -> String {
        self.to_string()
    }

    /// The value of a header `tracestate`: what the tracing systems on the way have noted for themselves. Hand it on as
    /// it is, and only together with [`traceparent`](Self::traceparent).
    pub fn tracestate(&self) -> Option<&str> {
        self.state.as_deref()
    }

    /// The id of the whole trace; never zero.
    pub fn trace_id(&self) -> u128 {
        self.trace_id
    }

    /// The id of the operation that a request with this context belongs to; never zero.
    pub fn parent_id(&self) -> u64 {
        self.parent_id
    }

    /// Whether the sender may have recorded its part of the trace.
    pub fn is_sampled(&self) -> bool {
        self.sampled
    }
}

/// As the value of a header `traceparent`. Of the flags it has the one that version `00` knows.
impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace_id, self.parent_id, u8::from(self.sampled))
    }
}

/// Lower-case hexadecimal digits, and nothing else.
fn hexadecimal<T: TryFrom<u128>>(digits: &[u8]) -> Option<T> {
    let number = digits.iter().try_fold(0_u128, |number, digit| {
        let value = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        Some(number << 4 | u128::from(value))
    })?;
    T::try_from(number).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const VALID: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn read(headers: &[(&'static str, &str)]) -> Option<TraceContext> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        TraceContext::from_headers(&map)
    }

    #[test]
    fn a_valid_parent_is_read_and_written() {
        let context = read(&[("traceparent", VALID)]).unwrap();
        assert_eq!(context.trace_id(), 0x0af7651916cd43dd8448eb211c80319c);
        assert_eq!(context.parent_id(), 0xb7ad6b7169203331);
        assert!(context.is_sampled());
        assert_eq!(context.traceparent(), VALID);
        assert_eq!(context.tracestate(), None);
    }

    #[test]
    fn flags_that_version_00_does_not_know_are_left_out() {
        for (flags, written) in [("00", "00"), ("02", "00"), ("ff", "01")] {
            let context = TraceContext::parse(&VALID.replace("-01", &format!("-{flags}"))).unwrap();
            assert!(context.traceparent().ends_with(&format!("-{written}")), "{flags}");
        }
    }

    #[test]
    fn a_later_version_is_read_as_far_as_it_is_known() {
        for text in [VALID.replacen("00", "cc", 1), format!("{}-what-comes-then", VALID.replacen("00", "01", 1))] {
            assert_eq!(TraceContext::parse(&text).unwrap().traceparent(), VALID, "{text}");
        }
        for text in [format!("{VALID}-more"), format!("{}more", VALID.replacen("00", "01", 1))] {
            assert_eq!(TraceContext::parse(&text), None, "{text}");
        }
    }

    #[test]
    fn what_is_not_valid_was_not_sent() {
        for text in [
            "",
            "00",
            &VALID[..54],
            &VALID.replacen("00", "ff", 1),
            &VALID.replacen("00", "0g", 1),
            &VALID.to_uppercase(),
            &VALID.replace('-', "_"),
            &VALID.replace("0af7651916cd43dd8448eb211c80319c", "00000000000000000000000000000000"),
            &VALID.replace("b7ad6b7169203331", "0000000000000000"),
            &VALID.replace("-01", "-0."),
            &format!(" {VALID}"),
            &format!("{VALID},{VALID}"),
        ] {
            assert_eq!(TraceContext::parse(text), None, "{text}");
        }
        assert_eq!(read(&[]), None);
        assert_eq!(read(&[("traceparent", VALID), ("traceparent", VALID)]), None, "which one?");
    }

    #[test]
    fn the_state_comes_with_a_valid_parent_only() {
        let with = |parent: &str, state: &[&str]| {
            let states = state.iter().map(|state| ("tracestate", *state));
            let headers: Vec<_> = [("traceparent", parent)].into_iter().chain(states).collect();
            read(&headers).map(|context| context.tracestate().map(str::to_owned))
        };
        assert_eq!(with(VALID, &["a=1"]), Some(Some("a=1".into())));
        assert_eq!(with(VALID, &["a=1", "b=2"]), Some(Some("a=1,b=2".into())), "lines are one list");
        assert_eq!(with(VALID, &["a=1,a=2"]), Some(None), "the parent counts nevertheless");
        assert_eq!(with("00", &["a=1"]), None);
    }
}
