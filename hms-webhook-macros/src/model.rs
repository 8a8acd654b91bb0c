//! What an annotated function means once it was found to be right. `expand` writes it down without asking anything.

use proc_macro2::{Ident, Span, TokenStream};

/// What is known of a function even if everything else about it is wrong.
pub(crate) struct Identity {
    /// The crate that generated code calls: `::hms_webhook`, or what `crate = path` says.
    pub(crate) runtime: TokenStream,
    /// The function's `#[cfg(…)]`, which hold for everything generated.
    pub(crate) conditions: TokenStream,
    pub(crate) visibility: TokenStream,
    pub(crate) ident: Ident,
}

/// How a function is called.
pub(crate) struct Function {
    pub(crate) is_async: bool,
    /// Where the compiler shall point when what the function returns does not fit.
    pub(crate) returns: Span,
    pub(crate) parameters: Vec<Parameter>,
}

/// One parameter, in the order of the signature.
pub(crate) enum Parameter {
    /// From the wire: the next argument of a tool, or the event of a handler.
    Owned { ty: TokenStream, span: Span },
    /// From the server, looked up by its type.
    Borrowed { name: String, ty: TokenStream, span: Span },
}

pub(crate) struct Tool {
    pub(crate) function: Function,
    pub(crate) name: String,
    /// An expression: a literal, or a `concat!` where a part of the doc comment comes from another macro.
    pub(crate) description: TokenStream,
    pub(crate) arguments: Arguments,
    pub(crate) deadline_millis: Option<u64>,
    pub(crate) concurrency: Option<u32>,
    pub(crate) finishes_after_deadline: bool,
    pub(crate) background: bool,
    pub(crate) response: Option<String>,
    pub(crate) message: Option<String>,
    pub(crate) url: Option<String>,
    pub(crate) retry: Option<Retry>,
}

/// When something that failed is tried again.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Retry {
    pub(crate) tries: u32,
    pub(crate) first_millis: u64,
    pub(crate) longest_millis: u64,
}

pub(crate) enum Arguments {
    Each(Vec<Argument>),
    /// `#[args]`: the one owned parameter is the whole object.
    Whole {
        ty: TokenStream,
        span: Span,
        /// Whether the rules of the type are checked.
        garde: bool,
    },
}

pub(crate) struct Argument {
    pub(crate) name: String,
    pub(crate) description: TokenStream,
    pub(crate) ty: TokenStream,
    pub(crate) span: Span,
    pub(crate) default: Option<Default>,
    pub(crate) example: Option<TokenStream>,
    pub(crate) range: Option<Range>,
    pub(crate) length: Option<(usize, Option<usize>)>,
    pub(crate) pattern: Option<String>,
    pub(crate) strict: bool,
    /// Whether the rules of the type are checked.
    pub(crate) garde: bool,
    /// Whether spans show the value.
    pub(crate) record: bool,
}

/// What an argument is when it was not sent.
pub(crate) enum Default {
    /// What the type says.
    OfType,
    /// A literal, which the schema can show.
    Literal(TokenStream),
    /// Something computed anew for each call.
    Computed(TokenStream),
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Range {
    pub(crate) minimum: Option<Number>,
    pub(crate) maximum: Option<Number>,
    pub(crate) excludes_maximum: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Number {
    Integer(i128),
    Float(f64),
}

pub(crate) struct Handler {
    pub(crate) function: Function,
    pub(crate) event: Event,
    /// The type of the event on the wire, for [`Event::Other`] only.
    pub(crate) event_type: Option<String>,
    pub(crate) retry: Option<Retry>,
    pub(crate) concurrency: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    AssistantRequest,
    StatusUpdate,
    EndOfCallReport,
    Other,
}

impl Event {
    /// How the attribute is written.
    pub(crate) fn attribute(self) -> &'static str {
        match self {
            Self::AssistantRequest => "#[assistant_request]",
            Self::StatusUpdate => "#[status_update]",
            Self::EndOfCallReport => "#[end_of_call_report]",
            Self::Other => "#[event]",
        }
    }

    /// The type of its one owned parameter.
    pub(crate) fn type_name(self) -> &'static str {
        match self {
            Self::AssistantRequest => "AssistantRequest",
            Self::StatusUpdate => "StatusUpdate",
            Self::EndOfCallReport => "EndOfCallReport",
            Self::Other => "UnknownEvent",
        }
    }
}
