//! Log lines that strangers can cause, and how many of them are written.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// So many lines are written in a [`WINDOW`].
const LINES: u32 = 20;
const WINDOW: Duration = Duration::from_secs(10);

/// Lets through a few lines at a time and counts the others.
#[derive(Debug, Default)]
pub(crate) struct LogLimit(Mutex<Option<Window>>);

#[derive(Debug)]
struct Window {
    end: Instant,
    written: u32,
    left_out: u64,
}

impl LogLimit {
    /// Whether a line may be written at `now`; then how many were left out since the last one.
    pub(crate) fn line(&self, now: Instant) -> Option<u64> {
        let mut window = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let left_out = window.as_ref().map_or(0, |window| window.left_out);
        match &mut *window {
            Some(window) if now < window.end && window.written < LINES => {
                window.written += 1;
                window.left_out = 0;
            }
            Some(window) if now < window.end => {
                window.left_out += 1;
                return None;
            }
            other => *other = Some(Window { end: now + WINDOW, written: 1, left_out: 0 }),
        }
        Some(left_out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_counted_and_not_written() {
        let (limit, start) = (LogLimit::default(), Instant::now());
        let written: Vec<_> = (0..1000).filter_map(|_| limit.line(start)).collect();
        assert_eq!(written, [0; 20]);
        assert_eq!(limit.line(start + WINDOW), Some(980));
        assert_eq!(limit.line(start + WINDOW), Some(0));
    }
}
