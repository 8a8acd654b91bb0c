//! The rules of names, times, addresses and descriptions.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::{Expr, ExprLit, Lit, LitStr, parse::Parser};

use crate::{
    attributes::peel,
    errors::{Errors, nearest},
};

/// What the platform waits for a tool at most, in milliseconds.
const LONGEST_DEADLINE: u64 = 10_000;
const LONGEST_NAME: usize = 64;

/// The name if it follows the platform's rule for names.
pub(super) fn name(name: &str, span: Span, what: &str, advice: &str, errors: &mut Errors) -> Option<String> {
    match name_fault(name) {
        None => Some(name.to_owned()),
        Some(fault) => {
            errors.at_span(span, format!("{what} {fault}{advice}"));
            None
        }
    }
}

fn name_fault(name: &str) -> Option<String> {
    let first = match name.chars().next() {
        None => return Some("is empty; write letters, digits, `_` and `-`".to_owned()),
        Some(first) => first,
    };
    if !(first.is_ascii_alphabetic() || first == '_') {
        return Some(format!(
            "begins with `{}`; it begins with a letter from a to z or with `_`",
            first.escape_debug()
        ));
    }
    if let Some(bad) = name.chars().find(|it| !it.is_ascii_alphanumeric() && !"_-".contains(*it)) {
        return Some(format!(
            "contains `{}`; it is made of letters from a to z, digits, `_` and `-`",
            bad.escape_debug()
        ));
    }
    // Only ASCII is left, so bytes are letters.
    (name.len() > LONGEST_NAME).then(|| format!("has {} letters; it has at most {LONGEST_NAME}", name.len()))
}

/// The text, unless there is nothing in it.
pub(super) fn not_empty(key: &str, written: &LitStr, errors: &mut Errors) -> Option<String> {
    let value = written.value();
    let text = value.trim();
    if text.is_empty() {
        errors.at(written, format!("`{key}` is empty; write a sentence, or leave `{key}` out"));
        return None;
    }
    Some(text.to_owned())
}

/// The milliseconds of a deadline that the platform would wait for.
pub(super) fn deadline(written: &LitStr, background: bool, errors: &mut Errors) -> Option<u64> {
    match milliseconds(&written.value()) {
        Err(fault) => errors.at(written, fault),
        Ok(time) if time > LONGEST_DEADLINE && !background => errors.at(
            written,
            "the platform waits 10 s for a tool, not longer; write at most \"10s\", or make it a `background` tool",
        ),
        Ok(time) => return Some(time),
    }
    None
}

/// The milliseconds between two tries.
pub(super) fn wait(written: &LitStr, errors: &mut Errors) -> Option<u64> {
    let value = written.value();
    let text = value.trim();
    let whole = |unit: &str, seconds: u64| {
        let number = text.strip_suffix(unit)?.trim_end();
        let number = number.bytes().all(|it| it.is_ascii_digit()).then(|| number.parse::<u64>().ok())??;
        number.checked_mul(seconds)?.checked_mul(1000)
    };
    let time = whole("h", 3600).or_else(|| whole("m", 60)).map_or_else(|| milliseconds(text), Ok);
    match time {
        Ok(time @ 1..) => return Some(time),
        _ => errors.at(written, "this is no time to wait; write it as in \"500ms\", \"2s\", \"5m\" or \"1h\""),
    }
    None
}

/// How many calls of a tool run at a time.
pub(super) fn concurrency(written: &Expr, errors: &mut Errors) -> Option<u32> {
    let number = match peel(written) {
        Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) => number.base10_parse::<u32>().ok(),
        _ => None,
    };
    let number = number.filter(|number| *number > 0);
    if number.is_none() {
        errors.at(
            written,
            "`concurrency` is how many calls run at a time; write a whole number from 1 on, as in `concurrency = 8`",
        );
    }
    number
}

/// `3s`, `2.5s` or `500ms`.
fn milliseconds(text: &str) -> Result<u64, &'static str> {
    const FORM: &str = "this is no time; write seconds or milliseconds, as in \"3s\", \"2.5s\" or \"500ms\"";
    let text = text.trim();
    let number = text.trim_end_matches(|it: char| !it.is_ascii_digit());
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let whole: u64 = match whole.parse() {
        Ok(whole) if !whole_is_signed(number) => whole,
        _ => return Err(FORM),
    };
    let time = match text[number.len()..].trim_start() {
        "s" => whole.checked_mul(1000).and_then(|time| time.checked_add(thousandths(fraction, number)?)).ok_or(FORM)?,
        "ms" if !number.contains('.') => whole,
        "ms" => return Err("a deadline is a whole number of milliseconds; write it as in \"500ms\""),
        "" => return Err("the unit is missing; write seconds or milliseconds, as in \"3s\" or \"500ms\""),
        _ => return Err(FORM),
    };
    match time {
        0 => Err("no tool is done in no time; write a deadline above zero, or leave `deadline` out"),
        time => Ok(time),
    }
}

/// `u64::from_str` takes a `+`.
fn whole_is_signed(number: &str) -> bool {
    number.starts_with('+')
}

/// What stands behind the point of a number of seconds, in milliseconds.
fn thousandths(fraction: &str, number: &str) -> Option<u64> {
    let has_point = number.contains('.');
    match fraction.len() {
        0 if !has_point => Some(0),
        1..=3 if fraction.bytes().all(|it| it.is_ascii_digit()) => format!("{fraction:0<3}").parse().ok(),
        _ => None,
    }
}

pub(super) fn finishes(written: &LitStr, errors: &mut Errors) -> bool {
    let value = written.value();
    match value.as_str() {
        "finish" => return true,
        "cancel" => {}
        _ => {
            let advice = match nearest(&value, &["finish", "cancel"]) {
                Some(near) => format!("; did you mean \"{near}\"?"),
                None => String::new(),
            };
            let message = "a tool that misses its deadline is left to \"finish\", or it is made to \"cancel\"";
            errors.at(written, format!("{message}{advice}"));
        }
    }
    false
}

/// An address that the platform can post to.
pub(super) fn url(written: &LitStr, errors: &mut Errors) -> Option<String> {
    let value = written.value();
    let rest = value.strip_prefix("https://").or_else(|| value.strip_prefix("http://"));
    let fault = match rest {
        None => "this is no web address; it begins with \"https://\" or \"http://\"",
        Some(rest) if rest.is_empty() || rest.starts_with(['/', '?', '#', ':']) => {
            "the host is missing; write it behind the slashes, as in \"https://hooks.example.com/tools\""
        }
        Some(rest) if rest.contains(|it: char| it.is_whitespace() || it.is_control()) => {
            "a web address holds no white space; write it as `%20`"
        }
        Some(_) => return Some(value),
    };
    errors.at(written, fault);
    None
}

/// A doc comment as one text. `None` where there is nothing in it.
///
/// Its lines are literals; a `#[doc = include_str!("…")]` is put together with them by the compiler.
pub(super) fn documentation(lines: Vec<TokenStream>) -> Option<TokenStream> {
    let literals: Option<Vec<String>> = lines.iter().map(|line| literal(line.clone())).collect();
    match literals {
        Some(literals) => {
            let text = unindent(&literals.join("\n"));
            (!text.is_empty()).then(|| text.into_token_stream())
        }
        None => Some(quote!(::core::concat!(#(#lines, "\n"),*))),
    }
}

fn literal(tokens: TokenStream) -> Option<String> {
    let parse = |input: syn::parse::ParseStream<'_>| input.parse::<Lit>();
    match parse.parse2(tokens) {
        Ok(Lit::Str(text)) => Some(text.value()),
        _ => None,
    }
}

/// Without the space that stands behind `///`, and without blank lines around it.
fn unindent(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(|line| line.strip_prefix(' ').unwrap_or(line).trim_end()).collect();
    lines.join("\n").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_platform() {
        for good in ["a", "_", "_9", "lookup_order", "look-up", "A1-b_2", &"n".repeat(64)] {
            assert_eq!(name_fault(good), None, "{good}");
        }
        for (bad, fault) in [
            ("", "is empty"),
            ("9a", "begins with `9`"),
            ("-a", "begins with `-`"),
            ("größe", "contains `ö`"),
            ("look up", "contains ` `"),
            ("a.b", "contains `.`"),
            (&"n".repeat(65), "has 65 letters"),
        ] {
            let found = name_fault(bad).unwrap_or_default();
            assert!(found.starts_with(fault), "{bad}: {found}");
        }
    }

    #[test]
    fn times_have_a_unit_and_are_above_zero() {
        for (text, time) in [
            ("3s", 3000),
            ("2.5s", 2500),
            ("0.25 s", 250),
            ("500ms", 500),
            ("10s", 10_000),
            ("1.005s", 1005),
            ("90s", 90_000),
        ] {
            assert_eq!(milliseconds(text), Ok(time), "{text}");
        }
        for (text, fault) in [
            ("", "this is no time"),
            ("s", "this is no time"),
            ("3", "the unit is missing"),
            ("3m", "this is no time"),
            ("3sec", "this is no time"),
            ("-3s", "this is no time"),
            ("+3s", "this is no time"),
            ("3.s", "this is no time"),
            (".5s", "this is no time"),
            ("1.2.3s", "this is no time"),
            ("1.0005s", "this is no time"),
            ("99999999999999999999s", "this is no time"),
            ("18446744073709551615s", "this is no time"),
            ("0s", "no tool is done"),
            ("0.0s", "no tool is done"),
            ("0ms", "no tool is done"),
            ("0.5ms", "a deadline is a whole number"),
        ] {
            let found = milliseconds(text).expect_err(text);
            assert!(found.starts_with(fault), "{text}: {found}");
        }
    }

    #[test]
    fn documentation_loses_its_margin() {
        assert_eq!(unindent(" Looks up.\n\n   Indented.  \n "), "Looks up.\n\n  Indented.");
        assert!(documentation(vec![]).is_none());
        assert!(documentation(vec![quote!(" ")]).is_none());
        let mixed = documentation(vec![quote!(" One."), quote!(include_str!("two.md"))]).expect("there is a text");
        assert_eq!(
            mixed.to_string(),
            ":: core :: concat ! (\" One.\" , \"\\n\" , include_str ! (\"two.md\") , \"\\n\")"
        );
    }
}
