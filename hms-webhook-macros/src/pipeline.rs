//! The way of one invocation: read, check, expand. Everything is over `proc_macro2`, so that tests can call it.

use proc_macro2::TokenStream;
use quote::ToTokens;

use crate::{
    attributes::{HandlerKeys, ToolKeys},
    check,
    errors::Errors,
    expand,
    item::Item,
    model::Event,
};

pub(crate) fn tool(attribute: TokenStream, input: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let keys = ToolKeys::read(attribute, &mut errors);
    let Some(item) = Item::read("#[tool]", input.clone(), &mut errors) else {
        return expand::refused(&input, errors.into_tokens());
    };
    let identity = item.identity(keys.runtime());
    let tool = check::tool(keys, &item, &mut errors);
    match errors.check(tool) {
        Ok(tool) => expand::tool(&item, &identity, &tool),
        Err(errors) if item.is_method() => expand::refused(&item.into_token_stream(), errors),
        Err(errors) => expand::tool_fallback(&item, &identity, errors),
    }
}

pub(crate) fn handler(event: Event, attribute: TokenStream, input: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let keys = HandlerKeys::read(event, attribute, &mut errors);
    let Some(item) = Item::read(event.attribute(), input.clone(), &mut errors) else {
        return expand::refused(&input, errors.into_tokens());
    };
    let identity = item.identity(keys.runtime());
    let handler = check::handler(event, keys, &item, &mut errors);
    match errors.check(handler) {
        Ok(handler) => expand::handler(&item, &identity, &handler),
        Err(errors) if item.is_method() => expand::refused(&item.into_token_stream(), errors),
        Err(errors) => expand::handler_fallback(&item, &identity, errors),
    }
}
