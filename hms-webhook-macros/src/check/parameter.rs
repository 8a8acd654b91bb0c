//! The one rule of parameters: what is owned comes from the wire, what is borrowed comes from the server.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{FnArg, Pat, PatType, Type, TypeReference, ext::IdentExt, spanned::Spanned};

use crate::{
    errors::Errors,
    model::{Event, Parameter},
};

/// Where the owned parameters of a function come from.
#[derive(Clone, Copy)]
pub(super) enum Source {
    Tool,
    Event(Event),
}

/// A parameter that keeps the rule.
pub(super) struct Checked {
    pub(super) parameter: Parameter,
    /// The name of the parameter; `None` for `_`.
    pub(super) ident: Option<Ident>,
    /// Its type as it was written.
    pub(super) written: TokenStream,
}

/// `None` only where a mistake was noted.
pub(super) fn check(input: &FnArg, lifetimes: &[String], source: Source, errors: &mut Errors) -> Option<Checked> {
    let typed = match input {
        FnArg::Typed(typed) => typed,
        FnArg::Receiver(receiver) => {
            errors.at(receiver, "a handler is a free function without `self`; borrow what it needs: `state: &State`");
            return None;
        }
    };
    let ident = name(typed, errors);
    let parameter = match peel(&typed.ty) {
        Type::Reference(reference) => borrowed(reference, lifetimes, errors),
        ty => owned(ty, lifetimes, source, errors),
    };
    let ident = ident?;
    let parameter = match parameter? {
        Parameter::Borrowed { ty, span, .. } => Parameter::Borrowed {
            name: ident.as_ref().map_or_else(|| "_".to_owned(), |it| it.unraw().to_string()),
            ty,
            span,
        },
        owned => owned,
    };
    Some(Checked { parameter, ident, written: typed.ty.to_token_stream() })
}

/// The outer `None` for a mistake, the inner for `_`.
fn name(typed: &PatType, errors: &mut Errors) -> Option<Option<Ident>> {
    match &*typed.pat {
        Pat::Ident(pattern) if pattern.by_ref.is_none() && pattern.subpat.is_none() => {
            Some(Some(pattern.ident.clone()))
        }
        Pat::Wild(_) => Some(None),
        pattern => {
            errors.at(pattern, "a parameter is one name; take the value apart inside the function");
            None
        }
    }
}

fn borrowed(reference: &TypeReference, lifetimes: &[String], errors: &mut Errors) -> Option<Parameter> {
    let element = peel(&reference.elem);
    let text = readable(element);
    let written = reference.to_token_stream();
    let fault = match element {
        Type::Path(path) if path.path.is_ident("str") => "what comes from the wire is owned; write `String`".to_owned(),
        Type::Slice(slice) => {
            format!("what comes from the wire is owned; write `Vec<{}>`", readable(&slice.elem))
        }
        Type::TraitObject(object) => format!(
            "the server looks values up by their own type, not by a trait; write `&Arc<{}>` and register that `Arc` with `.state(…)`",
            readable(object),
        ),
        Type::ImplTrait(_) => "the server looks values up by their type; write the concrete type".to_owned(),
        Type::Reference(inner) => {
            format!("one `&` is enough: the server lends what it holds; write `&{}`", readable(&inner.elem))
        }
        _ if reference.mutability.is_some() => format!(
            "calls share what the server lends; write `&{text}`, and a `Mutex` or an atomic inside it for what changes",
        ),
        _ if reference.lifetime.as_ref().is_some_and(|it| it.ident == "static") => {
            format!("the server lends a value for as long as the call runs; write `&{text}`")
        }
        _ => match lifetime_inside(element.to_token_stream(), lifetimes) {
            Some(lifetime) => {
                errors.at(
                    lifetime,
                    "the server holds only what owns its parts; a type with a lifetime cannot be looked up",
                );
                return None;
            }
            None => {
                return Some(Parameter::Borrowed {
                    name: String::new(),
                    ty: element.to_token_stream(),
                    span: element.span(),
                });
            }
        },
    };
    errors.at(written, fault);
    None
}

fn owned(ty: &Type, lifetimes: &[String], source: Source, errors: &mut Errors) -> Option<Parameter> {
    let from = match source {
        Source::Tool => "an owned parameter is an argument, which the model fills in".to_owned(),
        Source::Event(event) => format!("the owned parameter is the `{}`", event.type_name()),
    };
    let right = match source {
        Source::Tool => "a concrete type".to_owned(),
        Source::Event(event) => format!("`{}`", event.type_name()),
    };
    let tokens = ty.to_token_stream();
    match ty {
        Type::ImplTrait(_) | Type::TraitObject(_) | Type::Ptr(_) | Type::Infer(_) | Type::Slice(_) | Type::Never(_) => {
            errors.at(tokens, format!("{from}; write {right}"));
            None
        }
        Type::Path(path) if path.path.is_ident("str") => {
            errors.at(tokens, "what comes from the wire is owned; write `String`");
            None
        }
        _ => {
            if let Some(lifetime) = lifetime_inside(tokens.clone(), lifetimes) {
                errors.at(lifetime, format!("{from}, so it cannot borrow; write a type that owns its parts"));
                return None;
            }
            Some(Parameter::Owned { span: ty.span(), ty: tokens })
        }
    }
}

/// The first lifetime that a generated constant could not name: one of the function's own, or `'_`.
fn lifetime_inside(tokens: TokenStream, lifetimes: &[String]) -> Option<TokenStream> {
    let mut tokens = tokens.into_iter();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Group(group) => {
                if let Some(found) = lifetime_inside(group.stream(), lifetimes) {
                    return Some(found);
                }
            }
            TokenTree::Punct(quote) if quote.as_char() == '\'' => {
                let Some(TokenTree::Ident(name)) = tokens.next() else { continue };
                if name == "_" || lifetimes.iter().any(|lifetime| name == lifetime) {
                    return Some([TokenTree::Punct(quote), TokenTree::Ident(name)].into_iter().collect());
                }
            }
            _ => {}
        }
    }
    None
}

/// The type without the invisible brackets that a `macro_rules!` variable puts around it, and without visible ones.
fn peel(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => peel(&group.elem),
        Type::Paren(paren) => peel(&paren.elem),
        _ => ty,
    }
}

/// A type as a person would write it.
pub(super) fn readable(ty: &impl ToTokens) -> String {
    let mut text = ty.to_token_stream().to_string();
    for (tokens, written) in
        [(" :: ", "::"), (":: ", "::"), (" <", "<"), ("< ", "<"), (" >", ">"), (" ,", ","), ("& ", "&"), (" ;", ";")]
    {
        text = text.replace(tokens, written);
    }
    text
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::*;

    #[test]
    fn types_are_shown_as_people_write_them() {
        assert_eq!(readable(&quote!(HashMap<String, Vec<u8>>)), "HashMap<String, Vec<u8>>");
        assert_eq!(readable(&quote!(::std::sync::Arc<dyn Store + Send>)), "::std::sync::Arc<dyn Store + Send>");
        assert_eq!(readable(&quote!([u8; 4])), "[u8; 4]");
    }

    #[test]
    fn only_lifetimes_of_the_function_are_in_the_way() {
        let own = ["a".to_owned()];
        for (ty, found) in [
            (quote!(Cow<'static, str>), false),
            (quote!(Box<dyn for<'b> Fn(&'b str)>), false),
            (quote!(Cow<'a, str>), true),
            (quote!(Vec<(u8, Cow<'_, str>)>), true),
        ] {
            assert_eq!(lifetime_inside(ty.clone(), &own).is_some(), found, "{ty}");
        }
    }
}
