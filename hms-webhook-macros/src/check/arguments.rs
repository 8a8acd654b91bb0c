//! The owned parameters of a tool, which are its arguments.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use syn::{Expr, ExprLit, Lit, ext::IdentExt};

use super::{number, parameter::Checked, text};
use crate::{
    attributes::{ArgumentKeys, peel},
    errors::Errors,
    item::{Helpers, Item},
    model::{Argument, Arguments, Default, Parameter},
};

/// `None` only where a mistake was noted.
pub(super) fn check(item: &Item, parameters: &[Option<Checked>], errors: &mut Errors) -> Option<Arguments> {
    let owned = parameters.iter().flatten().filter(|it| matches!(it.parameter, Parameter::Owned { .. })).count();
    let mut whole = None;
    let mut each = Vec::new();
    let mut names = Vec::new();
    let mut refused = false;
    for (parameter, helpers) in parameters.iter().zip(&item.helpers) {
        let Some(checked) = parameter else {
            // What was written about a refused parameter can still be wrong on its own.
            ArgumentKeys::read(helpers.arg.iter().map(|(_, tokens)| tokens.clone()).collect(), errors);
            continue;
        };
        match &checked.parameter {
            Parameter::Borrowed { .. } => borrowed(helpers, errors),
            Parameter::Owned { ty, span } => match helpers.args {
                Some(args) => {
                    if owned > 1 {
                        errors.at_span(
                            args,
                            "`#[args]` takes the whole object, so nothing is left for other owned parameters; \
                             make them fields of this type, or leave `#[args]` out",
                        );
                    }
                    let only_garde = |tokens: &TokenStream| ArgumentKeys::is_only_garde(tokens.clone());
                    let (garde, others): (Vec<_>, Vec<_>) =
                        helpers.arg.iter().partition(|(_, tokens)| only_garde(tokens));
                    for (span, _) in others {
                        errors.at_span(
                            *span,
                            "`#[args]` takes the whole object, not one argument; leave `#[arg(…)]` out",
                        );
                    }
                    whole = Some(Arguments::Whole { ty: ty.clone(), span: *span, garde: !garde.is_empty() });
                }
                None => match argument(checked, ty, *span, helpers, &mut names, errors) {
                    Some(argument) => each.push(argument),
                    None => refused = true,
                },
            },
        }
    }
    match whole {
        Some(whole) => Some(whole),
        None => (!refused).then_some(Arguments::Each(each)),
    }
}

fn borrowed(helpers: &Helpers, errors: &mut Errors) {
    for (span, _) in &helpers.arg {
        errors
            .at_span(*span, "`#[arg]` describes an argument, and a borrowed parameter is none: the server provides it");
    }
    if let Some(span) = helpers.args {
        errors.at_span(span, "`#[args]` goes on an owned parameter; write the type without `&`");
    }
}

fn argument(
    checked: &Checked,
    ty: &TokenStream,
    span: Span,
    helpers: &Helpers,
    names: &mut Vec<String>,
    errors: &mut Errors,
) -> Option<Argument> {
    let keys = ArgumentKeys::read(helpers.arg.iter().map(|(_, tokens)| tokens.clone()).collect(), errors);
    let name = name(&keys, checked, span, names, errors);
    let description = match &keys.description {
        Some(written) => text::not_empty("description", written, errors).map(ToTokens::into_token_stream),
        None => text::documentation(helpers.documentation.clone()),
    };
    let range = keys.range.as_ref().and_then(|it| number::range(it, errors));
    let length = keys.length.as_ref().and_then(|it| number::length(it, errors));
    let pattern = keys.pattern.as_ref().and_then(|it| text::not_empty("pattern", it, errors));
    for (key, value) in
        [("default", keys.default.as_ref().and_then(Option::as_ref)), ("example", keys.example.as_ref())]
    {
        if let Some((tokens, fault)) = value.and_then(|it| number::fault(it, range, length, key)) {
            errors.at(tokens, fault);
        }
    }
    Some(Argument {
        name: name?,
        description: description.unwrap_or_else(|| "".into_token_stream()),
        ty: ty.clone(),
        span,
        default: keys.default.map(default),
        example: keys.example.map(ToTokens::into_token_stream),
        range,
        length,
        pattern,
        strict: keys.strict,
        garde: keys.garde,
        record: keys.record,
    })
}

fn default(value: Option<Expr>) -> Default {
    match value {
        None => Default::OfType,
        Some(value) if is_literal(&value) => Default::Literal(value.into_token_stream()),
        Some(value) => Default::Computed(value.into_token_stream()),
    }
}

fn is_literal(value: &Expr) -> bool {
    let value = peel(value);
    number::literal(value).is_some()
        || matches!(value, Expr::Lit(ExprLit { lit: Lit::Str(_) | Lit::Bool(_) | Lit::Char(_), .. }))
}

/// The name on the wire, which no earlier argument has.
fn name(
    keys: &ArgumentKeys,
    checked: &Checked,
    span: Span,
    names: &mut Vec<String>,
    errors: &mut Errors,
) -> Option<String> {
    const WHAT: &str = "the name of an argument";
    let (name, span, advice) = match (&keys.name, &checked.ident) {
        (Some(written), _) => (written.value(), written.span(), ""),
        (None, Some(ident)) => {
            (ident.unraw().to_string(), ident.span(), "; give it another with `#[arg(name = \"…\")]`")
        }
        (None, None) => {
            errors.at_span(
                span,
                "an argument needs a name, which the model is told; write one, or `#[arg(name = \"…\")]`",
            );
            return None;
        }
    };
    let name = text::name(&name, span, WHAT, advice, errors)?;
    if names.contains(&name) {
        errors.at_span(span, format!("two arguments are named `{name}`; give this one another name"));
        return None;
    }
    names.push(name.clone());
    Some(name)
}
