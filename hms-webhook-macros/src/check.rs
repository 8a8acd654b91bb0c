//! From what was written to what it means: every rule of an annotated function, each mistake noted at its own token.

mod arguments;
mod number;
mod parameter;
mod retry;
mod signature;
mod text;

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{ext::IdentExt, spanned::Spanned};

use self::parameter::{Checked, Source};
use crate::{
    attributes::{HandlerKeys, ToolKeys},
    errors::Errors,
    item::Item,
    model::{Event, Function, Handler, Parameter, Tool},
};

/// The types of event that have a macro of their own.
const KNOWN_EVENTS: &[(&str, &str)] = &[
    ("assistant-request", "#[assistant_request]"),
    ("tool-calls", "#[tool]"),
    ("status-update", "#[status_update]"),
    ("end-of-call-report", "#[end_of_call_report]"),
];

/// `None` only where a mistake was noted.
pub(crate) fn tool(keys: ToolKeys, item: &Item, errors: &mut Errors) -> Option<Tool> {
    signature::check(item, errors);
    let name = match &keys.name {
        Some(name) => text::name(&name.value(), name.span(), "the name of a tool", "", errors),
        None => {
            let ident = &item.signature.ident;
            let advice = "; give it another with `#[tool(\"…\")]`";
            text::name(&ident.unraw().to_string(), ident.span(), "the name of a tool", advice, errors)
        }
    };
    let description = description(&keys, item, errors);
    let deadline_millis = keys.deadline.as_ref().and_then(|it| text::deadline(it, keys.background.is_some(), errors));
    let concurrency = keys.concurrency.as_ref().and_then(|it| text::concurrency(it, errors));
    let finishes_after_deadline = keys.after_deadline.is_some_and(|it| text::finishes(&it, errors));
    if let (Some((key, _)), None) = (&keys.response, keys.background) {
        errors.at(key, "`response` is what the model hears of a `background` tool; add `background`, or leave it out");
    }
    let response = keys.response.and_then(|(_, it)| text::not_empty("response", &it, errors));
    let message = keys.message.and_then(|it| text::not_empty("message", &it, errors));
    let url = keys.url.and_then(|it| text::url(&it, errors));
    if keys.background.is_none() {
        for key in keys.retry.idents() {
            errors.at(
                key,
                format!(
                    "`{key}` is for a `background` tool, for which nobody waits; add `background`, or leave it out"
                ),
            );
        }
    }
    let retry = retry::check(keys.retry, errors);
    let parameters = parameters(item, Source::Tool, errors);
    let arguments = arguments::check(item, &parameters, errors);
    Some(Tool {
        function: function(item, parameters)?,
        name: name?,
        description: description?,
        arguments: arguments?,
        deadline_millis,
        concurrency,
        finishes_after_deadline,
        background: keys.background.is_some(),
        response,
        message,
        url,
        retry,
    })
}

/// `None` only where a mistake was noted.
pub(crate) fn handler(event: Event, keys: HandlerKeys, item: &Item, errors: &mut Errors) -> Option<Handler> {
    signature::check(item, errors);
    for (span, _) in item.helpers.iter().flat_map(|helpers| &helpers.arg) {
        errors.at_span(*span, "`#[arg]` describes an argument of a `#[tool]`; leave it out here");
    }
    for span in item.helpers.iter().filter_map(|helpers| helpers.args) {
        errors.at_span(span, "`#[args]` takes the arguments of a `#[tool]`; leave it out here");
    }
    let event_type = keys.event_type.map(|written| {
        let value = written.value();
        if let Some((_, right)) = KNOWN_EVENTS.iter().find(|(known, _)| *known == value) {
            errors.at(&written, format!("`{value}` has a macro of its own: write `{right}`"));
        } else if value.trim().is_empty() {
            errors.at(&written, "the type of the event is empty; write the one that the platform sends");
        }
        value
    });
    let parameters = parameters(item, Source::Event(event), errors);
    for second in parameters.iter().flatten().filter(|it| matches!(it.parameter, Parameter::Owned { .. })).skip(1) {
        let message = format!(
            "`{}` takes one owned parameter, the `{}`; everything else is borrowed from the server: write `&{}`",
            event.attribute(),
            event.type_name(),
            parameter::readable(&second.written),
        );
        errors.at(&second.written, message);
    }
    let retry = retry::check(keys.retry, errors);
    let concurrency = keys.concurrency.as_ref().and_then(|it| text::concurrency(it, errors));
    Some(Handler { function: function(item, parameters)?, event, event_type, retry, concurrency })
}

fn function(item: &Item, parameters: Vec<Option<Checked>>) -> Option<Function> {
    let signature = &item.signature;
    Some(Function {
        is_async: signature.asyncness.is_some(),
        returns: match &signature.output {
            syn::ReturnType::Default => signature.ident.span(),
            syn::ReturnType::Type(_, ty) => ty.span(),
        },
        parameters: parameters.into_iter().map(|it| Some(it?.parameter)).collect::<Option<_>>()?,
    })
}

/// One entry for each parameter; `None` where it was refused.
fn parameters(item: &Item, source: Source, errors: &mut Errors) -> Vec<Option<Checked>> {
    let lifetimes: Vec<String> =
        item.signature.generics.lifetimes().map(|lifetime| lifetime.lifetime.ident.to_string()).collect();
    let inputs = item.signature.inputs.iter();
    inputs.map(|input| parameter::check(input, &lifetimes, source, errors)).collect()
}

fn description(keys: &ToolKeys, item: &Item, errors: &mut Errors) -> Option<TokenStream> {
    if let Some(written) = &keys.description {
        return text::not_empty("description", written, errors).map(ToTokens::into_token_stream);
    }
    let documentation = text::documentation(item.documentation());
    if documentation.is_none() {
        errors.at(
            &item.signature.ident,
            "a tool needs a description, by which the model chooses it; write a doc comment above it, or `description = \"…\"`",
        );
    }
    documentation
}
