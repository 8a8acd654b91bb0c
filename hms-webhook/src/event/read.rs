//! Reading a piece of JSON as a type of the user's, and saying what does not fit without quoting it.

use std::fmt::{self, Display};

use serde::{
    de::{
        DeserializeOwned, Deserializer, Error, Expected, IntoDeserializer, Unexpected, Visitor,
        value::{MapAccessDeserializer, MapDeserializer, SeqDeserializer, StrDeserializer},
    },
    forward_to_deserialize_any,
};
use serde_json::{Value, value::RawValue};
use serde_path_to_error::Segment;

use super::error::{ParseError, shown};

/// Reads the value at `place` as a `T`.
pub(super) fn read_as<T: DeserializeOwned>(json: &RawValue, place: &str) -> Result<T, ParseError> {
    serde_json::from_str(json.get()).map_err(|_| diagnose::<T>(json, place))
}

/// Reads once more, slowly, to learn what does not fit and where.
fn diagnose<T: DeserializeOwned>(json: &RawValue, place: &str) -> ParseError {
    let Ok(value) = serde_json::from_str::<Value>(json.get()) else { return ParseError::unreadable(place) };
    let Err(error) = serde_path_to_error::deserialize::<_, T>(Reader(&value)) else {
        return ParseError::refused(place);
    };

    let place = error.path().iter().fold(place.to_owned(), |place, segment| match segment {
        Segment::Seq { index } => format!("{place}[{index}]"),
        Segment::Map { key } => format!("{place}.{}", shown(key)),
        Segment::Enum { variant } => format!("{place}.{}", shown(variant)),
        Segment::Unknown => format!("{place}.?"),
    });
    match error.into_inner() {
        Misfit::Type { expected, found } => ParseError::wrong(place, expected, found),
        Misfit::Missing(name) => ParseError::missing(format_args!("{place}.{name}")),
        // The path leads to the member's value already.
        Misfit::Unexpected(name) if place.ends_with(&shown(&name)) => ParseError::unexpected(place),
        Misfit::Unexpected(name) => ParseError::unexpected(format_args!("{place}.{}", shown(&name))),
        Misfit::NotOneOf(known) => ParseError::not_one_of(place, known),
        Misfit::Other => ParseError::refused(place),
    }
}

/// What did not fit. The sentences that serde makes of it quote values; this keeps only what does not.
#[derive(Debug)]
enum Misfit {
    Type { expected: String, found: &'static str },
    Missing(&'static str),
    Unexpected(String),
    NotOneOf(&'static [&'static str]),
    Other,
}

impl Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the value does not fit")
    }
}

impl std::error::Error for Misfit {}

impl Error for Misfit {
    fn custom<T: Display>(_: T) -> Self {
        Self::Other
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::Type { expected: expected.to_string(), found: kind(found) }
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let found = match found {
            Unexpected::Str(_) => "another string",
            Unexpected::Unsigned(_) | Unexpected::Signed(_) | Unexpected::Float(_) => "another number",
            found => kind(found),
        };
        Self::Type { expected: expected.to_string(), found }
    }

    fn invalid_length(_: usize, expected: &dyn Expected) -> Self {
        Self::Type { expected: expected.to_string(), found: "another length" }
    }

    fn unknown_variant(_: &str, known: &'static [&'static str]) -> Self {
        Self::NotOneOf(known)
    }

    fn unknown_field(name: &str, _: &'static [&'static str]) -> Self {
        Self::Unexpected(name.to_owned())
    }

    fn missing_field(name: &'static str) -> Self {
        Self::Missing(name)
    }
}

fn kind(found: Unexpected<'_>) -> &'static str {
    match found {
        Unexpected::Bool(_) => "a boolean",
        Unexpected::Unsigned(_) | Unexpected::Signed(_) | Unexpected::Float(_) => "a number",
        Unexpected::Str(_) | Unexpected::Char(_) => "a string",
        Unexpected::Unit | Unexpected::Option => "null",
        Unexpected::Seq => "an array",
        Unexpected::Map => "an object",
        _ => "something else",
    }
}

/// A value as a deserializer whose error is a [`Misfit`].
#[derive(Clone, Copy)]
struct Reader<'de>(&'de Value);

impl<'de> IntoDeserializer<'de, Misfit> for Reader<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Reader<'de> {
    type Error = Misfit;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Number(number) => match (number.as_u64(), number.as_i64()) {
                (Some(value), _) => visitor.visit_u64(value),
                (None, Some(value)) => visitor.visit_i64(value),
                (None, None) => visitor.visit_f64(number.as_f64().unwrap_or_default()),
            },
            Value::String(text) => visitor.visit_borrowed_str(text),
            Value::Array(values) => visitor.visit_seq(SeqDeserializer::new(values.iter().map(Reader))),
            Value::Object(members) => visitor
                .visit_map(MapDeserializer::new(members.iter().map(|(name, value)| (name.as_str(), Reader(value))))),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        match self.0 {
            Value::String(text) => visitor.visit_enum(StrDeserializer::new(text)),
            Value::Object(members) => {
                let members = members.iter().map(|(name, value)| (name.as_str(), Reader(value)));
                visitor.visit_enum(MapAccessDeserializer::new(MapDeserializer::new(members)))
            }
            _ => self.deserialize_any(visitor),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        seq tuple tuple_struct map struct identifier ignored_any
    }
}
