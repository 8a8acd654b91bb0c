//! The mistakes of one item, collected so that all of them are reported in one go.

use std::fmt::Display;

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;

/// Every mistake found so far. It must be read in the end: dropping it unread is a bug of this crate, since a
/// mistake that nobody reports becomes wrong code.
#[derive(Default)]
pub(crate) struct Errors {
    found: Option<syn::Error>,
    read: bool,
}

impl Errors {
    /// A mistake at exactly these tokens.
    pub(crate) fn at(&mut self, tokens: impl ToTokens, message: impl Display) {
        self.add(syn::Error::new_spanned(tokens, message));
    }

    /// A mistake at this place.
    pub(crate) fn at_span(&mut self, span: Span, message: impl Display) {
        self.add(syn::Error::new(span, message));
    }

    pub(crate) fn add(&mut self, error: syn::Error) {
        match &mut self.found {
            Some(found) => found.combine(error),
            None => self.found = Some(error),
        }
    }

    /// The checked value, or all mistakes as tokens.
    pub(crate) fn check<T>(self, value: Option<T>) -> Result<T, TokenStream> {
        let clean = self.found.is_none();
        match value {
            Some(value) if clean => {
                self.into_tokens();
                Ok(value)
            }
            _ => Err(self.into_tokens()),
        }
    }

    /// All mistakes as `compile_error!` invocations.
    pub(crate) fn into_tokens(mut self) -> TokenStream {
        self.read = true;
        self.found.take().map(syn::Error::into_compile_error).unwrap_or_default()
    }
}

impl Drop for Errors {
    fn drop(&mut self) {
        debug_assert!(self.read || std::thread::panicking(), "the mistakes found were dropped without being reported");
    }
}

/// `; did you mean …` where one of `known` is near, otherwise the list of them.
pub(crate) fn advice(written: &str, known: &[&str]) -> String {
    match nearest(written, known) {
        Some(near) => format!("; did you mean `{near}`?"),
        None if known.len() == 1 => format!("; the only key is {}", list(known)),
        None => format!("; the keys are {}", list(known)),
    }
}

/// The one of `known` that `written` was most likely meant to be.
pub(crate) fn nearest<'k>(written: &str, known: &[&'k str]) -> Option<&'k str> {
    let written = written.to_lowercase();
    let (distance, near) = known.iter().map(|&candidate| (distance(&written, candidate), candidate)).min()?;
    (distance <= written.chars().count().max(3) / 3).then_some(near)
}

/// How many letters have to be put in, left out, changed or swapped with their neighbour.
fn distance(one: &str, two: &str) -> usize {
    let (one, two): (Vec<char>, Vec<char>) = (one.chars().collect(), two.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=two.len()).collect()];
    for i in 1..=one.len() {
        let mut row = vec![i];
        for j in 1..=two.len() {
            let change = usize::from(one[i - 1] != two[j - 1]);
            let mut least = (rows[i - 1][j] + 1).min(row[j - 1] + 1).min(rows[i - 1][j - 1] + change);
            if i > 1 && j > 1 && one[i - 1] == two[j - 2] && one[i - 2] == two[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[one.len()][two.len()]
}

/// "`a`, `b` and `c`".
fn list(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_miss_is_found_and_a_far_one_is_not() {
        let known = ["name", "description", "deadline", "background"];
        for (written, meant) in [
            ("deadlin", Some("deadline")),
            ("deadlnie", Some("deadline")),
            ("Description", Some("description")),
            ("nam", Some("name")),
            ("desc", None),
            ("timeout", None),
            ("", None),
        ] {
            assert_eq!(nearest(written, &known), meant, "{written}");
        }
    }

    #[test]
    fn advice_lists_what_there_is() {
        assert_eq!(advice("timeout", &["name", "crate", "url"]), "; the keys are `name`, `crate` and `url`");
        assert_eq!(advice("ulr", &["name", "crate", "url"]), "; did you mean `url`?");
    }

    #[test]
    #[should_panic = "dropped without being reported"]
    fn mistakes_cannot_be_lost() {
        Errors::default().at_span(Span::call_site(), "unseen");
    }
}
