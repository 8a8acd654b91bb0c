//! What kind of function can be called by a server: one that is free, safe, and the same for everybody.

use quote::ToTokens;
use syn::{GenericParam, spanned::Spanned};

use crate::{errors::Errors, item::Item};

pub(super) fn check(item: &Item, errors: &mut Errors) {
    let signature = &item.signature;
    if let Some(token) = &signature.constness {
        errors.at(token, "a handler runs when it is called for, never at compile time; leave `const` out");
    }
    match &signature.safety {
        syn::Safety::Default => {}
        safety => errors.at(safety, "a handler is called from safe code; leave `unsafe` out"),
    }
    if let Some(abi) = &signature.abi {
        errors.at(abi, "a handler is called from Rust; leave `extern` out");
    }
    if let Some(variadic) = &signature.variadic {
        errors.at(variadic, "a handler has a fixed list of parameters; leave `...` out");
    }
    for parameter in &signature.generics.params {
        match parameter {
            GenericParam::Lifetime(lifetime) if lifetime.bounds.is_empty() => {}
            GenericParam::Lifetime(lifetime) => {
                errors.at(
                    lifetime,
                    "lifetimes of a handler have no bounds, since the server lends everything equally long",
                );
            }
            GenericParam::Type(ty) => generic(ty, &ty.ident, errors),
            GenericParam::Const(constant) => generic(constant, &constant.ident, errors),
        }
    }
    // What a clause says of a type parameter that was refused is no second mistake.
    let is_generic = signature.generics.params.iter().any(|it| !matches!(it, GenericParam::Lifetime(_)));
    if let (Some(clause), false) = (&signature.generics.where_clause, is_generic) {
        errors.at_span(
            clause.where_token.span(),
            "a handler has no type parameters, so there is nothing for `where` to say; leave it out",
        );
    }
}

fn generic(parameter: impl ToTokens, ident: &syn::Ident, errors: &mut Errors) {
    let message =
        format!("a handler cannot be generic, since a request names no types; write a concrete type for `{ident}`");
    errors.at(parameter, message);
}
