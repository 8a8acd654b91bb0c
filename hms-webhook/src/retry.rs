//! How often something is tried, and how long is waited in between.

use std::time::Duration;

/// When an event that failed is tried again.
///
/// The wait doubles from try to try, up to the longest one, and what is really waited is a random part of it ("full jitter"),
/// so that what failed together does not come back together.
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// The first try included.
    pub(crate) tries: u32,
    pub(crate) first: Duration,
    pub(crate) longest: Duration,
}

impl RetryPolicy {
    /// Twelve tries, with waits of up to 1 s, 2 s, 4 s, … and 1 h at most.
    pub const DEFAULT: Self = Self::new(12, 1000, 3_600_000);

    pub const fn new(tries: u32, first_millis: u64, longest_millis: u64) -> Self {
        Self { tries, first: Duration::from_millis(first_millis), longest: Duration::from_millis(longest_millis) }
    }

    /// The wait after the `attempt`-th try has failed; `None` after the last one.
    pub(crate) fn wait(&self, attempt: u32) -> Option<Duration> {
        (attempt < self.tries).then(|| self.ceiling(attempt).mul_f64(fastrand::f64()))
    }

    fn ceiling(&self, attempt: u32) -> Duration {
        self.first.saturating_mul(1 << attempt.saturating_sub(1).min(30)).min(self.longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_up_to_the_longest_and_end() {
        let policy = RetryPolicy::DEFAULT;
        let seconds: Vec<u64> = (1..=13).map(|attempt| policy.ceiling(attempt).as_secs()).collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 3600]);
        assert!(policy.wait(11).is_some() && policy.wait(12).is_none());
        assert_eq!(RetryPolicy::new(1, 1000, 1000).wait(1), None);
        assert!(RetryPolicy::new(u32::MAX, 1, 5).ceiling(u32::MAX) <= Duration::from_millis(5));
    }

    #[test]
    fn waits_are_spread() {
        let waits: Vec<_> = (0..200).filter_map(|_| RetryPolicy::DEFAULT.wait(5)).collect();
        assert!(waits.iter().all(|wait| *wait <= Duration::from_secs(16)));
        assert!(waits.iter().any(|wait| *wait < Duration::from_secs(4)));
        assert!(waits.iter().any(|wait| *wait > Duration::from_secs(12)));
    }
}
