//! The rules of `tries`, `first_retry` and `longest_retry`.

use syn::{Expr, ExprLit, Lit};

use super::text;
use crate::{
    attributes::{RetryKeys, peel},
    errors::Errors,
    model::Retry,
};

/// What holds where nothing is written.
const DEFAULT: Retry = Retry { tries: 12, first_millis: 1000, longest_millis: 3_600_000 };
const MOST_TRIES: u32 = 100;

/// `None` where nothing was written, and where a mistake was noted.
pub(super) fn check(keys: RetryKeys, errors: &mut Errors) -> Option<Retry> {
    keys.idents().next()?;
    let mut retry = DEFAULT;
    if let Some((key, value)) = &keys.tries {
        match value.as_ref().and_then(number) {
            Some(tries @ 1..=MOST_TRIES) => retry.tries = tries,
            _ => {
                let message = format!("`tries` is a number from 1 to {MOST_TRIES}: write `tries = 5`");
                match value {
                    Some(value) => errors.at(value, message),
                    None => errors.at(key, message),
                }
            }
        }
    }
    let mut time = |written: &Option<(_, syn::LitStr)>, fallback: u64| match written {
        Some((_, written)) => text::wait(written, errors).unwrap_or(fallback),
        None => fallback,
    };
    retry.first_millis = time(&keys.first, DEFAULT.first_millis);
    // A first wait above the usual longest one is the longest one too.
    retry.longest_millis = time(&keys.longest, DEFAULT.longest_millis.max(retry.first_millis));
    if let (Some((_, longest)), true) = (&keys.longest, retry.longest_millis < retry.first_millis) {
        errors.at(
            longest,
            "the longest wait is shorter than the first one; write a longer one, or a shorter `first_retry`",
        );
    }
    Some(retry)
}

fn number(value: &Expr) -> Option<u32> {
    match peel(value) {
        Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) => number.base10_parse().ok(),
        _ => None,
    }
}
