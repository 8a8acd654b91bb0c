//! What a request says in its headers, each of which should be there once.

use http::{HeaderMap, HeaderName};

/// What the lines of one header say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Said<'a> {
    #[default]
    Nothing,
    Once(&'a [u8]),
    /// Two lines would let the sender and us read different ones.
    Repeatedly,
}

/// Whether `name` is the `wanted` one. Most names differ in their lengths already.
pub(crate) fn same_name(name: &HeaderName, wanted: &HeaderName) -> bool {
    name.as_str().len() == wanted.as_str().len() && name == wanted
}

/// What `headers` say under each of `names`. A request has few headers: to look at all of them once takes less than to
/// hash the names.
pub(crate) fn said<'a, const N: usize>(headers: &'a HeaderMap, names: [&HeaderName; N]) -> [Said<'a>; N] {
    let mut said = [Said::Nothing; N];
    for (name, value) in headers {
        if let Some(place) = names.iter().position(|wanted| same_name(name, wanted)) {
            said[place] = match said[place] {
                Said::Nothing => Said::Once(value.as_bytes()),
                Said::Once(_) | Said::Repeatedly => Said::Repeatedly,
            };
        }
    }
    said
}
