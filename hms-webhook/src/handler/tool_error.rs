//! What a tool fails with: a text for the model, and a cause for the log.

use std::{borrow::Cow, error::Error, fmt};

use crate::error::chain;

/// Why a tool could not do what it was asked for.
///
/// It has two texts. What the *model* hears is either a sentence of yours ([`ToolError::tell`]) or, for
/// every error that came in through `?`, a neutral one; what the *log* gets is the whole chain of causes.
///
/// ```
/// use hms_webhook::ToolError;
///
/// fn stock(text: &str) -> Result<u32, ToolError> {
///     let pieces: u32 = text.parse()?; // the model hears a neutral sentence, the log the cause
///     if pieces == 0 {
///         return Err(ToolError::tell("that article is sold out"));
///     }
///     Ok(pieces)
/// }
///
/// assert_eq!(stock("0").unwrap_err().told(), "that article is sold out");
/// assert!(!stock("many").unwrap_err().told().contains("invalid digit"));
/// ```
pub struct ToolError {
    told: Cow<'static, str>,
    cause: Option<Box<dyn Error + Send + Sync>>,
    kind: ToolErrorKind,
}

/// What sort of failure this is; decides how loudly it is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ToolErrorKind {
    /// The tool's own answer to the model.
    Told,
    /// The arguments were not what the tool takes.
    Arguments,
    /// Something broke.
    Internal,
}

/// What the model hears of an error that is none of its business.
pub(crate) const NEUTRAL: &str =
    "the tool failed for an internal reason; tell the caller that this cannot be done right now";

impl ToolError {
    /// An error whose text the model hears as it is. Write it for the model: what is wrong and what it may do instead.
    pub fn tell(text: impl Into<Cow<'static, str>>) -> Self {
        Self { told: text.into(), cause: None, kind: ToolErrorKind::Told }
    }

    /// An error whose cause goes to the log; the model hears a neutral sentence.
    ///
    /// `?` does this by itself for every [`std::error::Error`]. This function also takes what only
    /// converts into one: `anyhow::Error`, `Box<dyn Error + Send + Sync>`, `String`, `&str`.
    pub fn internal(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        match cause.into().downcast::<Carried>() {
            Ok(carried) => carried.0,
            Err(cause) => Self { told: NEUTRAL.into(), cause: Some(cause), kind: ToolErrorKind::Internal },
        }
    }

    /// Adds what the log shall say about an error that the model is told.
    #[must_use]
    pub fn because(mut self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// What the model hears.
    pub fn told(&self) -> &str {
        &self.told
    }

    pub(crate) fn arguments(faults: String) -> Self {
        Self { told: faults.into(), cause: None, kind: ToolErrorKind::Arguments }
    }

    pub(crate) fn kind(&self) -> ToolErrorKind {
        self.kind
    }

    /// The chain of causes for the log, outermost first; empty where there is none.
    pub(crate) fn causes(&self) -> String {
        self.cause.as_deref().map(|cause| chain(cause)).unwrap_or_default()
    }
}

impl fmt::Debug for ToolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ToolError").field("told", &self.told).field("cause", &self.cause).finish()
    }
}

/// What the model hears.
impl fmt::Display for ToolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.told)
    }
}

// `ToolError` is deliberately no `std::error::Error`: that is what lets `?` turn every other error into one.
impl<E: Error + Send + Sync + 'static> From<E> for ToolError {
    fn from(cause: E) -> Self {
        Self::internal(cause)
    }
}

/// A `ToolError` on its way through a boxed error, so that it arrives as what it was.
struct Carried(ToolError);

impl fmt::Debug for Carried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Carried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for Carried {}

impl From<ToolError> for Box<dyn Error + Send + Sync> {
    fn from(error: ToolError) -> Self {
        Box::new(Carried(error))
    }
}
