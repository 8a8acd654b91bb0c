//! By what a repetition of a tool call is recognised.

use std::hash::{Hash, Hasher};

use sha2::{Digest, Sha256};

use crate::{arguments::object_text, event::ToolCall};

const PREFIX: &[u8] = b"tool ";
const DIGITS: usize = 32;

/// The digest of a tool call's ids, and of what is called, whatever its blanks and in whichever of the protocol's ways the
/// arguments were sent (PROTOCOL.md §3.2): the protocol does not say that ids are never used again, and an
/// answer to other arguments would be a wrong one. Half of a SHA-256 tells apart what nobody tells apart on purpose.
///
/// It is as long for all of them, so that it needs no memory of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ToolKey([u8; PREFIX.len() + DIGITS]);

impl Hash for ToolKey {
    /// Half of the digest is enough to find a place.
    fn hash<H: Hasher>(&self, state: &mut H) {
        if let Some(digits) = self.0.last_chunk() {
            state.write_u128(u128::from_ne_bytes(*digits));
        }
    }
}

impl ToolKey {
    pub(crate) fn new(call_id: &str, call: &ToolCall) -> Self {
        let mut digest = Sha256::new();
        // With their lengths, so that no part can be taken for the end of the one before it.
        for part in [call_id, &call.id, &call.name] {
            digest.update((part.len() as u32).to_le_bytes());
            digest.update(part);
        }
        without_blanks(&object_text(&call.arguments), |part| digest.update(part));
        let mut key = [0; PREFIX.len() + DIGITS];
        let (prefix, digits) = key.split_at_mut(PREFIX.len());
        prefix.copy_from_slice(PREFIX);
        // Only a place of another length is refused.
        let _ = base16ct::lower::encode(&digest.finalize()[..DIGITS / 2], digits);
        Self(key)
    }

    pub(crate) fn as_str(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// Hands on the parts of a JSON text between its blanks. Who sends a call again may write it anew.
fn without_blanks(json: &str, mut part: impl FnMut(&[u8])) {
    if !json.bytes().any(is_blank) {
        return part(json.as_bytes());
    }
    let (mut start, mut in_string, mut is_escaped) = (0, false, false);
    for (index, byte) in json.bytes().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = in_string,
            b'"' => in_string = !in_string,
            byte if !in_string && is_blank(byte) => {
                part(&json.as_bytes()[start..index]);
                start = index + 1;
            }
            _ => {}
        }
    }
    part(&json.as_bytes()[start..]);
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}
