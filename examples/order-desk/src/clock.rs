//! The time, as something that a test can set.

use jiff::{ZonedDateTime, civil::DateTime};

/// Tells the time where the shop is.
#[derive(Debug, Clone, Copy)]
pub enum Clock {
    /// This machine's clock and time zone.
    System,
    /// Always the same moment, for tests.
    Fixed(DateTime),
}

impl Clock {
    /// What time it is.
    pub fn now(&self) -> DateTime {
        match self {
            Self::System => ZonedDateTime::now().datetime(),
            Self::Fixed(moment) => *moment,
        }
    }
}
