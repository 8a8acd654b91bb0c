//! The time, as something that a test can set.

use jiff::Zoned;

/// Tells the time.
#[derive(Debug, Clone)]
pub enum Clock {
    /// This machine's clock and time zone.
    System,
    /// Always the same moment, for tests.
    Fixed(Zoned),
}

impl Clock {
    /// What time it is.
    pub fn now(&self) -> Zoned {
        match self {
            Self::System => Zoned::now(),
            Self::Fixed(moment) => moment.clone(),
        }
    }
}
