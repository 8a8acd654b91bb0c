//! How deep a JSON text is nested, before anything follows it down.

/// Whether brackets are open in `json` more than `limit` at a time. What is no JSON may be counted wrongly; reading
/// it fails anyway.
pub(crate) fn is_deeper_than(limit: usize, json: &[u8]) -> bool {
    // Most bodies have fewer brackets than they may open at a time, which is counted in no time.
    if memchr::memchr2_iter(b'{', b'[', json).nth(limit).is_none() {
        return false;
    }
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(byte) = json.get(at) {
        at += 1;
        match byte {
            // Most of a long body is text.
            b'"' => at += text_length(&json[at..]),
            b'{' | b'[' => {
                depth += 1;
                if depth > limit {
                    return true;
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

/// How far it is behind the end of the text whose beginning is before `json`.
fn text_length(json: &[u8]) -> usize {
    // Most texts are names and words, for which setting up a search takes longer than looking.
    const SHORT: usize = 24;
    let mut at = 0;
    for byte in json.iter().take(SHORT) {
        match byte {
            b'"' => return at + 1,
            b'\\' => break,
            _ => at += 1,
        }
    }
    while let Some(distance) = json.get(at..).and_then(|rest| memchr::memchr2(b'"', b'\\', rest)) {
        at += distance;
        if json[at] == b'"' {
            return at + 1;
        }
        // Past the escaped byte.
        at += 2;
    }
    json.len()
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
