//! Tools that ended as none should, for those who ask to be told.

use tokio::sync::mpsc::UnboundedSender;

/// How a tool ended that should have ended otherwise.
#[derive(Debug)]
pub(crate) enum Mishap {
    Panic(String),
    Late,
}

/// Who is told; nobody, as a rule.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mishaps(Option<UnboundedSender<Mishap>>);

impl Mishaps {
    pub(crate) fn told_to(sender: UnboundedSender<Mishap>) -> Self {
        Self(Some(sender))
    }

    pub(crate) fn note(&self, mishap: Mishap) {
        if let Some(sender) = &self.0 {
            // Whoever asked for them may have stopped to listen.
            let _ = sender.send(mishap);
        }
    }
}
