//! `#[assistant_request]`, `#[status_update]`, `#[end_of_call_report]` and `#[event]`.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};

use super::{call, concurrency, location, needs, retry, wrap};
use crate::{
    item::Item,
    model::{Event, Handler, Identity, Parameter},
};

/// The names of the runtime that belong to one kind of event.
struct Names {
    event: TokenStream,
    parameter: TokenStream,
    future: TokenStream,
    /// The variant of `HandlerRun`.
    run: TokenStream,
    /// The method of `Returned`.
    method: &'static str,
}

impl Names {
    fn of(event: Event) -> Self {
        let (event, parameter, run, method) = match event {
            Event::AssistantRequest => {
                (quote!(AssistantRequest), quote!(AssistantRequestParameter), quote!(AssistantRequest), "assistant")
            }
            Event::StatusUpdate => (quote!(StatusUpdate), quote!(StatusUpdateParameter), quote!(StatusUpdate), "event"),
            Event::EndOfCallReport => {
                (quote!(EndOfCallReport), quote!(EndOfCallReportParameter), quote!(EndOfCallReport), "event")
            }
            Event::Other => (quote!(UnknownEvent), quote!(EventParameter), quote!(Event), "event"),
        };
        let future = if method == "assistant" { quote!(AssistantFuture) } else { quote!(EventFuture) };
        Self { event, parameter, future, run, method }
    }
}

pub(crate) fn handler(item: &Item, identity: &Identity, handler: &Handler) -> TokenStream {
    let needs = needs(&handler.function);
    let (retry, concurrency) = (retry(handler.retry), concurrency(handler.concurrency));
    let settings = quote!(#retry #concurrency);
    let implementation =
        implementation(identity, handler.event, handler.event_type.as_deref(), quote!(__NEEDS), settings);
    let run = run(identity, handler);
    let ident = &identity.ident;
    let generated = wrap(
        identity,
        quote_spanned! {Span::mixed_site()=>
            use __hms::PlainReturn as _;
            #needs
            #implementation
            #run
            __hms::inventory::submit! { __hms::Registration::Handler(&<#ident as __hms::Handler>::SPEC) }
        },
    );
    quote!(#item #generated)
}

/// After a mistake: the function, and a type of its name that can still be listed in `handlers![…]`.
pub(crate) fn fallback(item: &Item, identity: &Identity, errors: TokenStream) -> TokenStream {
    // Which event it is does not matter for code that never runs.
    let implementation = implementation(identity, Event::StatusUpdate, None, quote!(&[]), TokenStream::new());
    let content = quote_spanned! {Span::mixed_site()=>
        #implementation
        fn __run(_: __hms::HandlerInvocation<__hms::StatusUpdate>) -> __hms::EventFuture {
            ::core::unreachable!()
        }
    };
    let generated = wrap(identity, content);
    quote!(#item #errors #generated)
}

fn implementation(
    identity: &Identity,
    event: Event,
    event_type: Option<&str>,
    needs: TokenStream,
    settings: TokenStream,
) -> TokenStream {
    let ident = &identity.ident;
    let location = location(identity);
    let variant = Names::of(event).run;
    let event_type = event_type.map(|event_type| quote!(#event_type,));
    quote_spanned! {Span::mixed_site()=>
        impl __hms::Handler for #ident {
            const SPEC: __hms::HandlerSpec =
                __hms::HandlerSpec::new(#location, #needs, __hms::HandlerRun::#variant(#event_type __run)) #settings;
        }
    }
}

/// ```text
/// fn __run(__invocation: __hms::HandlerInvocation<__hms::StatusUpdate>) -> __hms::EventFuture {
///     __hms::handler_future(async move {
///         let (__event, __scope) = __invocation.into_parts();
///         let __event = <StatusUpdate as __hms::StatusUpdateParameter>::from_event(__event);
///         let __returned = note(__event).await;
///         __hms::Returned(__returned).event()
///     })
/// }
/// ```
fn run(identity: &Identity, handler: &Handler) -> TokenStream {
    let Names { event, parameter, future, method, .. } = Names::of(handler.event);
    let site = Span::mixed_site();
    // The type of the parameter is asked through a trait, not compared by its spelling; what is left out is not asked for.
    let convert = handler.function.parameters.iter().find_map(|it| match it {
        Parameter::Owned { ty, span } => {
            let from_event = quote_spanned!(*span=> <#ty as __hms::#parameter>::from_event);
            Some(quote_spanned!(site=> let __event = #from_event(__event);))
        }
        Parameter::Borrowed { .. } => None,
    });
    let call = call(identity, &handler.function, method, std::iter::once(quote_spanned!(site=> __event)));
    let body = quote_spanned! {site=>
        let (__event, __scope) = __invocation.into_parts();
        #convert
        #call
    };
    // The place of the function's name: a future that is not `Send` is reported there.
    let body = quote_spanned!(identity.ident.span()=> __hms::handler_future(async move { #body }));
    quote_spanned! {site=>
        fn __run(__invocation: __hms::HandlerInvocation<__hms::#event>) -> __hms::#future {
            #body
        }
    }
}
