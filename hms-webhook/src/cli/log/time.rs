//! The time of a line.

use std::{
    cell::RefCell,
    fmt::{self, Write as _},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// How much of the time is written, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Clock {
    /// `2026-01-13T12:00:00.000000Z`
    Whole,
    /// `12:00:00.000Z`, for those who watch.
    Day,
    /// `12:00:00Z`, where there is little room.
    Seconds,
}

/// Writes the time that it is.
pub(super) fn write_time(line: &mut impl fmt::Write, clock: Clock) -> fmt::Result {
    write_time_at(line, SystemTime::now(), clock)
}

/// Writes a time. All but the part of its second is made once a second.
pub(super) fn write_time_at(line: &mut impl fmt::Write, time: SystemTime, clock: Clock) -> fmt::Result {
    /// As far as the seconds: `2026-01-13T12:00:00`.
    const LENGTH: usize = 19;
    const DATE: usize = "2026-01-13T".len();
    thread_local! {
        static SECOND: RefCell<(u64, String)> = const { RefCell::new((0, String::new())) };
    }
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    SECOND.with_borrow_mut(|(second, text)| {
        if *second != since.as_secs() || text.is_empty() {
            text.clear();
            let whole = UNIX_EPOCH + Duration::from_secs(since.as_secs());
            write!(text, "{}", humantime::format_rfc3339_seconds(whole))?;
            text.truncate(LENGTH);
            *second = since.as_secs();
        }
        line.write_str(match clock {
            Clock::Whole => text,
            Clock::Day | Clock::Seconds => text.get(DATE..).unwrap_or_default(),
        })
    })?;
    if clock == Clock::Seconds {
        return line.write_char('Z');
    }
    let mut digits = *b".000000Z";
    let mut rest = since.subsec_micros();
    for digit in digits[1..7].iter_mut().rev() {
        *digit += (rest % 10) as u8;
        rest /= 10;
    }
    if clock == Clock::Day {
        digits[4] = b'Z';
    }
    let length = if clock == Clock::Day { 5 } else { 8 };
    line.write_str(std::str::from_utf8(&digits[..length]).unwrap_or_default())
}
