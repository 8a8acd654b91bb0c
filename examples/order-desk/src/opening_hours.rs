//! When somebody answers.

use std::{error::Error, fmt, str::FromStr};

use jiff::civil::Time;

/// The hours of a day at which the desk takes calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpeningHours(Option<(Time, Time)>);

impl OpeningHours {
    /// Day and night.
    pub fn always() -> Self {
        Self(None)
    }

    /// Whether the desk is open at this time of the day.
    pub fn contain(&self, time: Time) -> bool {
        match self.0 {
            None => true,
            Some((from, until)) if from <= until => from <= time && time < until,
            // Past midnight, as in 18:00-02:00.
            Some((from, until)) => from <= time || time < until,
        }
    }
}

/// Reads the form `09:00-17:30`.
impl FromStr for OpeningHours {
    type Err = UnreadableHours;

    fn from_str(text: &str) -> Result<Self, UnreadableHours> {
        let time = |text: &str| Time::strptime("%H:%M", text.trim()).ok();
        let (from, until) = text.split_once('-').ok_or(UnreadableHours)?;
        Ok(Self(Some((time(from).ok_or(UnreadableHours)?, time(until).ok_or(UnreadableHours)?))))
    }
}

/// As they are spoken.
impl fmt::Display for OpeningHours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => f.write_str("day and night"),
            Some((from, until)) => write!(f, "from {} to {}", from.strftime("%H:%M"), until.strftime("%H:%M")),
        }
    }
}

/// A text that tells no opening hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnreadableHours;

impl fmt::Display for UnreadableHours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ORDER_DESK_HOURS cannot be read: write two times of the day, for example 09:00-17:30")
    }
}

impl Error for UnreadableHours {}

#[cfg(test)]
mod tests {
    use jiff::civil::time;

    use super::*;

    #[test]
    fn the_last_minute_is_excluded() {
        let hours: OpeningHours = "09:00-17:30".parse().unwrap();
        let open = [(8, 59), (9, 0), (17, 29), (17, 30)].map(|(hour, minute)| hours.contain(time(hour, minute, 0, 0)));
        assert_eq!(open, [false, true, true, false]);
        assert_eq!(hours.to_string(), "from 09:00 to 17:30");
    }

    #[test]
    fn hours_may_go_past_midnight() {
        let hours: OpeningHours = "18:00 - 02:00".parse().unwrap();
        let open = [(17, 59), (23, 0), (1, 59), (2, 0)].map(|(hour, minute)| hours.contain(time(hour, minute, 0, 0)));
        assert_eq!(open, [false, true, true, false]);
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "09:00", "nine to five", "09:00-25:00"] {
            assert_eq!(text.parse::<OpeningHours>(), Err(UnreadableHours), "{text}");
        }
    }
}
