//! What is answered to the platform.

/// The answer to an assistant-request.
#[derive(Debug, Clone, serde::Serialize)]
pub struct AssistantReply {}
impl AssistantReply {
    /// a
    pub fn saved() -> Self {
        Self {}
    }
    /// a
    pub fn from_json(_: &[u8]) -> Result<Self, String> {
        Ok(Self {})
    }
}
