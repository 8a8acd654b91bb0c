//! Numbers within the limits of a schema.

use serde_json::{Number, Value};

use super::Random;

/// How far from a single limit, or from zero, a number is looked for.
const REACH: i128 = 100;

pub(super) fn integer(schema: &Value, random: &mut Random) -> Value {
    let (minimum, maximum) = limits(schema);
    let low = minimum.map(|(limit, excluded)| {
        let whole = to_integer(limit, f64::ceil);
        whole + i128::from(excluded && limit.as_f64() == Some(whole as f64))
    });
    let high = maximum.map(|(limit, excluded)| {
        let whole = to_integer(limit, f64::floor);
        whole - i128::from(excluded && limit.as_f64() == Some(whole as f64))
    });
    let (low, high) = match (low, high) {
        (Some(low), Some(high)) => (low, high),
        (Some(low), None) => (low, low.saturating_add(REACH)),
        (None, Some(high)) => (high.saturating_sub(REACH), high),
        (None, None) => (if random.chance(2) { -REACH } else { 1 }, REACH),
    };
    let chosen = match random.below(4) {
        0 => low,
        1 => high,
        _ => random.between(low, high),
    };
    Number::from_i128(chosen).map_or(Value::Null, Value::Number)
}

pub(super) fn number(schema: &Value, random: &mut Random) -> Value {
    let (minimum, maximum) = limits(schema);
    let float = |limit: Option<(&Number, bool)>| limit.and_then(|(limit, _)| limit.as_f64());
    let (low, high) = match (float(minimum), float(maximum)) {
        (Some(low), Some(high)) => (low, high),
        (Some(low), None) => (low, low + 100.0),
        (None, Some(high)) => (high - 100.0, high),
        (None, None) => (0.0, 100.0),
    };
    let excluded = |limit: Option<(&Number, bool)>| limit.is_some_and(|(_, excluded)| excluded);
    // Quarters are the same in every width of binary floating point.
    let share = match random.below(4) {
        0 if !excluded(minimum) => 0.0,
        1 if !excluded(maximum) => 1.0,
        2 => 0.25,
        _ => 0.5,
    };
    Number::from_f64(low + (high - low) * share).map_or(Value::Null, Value::Number)
}

type Limit<'a> = Option<(&'a Number, bool)>;

/// The lower and the upper limit, each with whether it is excluded.
fn limits(schema: &Value) -> (Limit<'_>, Limit<'_>) {
    let limit = |keyword: &str, excluded| match schema.get(keyword) {
        Some(Value::Number(number)) => Some((number, excluded)),
        _ => None,
    };
    (
        limit("exclusiveMinimum", true).or_else(|| limit("minimum", false)),
        limit("exclusiveMaximum", true).or_else(|| limit("maximum", false)),
    )
}

fn to_integer(number: &Number, round: fn(f64) -> f64) -> i128 {
    // A cast from a float ends at the type's limits.
    number.as_i128().unwrap_or_else(|| round(number.as_f64().unwrap_or_default()) as i128)
}
