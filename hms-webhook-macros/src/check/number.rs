//! Numbers and intervals as literals, compared at compile time.

use std::cmp::Ordering;

use proc_macro2::TokenStream;
use syn::{Expr, ExprLit, ExprUnary, Lit, RangeLimits, UnOp};

use crate::{
    attributes::peel,
    errors::Errors,
    model::{Number, Range},
};

impl Number {
    pub(super) fn order(self, other: Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Integer(one), Self::Integer(two)) => Some(one.cmp(&two)),
            (one, two) => one.approximate().partial_cmp(&two.approximate()),
        }
    }

    fn approximate(self) -> f64 {
        match self {
            // Which of two such large numbers is the larger is not decided by their last digits.
            Self::Integer(number) => number as f64,
            Self::Float(number) => number,
        }
    }
}

impl Range {
    pub(super) fn contains(self, number: Number) -> bool {
        let above = self.minimum.is_none_or(|minimum| number.order(minimum).is_some_and(Ordering::is_ge));
        let below = self.maximum.is_none_or(|maximum| {
            number.order(maximum).is_some_and(|it| it.is_lt() || (it.is_eq() && !self.excludes_maximum))
        });
        above && below
    }

    fn is_empty(self) -> bool {
        match (self.minimum, self.maximum) {
            (Some(minimum), Some(maximum)) => match minimum.order(maximum) {
                Some(Ordering::Less) => false,
                Some(Ordering::Equal) => self.excludes_maximum,
                _ => true,
            },
            _ => false,
        }
    }
}

/// A number, if the expression is a literal one.
pub(super) fn literal(expression: &Expr) -> Option<Number> {
    match peel(expression) {
        Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) => number.base10_parse().ok().map(Number::Integer),
        Expr::Lit(ExprLit { lit: Lit::Float(number), .. }) => number.base10_parse().ok().map(Number::Float),
        Expr::Unary(ExprUnary { op: UnOp::Neg(_), expr, .. }) => match literal(expr)? {
            Number::Integer(number) => number.checked_neg().map(Number::Integer),
            Number::Float(number) => Some(Number::Float(-number)),
        },
        _ => None,
    }
}

/// `1..=10`, `0.0..1.0`, `1..`, `..=10`.
pub(super) fn range(written: &Expr, errors: &mut Errors) -> Option<Range> {
    let range = interval("range", written, errors)?;
    if range.is_empty() {
        errors.at(written, "no number lies in this range; write the smaller one first, as in `range = 1..=10`");
        return None;
    }
    Some(range)
}

/// `1..=10`, `1..`, `..=10`, or one exact length.
pub(super) fn length(written: &Expr, errors: &mut Errors) -> Option<(usize, Option<usize>)> {
    let range = match literal(written) {
        Some(exact) => Range { minimum: Some(exact), maximum: Some(exact), excludes_maximum: false },
        None => interval("length", written, errors)?,
    };
    let fault = match bounds(range) {
        Some((minimum, Some(maximum))) if minimum > maximum => {
            "nothing has such a length; write the smaller number first, as in `length = 1..=10`"
        }
        Some(bounds) => return Some(bounds),
        None => "a length is counted in whole numbers from zero up; write them as in `length = 1..=10`",
    };
    errors.at(written, fault);
    None
}

/// The smallest and the largest length. `None` where one is no count.
fn bounds(range: Range) -> Option<(usize, Option<usize>)> {
    let count = |number| match number {
        Number::Integer(number) => usize::try_from(number).ok(),
        Number::Float(_) => None,
    };
    let minimum = range.minimum.map_or(Some(0), count)?;
    let maximum = match range.maximum {
        None => None,
        Some(maximum) if range.excludes_maximum => match count(maximum)? {
            // `..0` holds no length at all: say so by bounds that cross.
            0 => return Some((1, Some(0))),
            excluded => Some(excluded - 1),
        },
        Some(maximum) => Some(count(maximum)?),
    };
    Some((minimum, maximum))
}

fn interval(key: &str, written: &Expr, errors: &mut Errors) -> Option<Range> {
    let Expr::Range(range) = peel(written) else {
        errors.at(written, format!("`{key}` takes two numbers: write `{key} = 1..=10`"));
        return None;
    };
    if range.start.is_none() && range.end.is_none() {
        errors.at(
            written,
            format!("`{key} = ..` allows everything; write a number, as in `{key} = 1..`, or leave it out"),
        );
        return None;
    }
    let mut end = |expression: &Option<Box<Expr>>| match expression {
        None => Some(None),
        Some(expression) => match literal(expression) {
            Some(number) => Some(Some(number)),
            None => {
                errors.at(expression, format!("the ends of a `{key}` are literal numbers: write `{key} = 1..=10`"));
                None
            }
        },
    };
    let (minimum, maximum) = (end(&range.start), end(&range.end));
    Some(Range {
        minimum: minimum?,
        maximum: maximum?,
        excludes_maximum: range.end.is_some() && matches!(range.limits, RangeLimits::HalfOpen(_)),
    })
}

/// What a literal `default` or `example` says that `range` and `length` forbid.
pub(super) fn fault(
    value: &Expr,
    range: Option<Range>,
    length: Option<(usize, Option<usize>)>,
    key: &str,
) -> Option<(TokenStream, String)> {
    let tokens = quote::ToTokens::to_token_stream(value);
    if let (Some(range), Some(number)) = (range, literal(value)) {
        let fault = format!("the `{key}` lies outside of the `range`; write one that the argument may have");
        return (!range.contains(number)).then_some((tokens, fault));
    }
    let (minimum, maximum) = length?;
    let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = peel(value) else { return None };
    let count = text.value().chars().count();
    let fits = count >= minimum && maximum.is_none_or(|maximum| count <= maximum);
    (!fits).then(|| (tokens, format!("the `{key}` has {count} letters, which `length` forbids; write one that fits")))
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::*;

    fn read<T>(check: impl FnOnce(&mut Errors) -> Option<T>) -> Result<T, String> {
        let mut errors = Errors::default();
        let value = check(&mut errors);
        errors.check(value).map_err(|tokens| tokens.to_string())
    }

    #[test]
    fn ranges_hold_what_they_say() {
        let half_open = read(|errors| range(&parse_quote!(-1..2.5), errors)).expect("a good range");
        assert_eq!(half_open.minimum, Some(Number::Integer(-1)));
        assert_eq!(half_open.maximum, Some(Number::Float(2.5)));
        assert!(half_open.contains(Number::Integer(2)));
        assert!(!half_open.contains(Number::Float(2.5)));
        assert!(!half_open.contains(Number::Integer(-2)));
        assert!(read(|errors| range(&parse_quote!(3..=3), errors)).is_ok());
        for empty in [parse_quote!(3..3), parse_quote!(4..=3), parse_quote!(0.5..=0.25)] {
            assert!(read(|errors| range(&empty, errors)).is_err());
        }
    }

    #[test]
    fn lengths_are_counts() {
        for (written, bounds) in [
            (parse_quote!(5), (5, Some(5))),
            (parse_quote!(1..=10), (1, Some(10))),
            (parse_quote!(1..10), (1, Some(9))),
            (parse_quote!(2..), (2, None)),
            (parse_quote!(..=3), (0, Some(3))),
        ] {
            assert_eq!(read(|errors| length(&written, errors)), Ok(bounds));
        }
        for bad in [parse_quote!(-1), parse_quote!(-1..3), parse_quote!(1.5), parse_quote!(..0), parse_quote!(5..=3)] {
            assert!(read(|errors| length(&bad, errors)).is_err());
        }
    }
}
