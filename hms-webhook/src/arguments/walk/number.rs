//! Numbers, digit by digit.

use std::borrow::Cow;

use crate::shape::{Decimal, FloatWidth, Limit, NumberShape, Shape};

use super::{
    super::{
        faults::{Path, given},
        scan::{self, Sort},
    },
    Walk,
};

impl Walk {
    pub(super) fn number<'a>(
        &mut self,
        shape: &Shape,
        number: &NumberShape,
        json: &'a str,
        path: &Path<'_>,
    ) -> Cow<'a, str> {
        let sent = if scan::sort(json) == Sort::Number { Some(Cow::Borrowed(json)) } else { None };
        let Some(sent) = sent.or_else(|| self.held(json, Sort::Number).map(Cow::Owned)) else {
            self.mismatch(shape, json, path);
            return json.into();
        };
        match fitted(number, &sent) {
            Ok(None) => return sent,
            Ok(Some(integer)) => return integer.into(),
            Err(Misfit::Kind) => self.mismatch(shape, json, path),
            Err(Misfit::Limits) => self.overstepped(shape, || given(json), path),
            Err(Misfit::Digits) => self
                .faults
                .note(|| format!("{path} must be a number that can be kept with all its digits, got {}", given(json))),
        }
        json.into()
    }
}

enum Misfit {
    Kind,
    Limits,
    Digits,
}

/// Whether `text`, a JSON number, is one of these numbers; an integer in another spelling comes back in its plain one.
fn fitted(shape: &NumberShape, text: &str) -> Result<Option<String>, Misfit> {
    if let Some(fits) = fits_quickly(shape, text) {
        return if fits { Ok(None) } else { Err(Misfit::Limits) };
    }
    let value = Decimal::parse(text).ok_or(Misfit::Kind)?;
    if shape.integer && !value.is_integral() {
        return Err(Misfit::Kind);
    }
    let above = |limit: &Limit| if limit.excluded { value > limit.value } else { value >= limit.value };
    let below = |limit: &Limit| if limit.excluded { value < limit.value } else { value <= limit.value };
    if !shape.minimum.as_ref().is_none_or(above) || !shape.maximum.as_ref().is_none_or(below) {
        return Err(Misfit::Limits);
    }
    if shape.integer {
        let integer = value.to_integer_text().ok_or(Misfit::Limits)?;
        return Ok(Some(integer).filter(|integer| integer != text));
    }
    match shape.float {
        Some(width) if !is_kept(&value, text, width) => Err(Misfit::Digits),
        _ => Ok(None),
    }
}

/// The same for a plain integer between integers, which nearly all are. `None` leaves the decision to the exact way.
fn fits_quickly(shape: &NumberShape, text: &str) -> Option<bool> {
    if !shape.integer || text == "-0" {
        return None;
    }
    let value: i128 = text.parse().ok()?;
    let above = match &shape.minimum {
        Some(limit) => value > limit.integer? || (!limit.excluded && value == limit.integer?),
        None => true,
    };
    let below = match &shape.maximum {
        Some(limit) => value < limit.integer? || (!limit.excluded && value == limit.integer?),
        None => true,
    };
    Some(above && below)
}

/// Whether a floating-point type keeps `value`: every digit of an integer; of a fraction what such types keep of
/// fractions, as everywhere, but neither nothing nor infinity.
fn is_kept(value: &Decimal, text: &str, width: FloatWidth) -> bool {
    let Ok(double) = text.parse::<f64>() else { return false };
    // The narrowing is what the type itself will do; whether it was harmless is what is being found out.
    #[allow(clippy::cast_possible_truncation)]
    let single = double as f32;
    let (finite, zero, shortest) = match width {
        FloatWidth::Single => (single.is_finite(), single == 0.0, format!("{single:e}")),
        FloatWidth::Double => (double.is_finite(), double == 0.0, format!("{double:e}")),
    };
    let kept = Decimal::parse(&shortest);
    finite && if value.is_integral() || zero { kept.as_ref() == Some(value) } else { true }
}
