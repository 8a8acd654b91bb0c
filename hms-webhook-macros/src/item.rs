//! The annotated function: its signature parsed, its body left as it was written.
//!
//! Mistakes in the body then get the compiler's own messages, and the function goes back out unchanged but for
//! what is ours: `#[arg]`, `#[args]` and the doc comments of parameters.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::{
    Attribute, FnArg, Meta, Signature, Token, Visibility,
    ext::IdentExt,
    parse::{ParseStream, Parser},
    spanned::Spanned,
};

use crate::{
    errors::{Errors, nearest},
    model::Identity,
};

const MACROS: &[&str] = &["tool", "assistant_request", "status_update", "end_of_call_report", "event"];

/// The attributes that the compiler itself knows on a parameter and that do not make it conditional.
const LINT_LEVELS: &[&str] = &["allow", "expect", "warn", "deny", "forbid"];

pub(crate) struct Item {
    /// What stays on the function.
    attributes: Vec<Attribute>,
    visibility: Visibility,
    pub(crate) signature: Signature,
    /// What was taken off each parameter, in their order.
    pub(crate) helpers: Vec<Helpers>,
    body: TokenStream,
}

/// What a parameter carried that is ours.
#[derive(Default)]
pub(crate) struct Helpers {
    pub(crate) documentation: Vec<TokenStream>,
    /// What stands inside each `#[arg(…)]`, and the attribute's own place.
    pub(crate) arg: Vec<(Span, TokenStream)>,
    pub(crate) args: Option<Span>,
}

impl Item {
    /// `None` when it is no function; the mistake is noted then.
    pub(crate) fn read(attribute: &str, input: TokenStream, errors: &mut Errors) -> Option<Self> {
        let read = |input: ParseStream<'_>| {
            let attributes = input.call(Attribute::parse_outer)?;
            let visibility: Visibility = input.parse()?;
            if !begins_a_function(input) {
                let found: TokenStream = input.parse()?;
                let keyword = found.into_iter().next().map_or_else(TokenStream::new, ToTokens::into_token_stream);
                let message = format!("`{attribute}` goes on a function: `fn` or `async fn`");
                return Err(syn::Error::new_spanned(keyword, message));
            }
            let signature: Signature = input.parse()?;
            if input.peek(Token![;]) {
                let message =
                    format!("`{attribute}` goes on a function with a body, outside of traits and `extern` blocks");
                return Err(syn::Error::new(signature.ident.span(), message));
            }
            Ok(Self { attributes, visibility, signature, helpers: Vec::new(), body: input.parse()? })
        };
        match read.parse2(input) {
            Ok(mut item) => {
                item.refuse_other_macros(attribute, errors);
                item.take_helpers(errors);
                Some(item)
            }
            Err(error) => {
                errors.add(error);
                None
            }
        }
    }

    pub(crate) fn identity(&self, runtime: TokenStream) -> Identity {
        let conditions = self.attributes.iter().filter(|attribute| attribute.path().is_ident("cfg"));
        Identity {
            runtime,
            conditions: quote!(#(#conditions)*),
            visibility: self.visibility.to_token_stream(),
            ident: self.signature.ident.clone(),
        }
    }

    pub(crate) fn is_method(&self) -> bool {
        self.signature.receiver().is_some()
    }

    /// The value of each `#[doc = …]` of the function.
    pub(crate) fn documentation(&self) -> Vec<TokenStream> {
        self.attributes.iter().filter_map(documentation).collect()
    }

    /// A function can be one handler only, since each brings a type of the function's name.
    fn refuse_other_macros(&mut self, attribute: &str, errors: &mut Errors) {
        self.attributes.retain(|other| {
            let segments = &other.path().segments;
            let is_ours = segments.last().is_some_and(|last| MACROS.iter().any(|name| last.ident == name))
                && (segments.len() == 1 || segments[0].ident.to_string().contains("hms_webhook"));
            if is_ours {
                let message = format!(
                    "a function is one handler, and this one is `{attribute}` already; write a second function"
                );
                errors.at(other, message);
            }
            !is_ours
        });
    }

    fn take_helpers(&mut self, errors: &mut Errors) {
        for input in &mut self.signature.inputs {
            let mut helpers = Helpers::default();
            let attributes = match input {
                FnArg::Receiver(receiver) => &mut receiver.attrs,
                FnArg::Typed(typed) => &mut typed.attrs,
            };
            attributes.retain(|attribute| !helpers.take(attribute, errors));
            self.helpers.push(helpers);
        }
    }
}

impl Helpers {
    /// Whether the attribute is taken off the parameter.
    fn take(&mut self, attribute: &Attribute, errors: &mut Errors) -> bool {
        let path = attribute.path();
        let name = path.get_ident().map(ToString::to_string).unwrap_or_default();
        match name.as_str() {
            "doc" => self.documentation.extend(documentation(attribute)),
            "arg" => match &attribute.meta {
                Meta::List(list) => self.arg.push((path.span(), list.tokens.clone())),
                Meta::Path(_) => errors.at(attribute, "`#[arg]` without keys does nothing; write `#[arg(…)]` or leave it out"),
                Meta::NameValue(_) => errors.at(attribute, "write `#[arg(key = value)]`"),
            },
            "args" => match &attribute.meta {
                Meta::Path(_) => self.args = Some(path.span()),
                _ => errors.at(
                    attribute,
                    "`#[args]` takes no keys; keys belong to `#[arg(…)]`, on a parameter that is one argument",
                ),
            },
            "cfg" | "cfg_attr" => errors.at(
                attribute,
                "a parameter cannot be conditional, since the model is told of all of them; put `#[cfg(…)]` on the function",
            ),
            level if LINT_LEVELS.contains(&level) => return false,
            other => match nearest(other, &["arg", "args", "argument"]) {
                Some("args") if matches!(attribute.meta, Meta::Path(_)) => {
                    errors.at(attribute, format!("unknown attribute `{other}`; did you mean `#[args]`?"));
                }
                Some(_) => errors.at(attribute, format!("unknown attribute `{other}`; did you mean `#[arg(…)]`?")),
                None => return false,
            },
        }
        true
    }
}

/// The user's function as it goes back out.
impl ToTokens for Item {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        for attribute in &self.attributes {
            attribute.to_tokens(tokens);
        }
        if self.signature.asyncness.is_none() {
            // That arguments are taken by value, and that no handler is `const`, are this framework's rules and not
            // the user's choice.
            tokens.extend(quote!(#[allow(clippy::needless_pass_by_value, clippy::missing_const_for_fn)]));
        }
        self.visibility.to_tokens(tokens);
        self.signature.to_tokens(tokens);
        self.body.to_tokens(tokens);
    }
}

/// `const` and `unsafe` also begin other items.
fn begins_a_function(input: ParseStream<'_>) -> bool {
    let ahead = input.fork();
    loop {
        if ahead.peek(Token![fn]) {
            return true;
        }
        let qualifies = ahead.peek(Token![const])
            || ahead.peek(Token![async])
            || ahead.peek(Token![unsafe])
            || ahead.peek(Token![extern])
            || ahead.peek(syn::LitStr);
        let skipped = match ahead.peek(syn::LitStr) {
            true => ahead.parse::<syn::LitStr>().map(drop),
            false => ahead.call(syn::Ident::parse_any).map(drop),
        };
        if !qualifies || skipped.is_err() {
            return false;
        }
    }
}

fn documentation(attribute: &Attribute) -> Option<TokenStream> {
    match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => Some(pair.value.to_token_stream()),
        _ => None,
    }
}
