//! Text that was cut in the middle of a character.
//!
//! JSON may escape a character beyond U+FFFF as two halves. A sender that counts in UTF-16 and shortens a text can
//! leave one half behind, and some encoders write that half as `\ud83d`. It stands for no character, so a strict
//! reader refuses the whole body; a report should not be lost for that, so a lone half becomes U+FFFD.

use bytes::{Bytes, BytesMut};

/// The body with every lone half of a character replaced; the same bytes where there is none.
///
/// ```text
/// "good \ud83d"         ->  "good \ufffd"
/// "good \ud83d\ude00"   ->  the same
/// ```
pub(super) fn repaired(body: &Bytes) -> Bytes {
    let mut repaired: Option<BytesMut> = None;
    let mut at = 0;
    while let Some(distance) = body.get(at..).and_then(|rest| memchr::memchr(b'\\', rest)) {
        at += distance;
        at += match escape(body, at) {
            Some(0xD800..=0xDBFF) if matches!(escape(body, at + 6), Some(0xDC00..=0xDFFF)) => 12,
            Some(0xD800..=0xDFFF) => {
                let repaired = repaired.get_or_insert_with(|| BytesMut::from(&**body));
                repaired[at..at + 6].copy_from_slice(b"\\ufffd");
                6
            }
            // Past the escaped byte, so that `\\u` is not taken for an escape.
            _ => 2,
        };
    }
    repaired.map_or_else(|| body.clone(), BytesMut::freeze)
}

/// The code of a `\uXXXX` that begins at `at`.
fn escape(body: &[u8], at: usize) -> Option<u16> {
    let digits = body.get(at..at + 6)?.strip_prefix(b"\\u")?;
    let digits =
        std::str::from_utf8(digits).ok().filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    u16::from_str_radix(digits, 16).ok()
}
