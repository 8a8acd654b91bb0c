//! What was written between the brackets of an attribute: keys and their values, each of the kind that the key takes.
//!
//! Whether a value makes sense is decided in `check`.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote};
use syn::{
    Expr, ExprLit, Lit, LitStr, Path, Token,
    ext::IdentExt,
    parse::{ParseStream, Parser},
    spanned::Spanned,
};

use crate::{
    errors::{self, Errors},
    model::Event,
};

const TOOL_KEYS: &[&str] = &[
    "name",
    "description",
    "deadline",
    "concurrency",
    "background",
    "response",
    "message",
    "url",
    "after_deadline",
    "tries",
    "first_retry",
    "longest_retry",
    "crate",
];
const NOTIFICATION_KEYS: &[&str] = &["tries", "first_retry", "longest_retry", "crate"];
const ARGUMENT_KEYS: &[&str] =
    &["name", "description", "default", "range", "length", "pattern", "example", "strict", "garde", "record"];

/// The keys of `#[tool]`.
pub(crate) struct ToolKeys {
    pub(crate) name: Option<LitStr>,
    pub(crate) description: Option<LitStr>,
    pub(crate) deadline: Option<LitStr>,
    pub(crate) concurrency: Option<Expr>,
    pub(crate) background: Option<Span>,
    pub(crate) response: Option<(Ident, LitStr)>,
    pub(crate) message: Option<LitStr>,
    pub(crate) url: Option<LitStr>,
    pub(crate) after_deadline: Option<LitStr>,
    pub(crate) retry: RetryKeys,
    pub(crate) runtime: Option<Path>,
}

impl ToolKeys {
    pub(crate) fn read(tokens: TokenStream, errors: &mut Errors) -> Self {
        let mut keys = Keys::read("#[tool]", tokens, errors);
        let first = keys.first_string("the name of the tool", "#[tool(\"lookup_order\")]", errors);
        let name = keys.string("name", "lookup_order", errors);
        if let (Some(_), Some(name)) = (&first, &name) {
            errors.at(name, "the name is given twice; leave this one out");
        }
        let response_key = keys.ident("response");
        let read = Self {
            name: first.or(name),
            description: keys.string("description", "Looks up an order by its number", errors),
            deadline: keys.string("deadline", "3s", errors),
            concurrency: keys.expression("concurrency", "concurrency = 8", errors),
            background: keys.flag("background", errors),
            response: response_key.zip(keys.string("response", "I have sent the mail", errors)),
            message: keys.string("message", "One moment, I am looking it up", errors),
            url: keys.string("url", "https://hooks.example.com/tools", errors),
            after_deadline: keys.string("after_deadline", "finish", errors),
            retry: RetryKeys::read(&mut keys, errors),
            runtime: keys.path("crate", errors),
        };
        keys.refuse_the_rest(TOOL_KEYS, errors);
        read
    }

    pub(crate) fn runtime(&self) -> TokenStream {
        runtime(self.runtime.as_ref())
    }
}

/// What stands in the attribute of an event handler.
pub(crate) struct HandlerKeys {
    /// The type of the event, for `#[event]` only.
    pub(crate) event_type: Option<LitStr>,
    /// Of what runs after it was acknowledged.
    pub(crate) retry: RetryKeys,
    /// Of what somebody waits for.
    pub(crate) concurrency: Option<Expr>,
    pub(crate) runtime: Option<Path>,
}

impl HandlerKeys {
    pub(crate) fn read(event: Event, tokens: TokenStream, errors: &mut Errors) -> Self {
        let mut keys = Keys::read(event.attribute(), tokens, errors);
        let event_type = match event {
            Event::Other => {
                if keys.first.is_none() {
                    errors.at_span(
                        Span::call_site(),
                        "which event is missing; write its type, for example `#[event(\"transcript\")]`",
                    );
                }
                keys.first_string("the type of the event", "#[event(\"transcript\")]", errors)
            }
            _ => {
                if let Some(first) = keys.first.take() {
                    let attribute = event.attribute();
                    errors.at(first, format!("`{attribute}` takes no name; write `{attribute}`"));
                }
                None
            }
        };
        let (retry, concurrency, known) = match event {
            // Somebody waits for its answer, so it is tried once.
            Event::AssistantRequest => {
                let concurrency = keys.expression("concurrency", "concurrency = 8", errors);
                (RetryKeys::default(), concurrency, &["concurrency", "crate"][..])
            }
            _ => (RetryKeys::read(&mut keys, errors), None, NOTIFICATION_KEYS),
        };
        let read = Self { event_type, retry, concurrency, runtime: keys.path("crate", errors) };
        keys.refuse_the_rest(known, errors);
        read
    }

    pub(crate) fn runtime(&self) -> TokenStream {
        runtime(self.runtime.as_ref())
    }
}

/// When something that failed is tried again.
#[derive(Default)]
pub(crate) struct RetryKeys {
    pub(crate) tries: Option<(Ident, Option<Expr>)>,
    pub(crate) first: Option<(Ident, LitStr)>,
    pub(crate) longest: Option<(Ident, LitStr)>,
}

impl RetryKeys {
    fn read(keys: &mut Keys, errors: &mut Errors) -> Self {
        let mut time = |name: &str, example: &str, errors: &mut Errors| {
            let ident = keys.ident(name);
            ident.zip(keys.string(name, example, errors))
        };
        let first = time("first_retry", "2s", errors);
        let longest = time("longest_retry", "1h", errors);
        Self { tries: keys.take("tries", errors).map(|key| (key.name, key.value)), first, longest }
    }

    /// The keys that were written.
    pub(crate) fn idents(&self) -> impl Iterator<Item = &Ident> {
        let tries = self.tries.as_ref().map(|(ident, _)| ident);
        tries.into_iter().chain([&self.first, &self.longest].into_iter().flatten().map(|(ident, _)| ident))
    }
}

fn runtime(written: Option<&Path>) -> TokenStream {
    written.map_or_else(|| quote!(::hms_webhook), ToTokens::to_token_stream)
}

/// The keys of all `#[arg(…)]` of one parameter.
pub(crate) struct ArgumentKeys {
    pub(crate) name: Option<LitStr>,
    pub(crate) description: Option<LitStr>,
    /// `Some(None)` for `default` without a value.
    pub(crate) default: Option<Option<Expr>>,
    pub(crate) range: Option<Expr>,
    pub(crate) length: Option<Expr>,
    pub(crate) pattern: Option<LitStr>,
    pub(crate) example: Option<Expr>,
    pub(crate) strict: bool,
    pub(crate) garde: bool,
    pub(crate) record: bool,
}

impl ArgumentKeys {
    pub(crate) fn read(lists: Vec<TokenStream>, errors: &mut Errors) -> Self {
        let mut keys = Keys { attribute: "#[arg]", first: None, keys: Vec::new() };
        for tokens in lists {
            let more = Keys::read("#[arg]", tokens, errors);
            if let Some(first) = more.first {
                errors.at(&first, format!("a value without a key; write `#[arg(name = {})]`", first.to_token_stream()));
            }
            keys.keys.extend(more.keys);
        }
        let read = Self {
            name: keys.string("name", "order_id", errors),
            description: keys.string("description", "The number of the order", errors),
            default: keys.take("default", errors).map(|key| key.value),
            range: keys.expression("range", "range = 1..=10", errors),
            length: keys.expression("length", "length = 1..=10", errors),
            pattern: keys.string("pattern", "^[A-Z]-[0-9]+$", errors),
            example: keys.expression("example", "example = \"A-1042\"", errors),
            strict: keys.flag("strict", errors).is_some(),
            garde: keys.flag("garde", errors).is_some(),
            record: keys.flag("record", errors).is_some(),
        };
        keys.refuse_the_rest(ARGUMENT_KEYS, errors);
        read
    }

    /// Whether an `#[arg(…)]` beside `#[args]` says `garde` and nothing else, which is all that it may say.
    pub(crate) fn is_only_garde(tokens: TokenStream) -> bool {
        syn::parse2::<Ident>(tokens).is_ok_and(|key| key == "garde")
    }
}

/// One `key` or `key = value`.
struct Key {
    name: Ident,
    value: Option<Expr>,
}

/// What one attribute holds, before it is known which keys it may have.
struct Keys {
    attribute: &'static str,
    /// A value that stands first without a key.
    first: Option<Expr>,
    keys: Vec<Key>,
}

impl Keys {
    fn read(attribute: &'static str, tokens: TokenStream, errors: &mut Errors) -> Self {
        let mut keys = Self { attribute, first: None, keys: Vec::new() };
        let read = |input: ParseStream<'_>| {
            let mut is_first = true;
            while !input.is_empty() {
                if let Err(error) = keys.read_one(is_first, input, errors) {
                    errors.add(error);
                    skip_to_comma(input)?;
                }
                is_first = false;
                if input.is_empty() {
                    break;
                }
                if let Err(error) = input.parse::<Token![,]>() {
                    errors.add(error);
                    skip_to_comma(input)?;
                    input.parse::<Option<Token![,]>>()?;
                }
            }
            Ok(())
        };
        if let Err(error) = read.parse2(tokens) {
            errors.add(error);
        }
        keys
    }

    fn read_one(&mut self, is_first: bool, input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<()> {
        let is_key = input.peek(Ident::peek_any)
            && !input.peek(syn::LitBool)
            && (input.peek2(Token![=]) || input.peek2(Token![,]) || input.peek2(syn::token::Paren) || {
                let ahead = input.fork();
                ahead.call(Ident::parse_any)?;
                ahead.is_empty()
            });
        if !is_key {
            let value: Expr = input.parse()?;
            match is_first {
                true => self.first = Some(value),
                false => errors.at(value, format!("a value without a key in `{}`", self.attribute)),
            }
            return Ok(());
        }
        let name = input.call(Ident::parse_any)?;
        if input.peek(syn::token::Paren) {
            return Err(syn::Error::new(name.span(), format!("write `{name} = …`, without brackets")));
        }
        let equals: Option<Token![=]> = input.parse()?;
        let value = match equals {
            Some(equals) if input.is_empty() || input.peek(Token![,]) => {
                return Err(syn::Error::new(equals.span(), format!("the value of `{name}` is missing")));
            }
            Some(_) => Some(input.parse()?),
            None => None,
        };
        self.keys.push(Key { name, value });
        Ok(())
    }

    fn ident(&self, name: &str) -> Option<Ident> {
        self.keys.iter().find(|key| key.name == name).map(|key| key.name.clone())
    }

    /// Takes the key of this name out; a second one is a mistake.
    fn take(&mut self, name: &str, errors: &mut Errors) -> Option<Key> {
        let mut taken = None;
        for key in self.keys.extract_if(.., |key| key.name == name) {
            match taken {
                None => taken = Some(key),
                Some(_) => errors.at(key.name, format!("`{name}` is given twice; leave one out")),
            }
        }
        taken
    }

    fn first_string(&mut self, what: &str, example: &str, errors: &mut Errors) -> Option<LitStr> {
        let first = self.first.take()?;
        let text = string_literal(&first);
        if text.is_none() {
            errors.at(first, format!("{what} is a string: write `{example}`"));
        }
        text
    }

    fn string(&mut self, name: &str, example: &str, errors: &mut Errors) -> Option<LitStr> {
        let key = self.take(name, errors)?;
        let text = key.value.as_ref().and_then(string_literal);
        if text.is_none() {
            let message = format!("`{name}` takes a string: write `{name} = \"{example}\"`");
            match key.value {
                Some(value) => errors.at(value, message),
                None => errors.at(key.name, message),
            }
        }
        text
    }

    fn flag(&mut self, name: &str, errors: &mut Errors) -> Option<Span> {
        let key = self.take(name, errors)?;
        if let Some(value) = key.value {
            errors.at(value, format!("`{name}` takes no value: write `{name}`, or leave it out"));
        }
        Some(key.name.span())
    }

    fn expression(&mut self, name: &str, example: &str, errors: &mut Errors) -> Option<Expr> {
        let key = self.take(name, errors)?;
        if key.value.is_none() {
            errors.at(key.name, format!("`{name}` needs a value: write `{example}`"));
        }
        key.value
    }

    fn path(&mut self, name: &str, errors: &mut Errors) -> Option<Path> {
        let key = self.take(name, errors)?;
        match key.value {
            Some(Expr::Path(path)) if path.qself.is_none() => return Some(path.path),
            Some(value) => errors.at(value, format!("`{name}` takes a path without quotes: write `{name} = ::voice`")),
            None => errors.at(key.name, format!("`{name}` needs a path: write `{name} = ::voice`")),
        }
        None
    }

    /// What is left when every known key was taken is unknown.
    fn refuse_the_rest(self, known: &[&str], errors: &mut Errors) {
        for key in self.keys {
            let name = key.name.to_string();
            let advice = errors::advice(&name, known);
            errors.at(key.name, format!("unknown key `{name}` in `{}`{advice}", self.attribute));
        }
    }
}

/// The expression without the invisible brackets that a `macro_rules!` variable puts around it, and without visible ones.
pub(crate) fn peel(expression: &Expr) -> &Expr {
    match expression {
        Expr::Group(group) => peel(&group.expr),
        Expr::Paren(paren) => peel(&paren.expr),
        _ => expression,
    }
}

fn string_literal(expression: &Expr) -> Option<LitStr> {
    match peel(expression) {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(LitStr::new(&text.value(), text.span())),
        _ => None,
    }
}

fn skip_to_comma(input: ParseStream<'_>) -> syn::Result<()> {
    while !input.is_empty() && !input.peek(Token![,]) {
        input.parse::<proc_macro2::TokenTree>()?;
    }
    Ok(())
}
