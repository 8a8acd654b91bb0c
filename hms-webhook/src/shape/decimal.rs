//! Decimal numbers exactly as they are written, since a detour over `f64` would change some of them.

use std::cmp::Ordering;

/// `0.digits × 10^point`, without zeros at either end of `digits`; zero has no digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Decimal {
    negative: bool,
    digits: String,
    point: i64,
}

impl Decimal {
    /// Reads a JSON number. `None` for anything else.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, self::exponent(exponent)?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let are_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !are_digits(whole) || !are_digits(fraction) {
            return None;
        }
        let all = format!("{whole}{fraction}");
        let leading = all.len() - all.trim_start_matches('0').len();
        let digits = all.trim_matches('0').to_owned();
        if digits.is_empty() {
            return Some(Self { negative: false, digits, point: 0 });
        }
        let point = i64::try_from(whole.len()).ok()? - i64::try_from(leading).ok()? + exponent;
        Some(Self { negative, digits, point })
    }

    pub(crate) fn is_integral(&self) -> bool {
        i64::try_from(self.digits.len()).is_ok_and(|length| length <= self.point) || self.digits.is_empty()
    }

    /// The digits of an integer in full. `None` where it is no integer, or longer than any integer type.
    pub(crate) fn to_integer_text(&self) -> Option<String> {
        // The longest, `u128::MAX`, has 39 digits.
        const LONGEST: i64 = 40;
        if self.digits.is_empty() {
            return Some("0".to_owned());
        }
        if !self.is_integral() || self.point > LONGEST {
            return None;
        }
        let width = usize::try_from(self.point).ok()?;
        let sign = if self.negative { "-" } else { "" };
        Some(format!("{sign}{:0<width$}", self.digits))
    }

    pub(crate) fn to_i128(&self) -> Option<i128> {
        self.to_integer_text()?.parse().ok()
    }

    fn magnitude(&self, other: &Self) -> Ordering {
        match (self.digits.is_empty(), other.digits.is_empty()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            (false, false) => self.point.cmp(&other.point).then_with(|| self.digits.cmp(&other.digits)),
        }
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => self.magnitude(other),
            (true, true) => other.magnitude(self),
        }
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// An exponent too long for an integer is held at a bound that no text in memory can make up for.
fn exponent(text: &str) -> Option<i64> {
    const FURTHEST: i64 = i64::MAX / 4;
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let size = digits.parse::<i64>().unwrap_or(FURTHEST).min(FURTHEST);
    Some(if negative { -size } else { size })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        Decimal::parse(text).expect(text)
    }

    #[test]
    fn equal_values_are_equal_however_they_are_written() {
        for (left, right) in
            [("5", "5.0"), ("1e3", "1000"), ("-0", "0"), ("0.1", "1e-1"), ("0e99", "0"), ("10", "1E+1")]
        {
            assert_eq!(decimal(left), decimal(right));
        }
    }

    #[test]
    fn order_is_that_of_the_numbers() {
        let ascending = [
            "-1e400",
            "-10",
            "-9.5",
            "-0.1",
            "0",
            "1e-400",
            "0.1",
            "0.11",
            "2",
            "9",
            "10",
            "11",
            "1e999999999999999999999",
        ];
        for pair in ascending.windows(2) {
            assert!(decimal(pair[0]) < decimal(pair[1]), "{} < {}", pair[0], pair[1]);
        }
    }

    #[test]
    fn integers_keep_every_digit() {
        assert_eq!(
            decimal("340282366920938463463374607431768211455.0").to_integer_text().as_deref(),
            Some("340282366920938463463374607431768211455")
        );
        assert_eq!(decimal("-1.5e1").to_integer_text().as_deref(), Some("-15"));
        assert_eq!(decimal("-0.0").to_integer_text().as_deref(), Some("0"));
        assert_eq!(decimal("5.5").to_integer_text(), None);
        assert_eq!(decimal("1e400").to_integer_text(), None);
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in ["", "-", "+1", "1e", "1e+", ".5", "a", "1.2.3", "0x10", "NaN"] {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
    }
}
