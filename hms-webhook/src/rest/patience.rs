//! When a request is tried again, and after how long.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::{HeaderMap, header::RETRY_AFTER};

/// How often something is tried, and how long is waited in between.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// The first try included.
    pub(crate) tries: u32,
    /// The first wait where the platform asks for no longer one; each further one is twice as long.
    pub(crate) first_wait: Duration,
    /// The longest wait that the platform may ask for. Where it asks for more, nothing is tried again: coming back
    /// earlier than asked would only be refused too.
    pub(crate) longest_wait: Duration,
}

impl Default for Patience {
    /// The platform counts requests per minute (PROTOCOL.md §6), so a limit is over after a minute at most.
    fn default() -> Self {
        Self { tries: 4, first_wait: Duration::from_millis(500), longest_wait: Duration::from_secs(61) }
    }
}

impl Patience {
    /// How long to wait after the `failures`-th failure; `None` where it is time to give up.
    pub(crate) fn wait(&self, failures: u32, asked: Option<Duration>) -> Option<Duration> {
        if failures >= self.tries {
            return None;
        }
        let own = self.first_wait.saturating_mul(1 << failures.saturating_sub(1).min(16));
        Some(asked.map_or(own, |asked| asked.max(own))).filter(|wait| *wait <= self.longest_wait)
    }
}

/// The wait that the platform asks for: `Retry-After` in seconds or as a date, or else the end of the rate limit's window.
pub(crate) fn asked_wait(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let until = |time: SystemTime| time.duration_since(now).unwrap_or_default();
    match text(RETRY_AFTER.as_str()) {
        Some(text) => text
            .parse::<f64>()
            .ok()
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
            .or_else(|| httpdate::parse_http_date(text).ok().map(until)),
        None => {
            if text("x-ratelimit-remaining") != Some("0") {
                return None;
            }
            let reset = text("x-ratelimit-reset")?.parse().ok()?;
            UNIX_EPOCH.checked_add(Duration::from_secs(reset)).map(until)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(headers: &[(&'static str, &'static str)]) -> Option<Duration> {
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        asked_wait(&headers, UNIX_EPOCH + Duration::from_secs(784_111_777))
    }

    #[test]
    fn the_platform_names_its_wait_in_several_ways() {
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        assert_eq!(asked(&[("retry-after", "7")]), seconds(7));
        assert_eq!(asked(&[("retry-after", "Sun, 06 Nov 1994 08:49:40 GMT")]), seconds(3));
        assert_eq!(asked(&[("retry-after", "Sun, 06 Nov 1994 08:49:00 GMT")]), seconds(0));
        assert_eq!(asked(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "784111780")]), seconds(3));
        for useless in ["soon", "-1", "NaN", "1e99"] {
            assert_eq!(asked(&[("retry-after", useless)]), None, "{useless}");
        }
        assert_eq!(asked(&[("x-ratelimit-reset", "784111780")]), None);
    }

    #[test]
    fn patience_has_an_end() {
        let patience = Patience::default();
        let millis = |millis| Some(Duration::from_millis(millis));
        assert_eq!(
            [1, 2, 3, 4].map(|failures| patience.wait(failures, None)),
            [millis(500), millis(1000), millis(2000), None]
        );
        assert_eq!([0, 9].map(|asked| patience.wait(2, millis(asked))), [millis(1000); 2]);
        assert_eq!(patience.wait(2, millis(1001)), millis(1001));
        assert_eq!(patience.wait(1, millis(3_600_000)), None);
    }
}
