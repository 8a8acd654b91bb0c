//! What is answered to the platform.

/// The answer to an assistant-request.
#[derive(Debug, Clone)]
pub struct AssistantReply;
