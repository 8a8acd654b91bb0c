//! `#[tool]`.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};

use super::{call, concurrency, location, needs, retry, wrap};
use crate::{
    item::Item,
    model::{Argument, Arguments, Default, Identity, Number, Range, Tool},
};

pub(crate) fn tool(item: &Item, identity: &Identity, tool: &Tool) -> TokenStream {
    let arguments = arguments(&tool.arguments);
    let needs = needs(&tool.function);
    let implementation = implementation(identity, &tool.name, spec(identity, tool));
    let run = run(identity, tool);
    let ident = &identity.ident;
    let generated = wrap(
        identity,
        quote_spanned! {Span::mixed_site()=>
            use __hms::PlainReturn as _;
            #arguments
            #needs
            #implementation
            #run
            __hms::inventory::submit! { __hms::Registration::Tool(&<#ident as __hms::Tool>::SPEC) }
        },
    );
    quote!(#item #generated)
}

/// After a mistake: the function, and a type of its name that can still be listed in `tools![…]`.
pub(crate) fn fallback(item: &Item, identity: &Identity, errors: TokenStream) -> TokenStream {
    let ident = &identity.ident;
    let location = location(identity);
    let spec = quote_spanned! {Span::mixed_site()=>
        __hms::ToolSpec::new(Self::NAME, "", #location, &[], &[], |_| ::core::unreachable!())
    };
    let generated = wrap(identity, implementation(identity, &ident.to_string(), spec));
    quote!(#item #errors #generated)
}

fn implementation(identity: &Identity, name: &str, spec: TokenStream) -> TokenStream {
    let ident = &identity.ident;
    quote_spanned! {Span::mixed_site()=>
        impl __hms::Tool for #ident {
            const NAME: &'static ::core::primitive::str = #name;
            const SPEC: __hms::ToolSpec = #spec;
        }
    }
}

fn spec(identity: &Identity, tool: &Tool) -> TokenStream {
    let location = location(identity);
    let description = &tool.description;
    let whole = matches!(tool.arguments, Arguments::Whole { .. }).then(|| quote!(.whole()));
    let deadline = tool.deadline_millis.map(|time| {
        let time = Literal::u64_unsuffixed(time);
        quote!(.deadline_millis(#time))
    });
    let concurrency = concurrency(tool.concurrency);
    let after = tool
        .finishes_after_deadline
        .then(|| quote_spanned!(Span::mixed_site()=> .after_deadline(__hms::AfterDeadline::Finish)));
    let background = tool.background.then(|| quote!(.background()));
    let response = tool.response.as_ref().map(|text| quote!(.response(#text)));
    let message = tool.message.as_ref().map(|text| quote!(.message(#text)));
    let url = tool.url.as_ref().map(|url| quote!(.url(#url)));
    let retry = retry(tool.retry);
    quote_spanned! {Span::mixed_site()=>
        __hms::ToolSpec::new(Self::NAME, #description, #location, __ARGUMENTS, __NEEDS, __run)
            #whole #deadline #concurrency #after #background #response #message #url #retry
    }
}

/// One constant for each argument, and the list of them.
///
/// ```text
/// const __ARGUMENT_0: __hms::Argument<u32> = __hms::Argument::<u32>::new("count", "How many.").range(…);
/// const __ARGUMENTS: &[__hms::ArgumentSpec] = &[__ARGUMENT_0.spec()];
/// ```
fn arguments(arguments: &Arguments) -> TokenStream {
    let constants: Vec<TokenStream> = match arguments {
        Arguments::Each(each) => each.iter().enumerate().map(|(index, it)| argument(index, it)).collect(),
        Arguments::Whole { ty, span, garde } => vec![constant(0, ty, *span, "", quote!(""), rules(*garde, *span))],
    };
    let names = (0..constants.len()).map(constant_name);
    quote_spanned! {Span::mixed_site()=>
        #(#constants)*
        const __ARGUMENTS: &[__hms::ArgumentSpec] = &[#(#names.spec()),*];
    }
}

fn constant_name(index: usize) -> Ident {
    format_ident!("__ARGUMENT_{index}", span = Span::mixed_site())
}

fn constant(
    index: usize,
    ty: &TokenStream,
    span: Span,
    name: &str,
    description: TokenStream,
    settings: TokenStream,
) -> TokenStream {
    let constant = constant_name(index);
    // The place of the type, so that an argument that the model cannot fill in is reported there.
    let new = quote_spanned!(span=> __hms::Argument::<#ty>::new(#name, #description));
    quote_spanned! {Span::mixed_site()=>
        const #constant: __hms::Argument<#ty> = #new #settings;
    }
}

fn argument(index: usize, argument: &Argument) -> TokenStream {
    // The place of the type, so that a constraint that does not fit it is reported there.
    let site = argument.span;
    let ty = &argument.ty;
    let default = argument.default.as_ref().map(|value| default(value, ty));
    let example = argument.example.as_ref().map(|value| {
        let example = typed("example", value, ty);
        quote_spanned!(Span::mixed_site()=> .example(|| __hms::json(#example)))
    });
    let range = argument.range.map(|it| {
        let range = range(it);
        quote_spanned!(site=> .range(#range))
    });
    let length = argument.length.map(|(minimum, maximum)| {
        let (minimum, maximum) = (Literal::usize_unsuffixed(minimum), option(maximum.map(Literal::usize_unsuffixed)));
        quote_spanned!(site=> .length(#minimum, #maximum))
    });
    let pattern = argument.pattern.as_ref().map(|pattern| quote_spanned!(site=> .pattern(#pattern)));
    let strict = argument.strict.then(|| quote!(.strict()));
    let garde = rules(argument.garde, site);
    let record = argument.record.then(|| quote!(.record()));
    let settings = quote!(#default #example #range #length #pattern #strict #garde #record);
    constant(index, ty, argument.span, &argument.name, argument.description.clone(), settings)
}

/// At the place of the type, so that a type without rules is reported there.
fn rules(garde: bool, site: Span) -> TokenStream {
    if garde { quote_spanned!(site=> .garde()) } else { TokenStream::new() }
}

fn default(value: &Default, ty: &TokenStream) -> TokenStream {
    match value {
        Default::OfType => quote_spanned! {Span::mixed_site()=>
            .default(<#ty as ::core::default::Default>::default, ::core::option::Option::None)
        },
        Default::Computed(value) => {
            let value = typed("value", value, ty);
            quote_spanned!(Span::mixed_site()=> .default(|| #value, ::core::option::Option::None))
        }
        Default::Literal(literal) => {
            let (value, shown) = (typed("value", literal, ty), typed("example", literal, ty));
            quote_spanned! {Span::mixed_site()=>
                .default(|| #value, ::core::option::Option::Some(|| __hms::json(#shown)))
            }
        }
    }
}

/// `__hms::value::<u32, _>(3)`, all of it at the place of the value, so that one of another type is reported there.
fn typed(function: &str, value: &TokenStream, ty: &TokenStream) -> TokenStream {
    let span = value.clone().into_iter().next().map_or_else(Span::mixed_site, |first| first.span());
    let function = Ident::new(function, span);
    quote_spanned!(span=> __hms::#function::<#ty, _>(#value))
}

fn range(range: Range) -> TokenStream {
    let (minimum, maximum) = (option(range.minimum.map(bound)), option(range.maximum.map(bound)));
    let excludes_maximum = range.excludes_maximum;
    quote_spanned! {Span::mixed_site()=>
        __hms::Range { minimum: #minimum, maximum: #maximum, excludes_maximum: #excludes_maximum }
    }
}

fn bound(number: Number) -> TokenStream {
    match number {
        Number::Integer(number) => {
            let sign = (number < 0).then(|| quote!(-));
            let digits = Literal::u128_unsuffixed(number.unsigned_abs());
            quote_spanned!(Span::mixed_site()=> __hms::Bound::Integer(#sign #digits))
        }
        Number::Float(number) => {
            let sign = number.is_sign_negative().then(|| quote!(-));
            let digits = Literal::f64_unsuffixed(number.abs());
            quote_spanned!(Span::mixed_site()=> __hms::Bound::Float(#sign #digits))
        }
    }
}

fn option(value: Option<impl quote::ToTokens>) -> TokenStream {
    match value {
        Some(value) => quote_spanned!(Span::mixed_site()=> ::core::option::Option::Some(#value)),
        None => quote_spanned!(Span::mixed_site()=> ::core::option::Option::None),
    }
}

/// Reads the arguments, all of them even when one is wrong, and calls the function.
///
/// ```text
/// fn __run(__invocation: __hms::ToolInvocation) -> __hms::ToolFuture {
///     __hms::tool_future(async move {
///         let (mut __arguments, __scope) = __invocation.into_parts();
///         let __0 = __arguments.take(0, __ARGUMENT_0);
///         let (Some(__0), true) = (__0, __arguments.complete()) else { return __arguments.refuse() };
///         let __returned = lookup_order(__0).await;
///         __hms::Returned(__returned).tool()
///     })
/// }
/// ```
fn run(identity: &Identity, tool: &Tool) -> TokenStream {
    let site = Span::mixed_site();
    let (count, take) = match &tool.arguments {
        Arguments::Each(each) => (each.len(), quote_spanned!(site=> take)),
        Arguments::Whole { .. } => (1, quote_spanned!(site=> take_whole)),
    };
    let locals: Vec<Ident> = (0..count).map(|index| format_ident!("__{index}", span = site)).collect();
    let takes = locals.iter().enumerate().map(|(index, local)| {
        let constant = constant_name(index);
        let position = match &tool.arguments {
            Arguments::Each(_) => {
                let index = Literal::usize_unsuffixed(index);
                quote!(#index,)
            }
            Arguments::Whole { .. } => TokenStream::new(),
        };
        quote_spanned!(site=> let #local = __arguments.#take(#position #constant);)
    });
    let checked = match locals.is_empty() {
        true => quote_spanned!(site=> let true = __arguments.complete()),
        false => quote_spanned! {site=>
            let (#(::core::option::Option::Some(#locals),)* true) = (#(#locals,)* __arguments.complete())
        },
    };
    let call = call(identity, &tool.function, "tool", locals.iter().map(|local| quote!(#local)));
    let body = quote_spanned! {site=>
        let (mut __arguments, __scope) = __invocation.into_parts();
        #(#takes)*
        #checked else { return __arguments.refuse() };
        #call
    };
    // The place of the function's name: a future that is not `Send` is reported there.
    let future = quote_spanned!(identity.ident.span()=> __hms::tool_future(async move { #body }));
    quote_spanned! {site=>
        fn __run(__invocation: __hms::ToolInvocation) -> __hms::ToolFuture {
            #future
        }
    }
}
