//! Reads lines of JSON like `{"key":"6b","msg":"6d","tag":"…"}`, all values hexadecimal, from standard input and
//! answers each with `valid` or `invalid`, as the HMAC check of `hms-webhook` decides. A line that cannot be read is
//! `invalid`.

use std::io::{self, BufRead, Write};

use hms_webhook::signature::Secret;
use serde::Deserialize;

#[derive(Deserialize)]
struct Line {
    key: String,
    msg: String,
    tag: String,
}

fn main() -> io::Result<()> {
    let mut output = io::stdout().lock();
    for line in io::stdin().lock().split(b'\n') {
        let word = if is_valid(&line?).unwrap_or(false) { "valid" } else { "invalid" };
        writeln!(output, "{word}")?;
    }
    Ok(())
}

/// `None` when the line cannot be read.
fn is_valid(line: &[u8]) -> Option<bool> {
    let line: Line = serde_json::from_slice(line).ok()?;
    let bytes = |text: &str| base16ct::mixed::decode_vec(text).ok();
    Some(Secret::new(bytes(&line.key)?).authenticates(&bytes(&line.msg)?, &bytes(&line.tag)?))
}

#[cfg(test)]
mod tests {
    use super::is_valid;

    /// Key `6b6579` ("key"), message `6d7367` ("msg"); the tag is what `openssl dgst -sha256 -hmac key` says.
    const TAG: &str = "2d93cbc1be167bcb1637a4a23cbff01a7878f0c50ee833954ea5221bb1b8c628";

    fn check(tag: &str) -> Option<bool> {
        is_valid(format!(r#"{{"key":"6b6579","msg":"6d7367","tag":"{tag}"}}"#).as_bytes())
    }

    #[test]
    fn only_the_whole_tag_is_valid() {
        assert_eq!(check(TAG), Some(true));
        assert_eq!(check(&TAG.to_uppercase()), Some(true));
        assert_eq!(check(&TAG[..32]), Some(false), "half a tag");
        assert_eq!(check(""), Some(false), "no tag");
        assert_eq!(check(&format!("{TAG}00")), Some(false), "a longer tag");
        assert_eq!(check(&TAG.replace('a', "b")), Some(false), "another tag");
    }

    #[test]
    fn a_line_that_cannot_be_read_is_no_tag() {
        for line in ["", "{}", "[]", "no json", r#"{"key":"6","msg":"","tag":""}"#, r#"{"key":"zz","msg":"","tag":""}"#]
        {
            assert_eq!(is_valid(line.as_bytes()), None, "{line}");
        }
    }
}
