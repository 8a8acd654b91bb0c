//! The attribute macros of `hms-webhook`. Use them through that crate, which documents them.
//!
//! An invocation goes through four steps, each with a file of its own: `attributes` and `item` read what was
//! written, `check` turns it into the strict types of `model` or notes every mistake in `errors`, and `expand`
//! writes the code, with nothing left to doubt.

use proc_macro::TokenStream;

mod attributes;
mod check;
mod errors;
mod expand;
mod item;
mod model;
mod pipeline;
#[cfg(test)]
mod snapshots;

#[allow(missing_docs)] // documented where it is re-exported, so that its examples can run
#[proc_macro_attribute]
pub fn tool(attribute: TokenStream, item: TokenStream) -> TokenStream {
    pipeline::tool(attribute.into(), item.into()).into()
}

#[allow(missing_docs)] // as above
#[proc_macro_attribute]
pub fn assistant_request(attribute: TokenStream, item: TokenStream) -> TokenStream {
    pipeline::handler(model::Event::AssistantRequest, attribute.into(), item.into()).into()
}

#[allow(missing_docs)] // as above
#[proc_macro_attribute]
pub fn status_update(attribute: TokenStream, item: TokenStream) -> TokenStream {
    pipeline::handler(model::Event::StatusUpdate, attribute.into(), item.into()).into()
}

#[allow(missing_docs)] // as above
#[proc_macro_attribute]
pub fn end_of_call_report(attribute: TokenStream, item: TokenStream) -> TokenStream {
    pipeline::handler(model::Event::EndOfCallReport, attribute.into(), item.into()).into()
}

#[allow(missing_docs)] // as above
#[proc_macro_attribute]
pub fn event(attribute: TokenStream, item: TokenStream) -> TokenStream {
    pipeline::handler(model::Event::Other, attribute.into(), item.into()).into()
}
