//! The code that an annotated function becomes.
//!
//! The function itself comes first and unchanged. Beside it stands a type of its own name, and in an unnamed
//! constant what `hms-webhook` needs to know: a few lines which hand everything else to its generic functions.
//! Complete examples are in `snapshots/`.
//!
//! Spans decide where the compiler points when a user's type does not fit. The tokens that ask something of a type
//! get the span of that type; a mixture of spans would be reported at the whole attribute. All other tokens get
//! [`Span::mixed_site`], so that no local of ours meets one of the user's, and lints know that nobody wrote them.

mod handler;
mod tool;

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;

pub(crate) use self::{
    handler::{fallback as handler_fallback, handler},
    tool::{fallback as tool_fallback, tool},
};
use crate::model::{Function, Identity, Parameter, Retry};

/// What is left when the annotated item is no free function: inside an `impl` no type could stand beside it.
pub(crate) fn refused(item: &TokenStream, errors: TokenStream) -> TokenStream {
    quote!(#item #errors)
}

/// The type of the function's name, and the constant that holds everything else.
///
/// ```text
/// struct lookup_order {}
///
/// const _: () = {
///     use ::hms_webhook::__private as __hms;
///     …
/// };
/// ```
fn wrap(identity: &Identity, content: TokenStream) -> TokenStream {
    let Identity { runtime, conditions, visibility, ident } = identity;
    quote_spanned! {Span::mixed_site()=>
        #conditions
        #[doc(hidden)]
        #[allow(non_camel_case_types, dead_code, unreachable_pub, missing_debug_implementations)]
        #visibility struct #ident {}

        #conditions
        #[allow(deprecated)]
        const _: () = {
            use #runtime::__private as __hms;
            #content
        };
    }
}

/// Where the function was written. The two macros look at the place that their own tokens have.
fn location(identity: &Identity) -> TokenStream {
    let name = identity.ident.unraw().to_string();
    let (file, line) = (
        quote_spanned!(identity.ident.span()=> ::core::file!()),
        quote_spanned!(identity.ident.span()=> ::core::line!()),
    );
    quote_spanned!(Span::mixed_site()=> __hms::Location { function: #name, file: #file, line: #line })
}

/// `.retry(…)` where something was written about it.
fn retry(retry: Option<Retry>) -> Option<TokenStream> {
    let Retry { tries, first_millis, longest_millis } = retry?;
    let (tries, first) = (Literal::u32_unsuffixed(tries), Literal::u64_unsuffixed(first_millis));
    let longest = Literal::u64_unsuffixed(longest_millis);
    Some(quote_spanned!(Span::mixed_site()=> .retry(__hms::RetryPolicy::new(#tries, #first, #longest))))
}

/// `.concurrency(…)` where something was written about it.
fn concurrency(calls: Option<u32>) -> Option<TokenStream> {
    let calls = Literal::u32_unsuffixed(calls?);
    Some(quote!(.concurrency(#calls)))
}

/// `const __NEEDS: &[__hms::Need] = &[__hms::Need::new::<Orders>("orders")];`
fn needs(function: &Function) -> TokenStream {
    let needs = function.parameters.iter().filter_map(|parameter| match parameter {
        Parameter::Borrowed { name, ty, .. } => {
            Some(quote_spanned!(Span::mixed_site()=> __hms::Need::new::<#ty>(#name)))
        }
        Parameter::Owned { .. } => None,
    });
    quote_spanned!(Span::mixed_site()=> const __NEEDS: &[__hms::Need] = &[#(#needs),*];)
}

/// The call of the user's function, with what it returned made into an outcome by `method`.
///
/// ```text
/// let __returned = lookup_order(__0, __scope.get::<Orders>()).await;
/// __hms::Returned(__returned).tool()
/// ```
/// or, for a plain `fn`,
/// ```text
/// __hms::blocking(move || {
///     let __returned = lookup_order(__0, __scope.get::<Orders>());
///     __hms::Returned(__returned).tool()
/// })
/// .await
/// ```
fn call(
    identity: &Identity,
    function: &Function,
    method: &str,
    mut owned: impl Iterator<Item = TokenStream>,
) -> TokenStream {
    let ident = &identity.ident;
    let values = function.parameters.iter().map(|parameter| match parameter {
        Parameter::Owned { .. } => owned.next().unwrap_or_default(),
        Parameter::Borrowed { ty, span, .. } => {
            let scope = quote_spanned!(Span::mixed_site()=> __scope);
            quote_spanned!(*span=> #scope.get::<#ty>())
        }
    });
    let call = quote_spanned!(Span::mixed_site()=> #ident(#(#values),*));
    // What was returned gets a name at the place of its type, since the compiler points at the value of a wrong type.
    let returned = Ident::new("__returned", function.returns);
    let method = Ident::new(method, function.returns);
    let outcome = quote_spanned!(function.returns=> __hms::Returned(#returned).#method());
    match function.is_async {
        true => quote_spanned! {Span::mixed_site()=>
            let #returned = #call.await;
            #outcome
        },
        false => quote_spanned! {Span::mixed_site()=>
            __hms::blocking(move || {
                let #returned = #call;
                #outcome
            })
            .await
        },
    }
}
