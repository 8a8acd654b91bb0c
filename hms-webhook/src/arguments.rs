//! Arguments of a tool: what was promised to the model, and reading what it sent.

mod decode;
mod faults;
mod missing;
mod prepare;
mod received;
mod record;
mod rules;
mod scan;
mod walk;

use std::{fmt, marker::PhantomData};

use schemars::generate::SchemaSettings;
use serde_json::Value;

pub use decode::DecodeFault;
pub(crate) use prepare::PreparedArguments;
#[cfg(fuzzing)]
pub(crate) use prepare::conform_to;
pub use received::Arguments;
pub(crate) use received::object_text;
pub use rules::{HasRules, Violation};
#[cfg(feature = "testing")]
pub(crate) use scan::repeated_name;

/// A type that an argument of a tool may have.
///
/// Implemented for everything that implements [`serde::Deserialize`] and `schemars::JsonSchema`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an argument of a tool",
    label = "the model cannot fill this in",
    note = "an owned parameter comes from the model: `{Self}`, or what it holds, needs `#[derive(serde::Deserialize, schemars::JsonSchema)]`",
    note = "a parameter that the server provides is borrowed: write `&{Self}`; what does not belong to the call is registered with `.state(…)`"
)]
pub trait ArgumentValue: Sized + Send + 'static {
    #[doc(hidden)]
    fn schema() -> Value;
    #[doc(hidden)]
    fn decode(json: &str) -> Result<Self, DecodeFault>;
    /// The value that stands for an argument that was not sent: `None` for an `Option`.
    #[doc(hidden)]
    fn missing() -> Option<Self>;
}

#[diagnostic::do_not_recommend]
impl<T: serde::de::DeserializeOwned + schemars::JsonSchema + Send + 'static> ArgumentValue for T {
    fn schema() -> Value {
        let inline = |settings: &mut SchemaSettings| settings.inline_subschemas = true;
        let generator = SchemaSettings::draft2020_12().with(inline).into_generator();
        generator.into_root_schema_for::<T>().to_value()
    }

    fn decode(json: &str) -> Result<Self, DecodeFault> {
        decode::decode(json)
    }

    fn missing() -> Option<Self> {
        missing::missing()
    }
}

/// One end of a `range`.
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bound {
    Integer(i128),
    Float(f64),
}

/// What `#[arg(range = …)]` allows.
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    pub minimum: Option<Bound>,
    pub maximum: Option<Bound>,
    pub excludes_maximum: bool,
}

/// A number, or an optional one: what `range` may stand on.
#[diagnostic::on_unimplemented(
    message = "`range` does not fit `{Self}`",
    label = "this is not a number",
    note = "`range` is for numbers; for the length of a text or a list write `length = 1..=10`"
)]
pub trait HasRange {}

/// A text or a list, or an optional one: what `length` may stand on.
#[diagnostic::on_unimplemented(
    message = "`length` does not fit `{Self}`",
    label = "this is neither a text nor a list",
    note = "`length` is for `String` and `Vec`; for the size of a number write `range = 1..=10`"
)]
pub trait HasLength {}

/// A text, or an optional one: what `pattern` may stand on.
#[diagnostic::on_unimplemented(
    message = "`pattern` does not fit `{Self}`",
    label = "this is not a text",
    note = "`pattern` is for `String`"
)]
pub trait HasPattern {}

macro_rules! has {
    ($constraint:ident: $($type:ty),*) => { $(impl $constraint for $type {})* };
}

has!(HasRange: i8, i16, i32, i64, i128, isize, u8, u16, u32, u64, u128, usize, f32, f64);
has!(HasLength: String, Box<str>);
has!(HasPattern: String, Box<str>);

impl<T> HasLength for Vec<T> {}
impl<T: HasRange> HasRange for Option<T> {}
impl<T: HasLength> HasLength for Option<T> {}
impl<T: HasPattern> HasPattern for Option<T> {}

/// What is known of one argument, without its type. Written by `#[tool]`.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct ArgumentSpec {
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
    pub(crate) schema: fn() -> Value,
    pub(crate) optional: fn() -> bool,
    pub(crate) has_default: bool,
    pub(crate) default_json: Option<fn() -> Value>,
    pub(crate) example: Option<fn() -> Value>,
    pub(crate) range: Option<Range>,
    pub(crate) length: Option<(usize, Option<usize>)>,
    pub(crate) pattern: Option<&'static str>,
    pub(crate) strict: bool,
    /// Spans show the value.
    pub(crate) record: bool,
}

/// One argument with its type: the only place where its bounds are asked for, so that a type that
/// does not fit is reported once.
#[doc(hidden)]
pub struct Argument<T: 'static> {
    spec: ArgumentSpec,
    decode: fn(&str) -> Result<T, DecodeFault>,
    missing: fn() -> Option<T>,
    default: Option<fn() -> T>,
    rules: Option<fn(&T) -> Vec<Violation>>,
    marker: PhantomData<fn() -> T>,
}

impl<T: 'static> Clone for Argument<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: 'static> Copy for Argument<T> {}

impl<T: 'static> fmt::Debug for Argument<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.spec.fmt(f)
    }
}

impl<T: 'static> Argument<T> {
    pub const fn new(name: &'static str, description: &'static str) -> Self
    where
        T: ArgumentValue,
    {
        Self {
            spec: ArgumentSpec {
                name,
                description,
                schema: T::schema,
                optional: || T::missing().is_some(),
                has_default: false,
                default_json: None,
                example: None,
                range: None,
                length: None,
                pattern: None,
                strict: false,
                record: false,
            },
            decode: T::decode,
            missing: T::missing,
            default: None,
            rules: None,
            marker: PhantomData,
        }
    }

    /// The value of an argument that was not sent, and how the schema shows it where that can be said.
    pub const fn default(mut self, value: fn() -> T, json: Option<fn() -> Value>) -> Self {
        self.spec.has_default = true;
        self.spec.default_json = json;
        self.default = Some(value);
        self
    }

    pub const fn example(mut self, json: fn() -> Value) -> Self {
        self.spec.example = Some(json);
        self
    }

    pub const fn range(mut self, range: Range) -> Self
    where
        T: HasRange,
    {
        self.spec.range = Some(range);
        self
    }

    pub const fn length(mut self, minimum: usize, maximum: Option<usize>) -> Self
    where
        T: HasLength,
    {
        self.spec.length = Some((minimum, maximum));
        self
    }

    pub const fn pattern(mut self, pattern: &'static str) -> Self
    where
        T: HasPattern,
    {
        self.spec.pattern = Some(pattern);
        self
    }

    /// The rules of the type itself are checked too, once it was read.
    pub const fn garde(mut self) -> Self
    where
        T: HasRules,
    {
        self.rules = Some(T::violations);
        self
    }

    pub const fn strict(mut self) -> Self {
        self.spec.strict = true;
        self
    }

    /// Spans show the value, which is no secret and says nothing about a caller.
    pub const fn record(mut self) -> Self {
        self.spec.record = true;
        self
    }

    pub const fn spec(&self) -> ArgumentSpec {
        self.spec
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
