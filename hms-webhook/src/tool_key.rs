//! By what a repetition of a tool call is recognised.

use sha2::{Digest, Sha256};

use crate::event::ToolCall;

const PREFIX: &[u8] = b"tool ";
const DIGITS: usize = 32;

/// The digest of a tool call's ids, and of what is called: the protocol does not say that ids are never used again, and an
/// answer to other arguments would be a wrong one. Half of a SHA-256 tells apart what nobody tells apart on purpose.
///
/// It is as long for all of them, so that it needs no memory of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct ToolKey([u8; PREFIX.len() + DIGITS]);

impl ToolKey {
    pub(crate) fn new(call_id: &str, call: &ToolCall) -> Self {
        let mut digest = Sha256::new();
        // With their lengths, so that no part can be taken for the end of the one before it.
        for part in [call_id, &call.id, &call.name] {
            digest.update((part.len() as u64).to_le_bytes());
            digest.update(part);
        }
        digest.update(call.arguments.get().unwrap_or_default());
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
