//! What can go wrong before a server answers, or while it stops.

use std::{borrow::Cow, error, fmt};

/// Why a program could not start or go on: any error, for `main` to return.
///
/// Every [`std::error::Error`] becomes one through `?`. `main` prints its `Debug` form, which is therefore the text
/// for people. It is no `std::error::Error` itself, as that would rule out the conversion; where one is needed,
/// it converts into a `Box<dyn std::error::Error + Send + Sync>`.
pub struct Error(Box<dyn error::Error + Send + Sync>);

/// `Result` with [`Error`] unless another error is named.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// The error inside, for example to downcast it.
    pub fn into_inner(self) -> Box<dyn error::Error + Send + Sync> {
        self.0
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&chain(&*self.0))
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<E: error::Error + Send + Sync + 'static> From<E> for Error {
    fn from(error: E) -> Self {
        Self(Box::new(error))
    }
}

impl From<Error> for Box<dyn error::Error + Send + Sync> {
    fn from(error: Error) -> Self {
        error.0
    }
}

impl From<Error> for Box<dyn error::Error> {
    fn from(error: Error) -> Self {
        error.0
    }
}

/// Everything that keeps an app from starting, or its tools from being described in a form; found before the port is bound.
#[derive(Clone, PartialEq, Eq)]
pub struct StartupError {
    what: Cow<'static, str>,
    problems: Vec<String>,
}

impl StartupError {
    pub(crate) fn check(problems: Vec<String>) -> Result<(), Self> {
        Self::check_that("this app cannot start", problems)
    }

    /// `what` is said of the problems, if there are any.
    pub(crate) fn check_that(what: impl Into<Cow<'static, str>>, problems: Vec<String>) -> Result<(), Self> {
        if problems.is_empty() { Ok(()) } else { Err(Self { what: what.into(), problems }) }
    }

    /// One sentence for each problem: what is wrong, where, and what to do.
    pub fn problems(&self) -> &[String] {
        &self.problems
    }
}

impl fmt::Display for StartupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.what)?;
        self.problems.iter().try_for_each(|problem| write!(f, "\n  - {problem}"))
    }
}

/// The text for people, since `unwrap()` and `main` print this form.
impl fmt::Debug for StartupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl error::Error for StartupError {}

/// An error and what caused it, on one line.
pub(crate) fn chain(error: &(dyn error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
