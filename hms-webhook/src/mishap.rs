//! Tools that ended as none should, for those who ask to be told.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// How a tool ended that should have ended otherwise.
#[derive(Debug, Clone)]
pub(crate) enum Mishap {
    Panic(String),
    Late,
    /// Of a background tool, whose failure no answer tells: what caused it.
    Failed(String),
    /// The same of one that would fail again: why.
    Refused(String),
}

impl fmt::Display for Mishap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Panic(text) => write!(f, "it panicked: {text}"),
            Self::Late => f.write_str("it was not done at its deadline"),
            Self::Failed(cause) => f.write_str(cause),
            Self::Refused(reason) => f.write_str(reason),
        }
    }
}

/// Who is told of the one tool call that is made in a phone call; nobody, as a rule.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mishaps(Option<Arc<Mutex<Expected>>>);

/// The id of the phone call, and who is told, until the tool begins.
type Expected = Option<(String, UnboundedSender<Mishap>)>;

impl Mishaps {
    /// For somebody who will [`expect`](Self::expect) calls.
    pub(crate) fn told() -> Self {
        Self(Some(Arc::default()))
    }

    /// The mishaps of the tool's first run in this phone call, which end when that has ended. The call that was expected
    /// before is not any more.
    pub(crate) fn expect(&self, call_id: &str) -> UnboundedReceiver<Mishap> {
        let (sender, receiver) = unbounded_channel();
        self.set(Some((call_id.to_owned(), sender)));
        receiver
    }

    /// A tool that has not begun will not begin.
    pub(crate) fn expect_nothing(&self) {
        self.set(None);
    }

    fn set(&self, expected: Expected) {
        if let Some(current) = &self.0 {
            // Nothing panics while it holds the lock.
            *current.lock().unwrap_or_else(PoisonError::into_inner) = expected;
        }
    }

    /// For a tool that begins in this phone call, to keep until it has ended.
    pub(crate) fn of(&self, call_id: &str) -> Teller {
        let Some(expected) = &self.0 else { return Teller(None) };
        let mut expected = expected.lock().unwrap_or_else(PoisonError::into_inner);
        Teller(expected.take_if(|(id, _)| id == call_id).map(|(_, sender)| sender))
    }
}

/// Tells of one run of a tool.
#[derive(Debug)]
pub(crate) struct Teller(Option<UnboundedSender<Mishap>>);

impl Teller {
    pub(crate) fn note(&self, mishap: &Mishap) {
        if let Some(sender) = &self.0 {
            // Whoever asked for them may have stopped to listen.
            let _ = sender.send(mishap.clone());
        }
    }
}
