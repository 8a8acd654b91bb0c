//! How deep a JSON text is nested, before anything follows it down.

/// Whether brackets are open in `json` more than `limit` at a time. What is no JSON may be counted wrongly; reading
/// it fails anyway.
pub(crate) fn is_deeper_than(limit: usize, json: &[u8]) -> bool {
    // Most bodies have fewer brackets than they may open at a time, which is counted in no time.
    if memchr::memchr2_iter(b'{', b'[', json).nth(limit).is_none() {
        return false;
    }
    let (mut depth, mut in_text, mut bytes) = (0_usize, false, json.iter());
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => in_text = !in_text,
            b'\\' if in_text => {
                bytes.next();
            }
            b'{' | b'[' if !in_text => {
                depth += 1;
                if depth > limit {
                    return true;
                }
            }
            b'}' | b']' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_open_at_a_time_counts() {
        assert!(!is_deeper_than(2, br#"{"a":[]}"#));
        assert!(is_deeper_than(1, br#"{"a":[]}"#));
        assert!(!is_deeper_than(2, br#"[[],[],[],{},{}]"#));
        assert!(is_deeper_than(2, br#"[[],[],[],{"a":{}}]"#));
    }

    #[test]
    fn brackets_in_texts_do_not_count() {
        assert!(!is_deeper_than(1, br#"["[[[[", "\"[[[[", "\\"]"#));
        assert!(is_deeper_than(1, br#"["\\", []]"#));
    }

    #[test]
    fn what_is_no_json_harms_nobody() {
        for text in ["]]]]]]", "\"", "\\", "\"\\", ""] {
            assert!(!is_deeper_than(1, text.as_bytes()));
        }
        assert!(is_deeper_than(64, "[".repeat(1_000_000).as_bytes()));
    }
}
