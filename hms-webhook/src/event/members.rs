//! The members of one JSON object, their values not yet read.
//!
//! Events are read from this and not by derived code, because an event's object is open: a member may have two
//! spellings, may be `null` or of a type that was not foreseen, and what is left over is kept.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize,
    de::{Deserializer, MapAccess, Visitor},
};
use serde_json::{Map, Value, error::Category, value::RawValue};

use super::{Extra, error::ParseError};

/// The members of an object, in the order they were sent, by borrowing from its text.
#[derive(Default)]
pub(crate) struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

/// The one spelling of today, then the older ones (P §3.5).
pub(crate) type Spellings = [&'static str];

impl<'a> Members<'a> {
    /// The members of `message` in the body of a request.
    pub(crate) fn of_message(body: &'a str) -> Result<Self, ParseError> {
        // Derived code would take an array for the envelope, too.
        if body.trim_ascii_start().starts_with('{')
            && let Ok(Envelope { message }) = serde_json::from_str(body)
        {
            return Ok(message);
        }
        // Something is wrong, or `message` comes twice: now it may take longer.
        let mut body = Self::of_body(body)?;
        match body.take(&["message"]) {
            Some(message) => Self::of(message, "message"),
            None => Err(ParseError::missing("message")),
        }
    }

    /// The members of a body as a whole.
    pub(crate) fn of_body(body: &'a str) -> Result<Self, ParseError> {
        match serde_json::from_str::<&RawValue>(body) {
            Ok(json) => Self::of(json, ""),
            Err(error) => Err(ParseError::not_json("", &error)),
        }
    }

    /// The members of the object at `place`.
    pub(crate) fn of(json: &'a RawValue, place: impl fmt::Display) -> Result<Self, ParseError> {
        serde_json::from_str(json.get()).map_err(|error| match error.classify() {
            Category::Data => ParseError::wrong(place, "an object", found(json)),
            // Names are the only thing that the raw text could still have wrong.
            _ => ParseError::not_json(place, &error),
        })
    }

    /// Takes out a member, whatever it is; `None` where it is missing.
    /// The first spelling that is there and not `null` counts, and the others go with it.
    pub(crate) fn take(&mut self, spellings: &Spellings) -> Option<&'a RawValue> {
        let taken = self.find(spellings);
        self.remove(spellings);
        taken
    }

    /// Takes out a member that `read` understands. One that it does not understand stays, to be kept as an extra.
    pub(crate) fn take_if<T>(
        &mut self,
        spellings: &Spellings,
        read: impl FnOnce(&'a RawValue) -> Option<T>,
    ) -> Option<T> {
        let json = self.find(spellings)?;
        let value = if is_null(json) { None } else { Some(read(json)?) };
        self.remove(spellings);
        value
    }

    /// Takes out a string that may be missing.
    pub(crate) fn take_optional_text(&mut self, spellings: &Spellings) -> Option<String> {
        self.take_if(spellings, text)
    }

    /// Takes out a string that must be there and must not be empty.
    pub(crate) fn take_text(&mut self, name: &'static str, place: impl fmt::Display) -> Result<String, ParseError> {
        self.take_text_spelled(&[name], place)
    }

    /// The same for a member with older spellings.
    pub(crate) fn take_text_spelled(
        &mut self,
        spellings: &Spellings,
        place: impl fmt::Display,
    ) -> Result<String, ParseError> {
        let name = spellings.first().copied().unwrap_or_default();
        let place = format_args!("{place}.{name}");
        let Some(json) = self.take(spellings) else { return Err(ParseError::missing(place)) };
        match text(json) {
            Some(text) if text.is_empty() => Err(ParseError::empty(place)),
            Some(text) => Ok(text),
            None => Err(ParseError::wrong(place, "a string", found(json))),
        }
    }

    /// A member as it is; `None` where it is missing or `null`.
    pub(crate) fn get(&self, name: &str) -> Option<&'a RawValue> {
        let (_, json) = self.0.iter().rev().find(|(known, _)| known == name)?;
        (!is_null(json)).then_some(*json)
    }

    /// These members and those of another object, which count where both have one.
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// What is left, read whole. Of a member that comes twice the last one counts; one that cannot be held in memory,
    /// since it is nested too deeply or a number out of range, is left out.
    pub(crate) fn into_extra(self) -> Extra {
        let readable = self.0.into_iter().filter_map(|(name, json)| {
            let value = serde_json::from_str(json.get()).ok()?;
            Some((name.into_owned(), value))
        });
        readable.collect::<Map<String, Value>>().into()
    }

    fn find(&self, spellings: &Spellings) -> Option<&'a RawValue> {
        let mut null = None;
        for spelling in spellings {
            match self.0.iter().rev().find(|(name, _)| name == spelling) {
                Some((_, json)) if is_null(json) => null = null.or(Some(*json)),
                Some((_, json)) => return Some(*json),
                None => {}
            }
        }
        null
    }

    fn remove(&mut self, spellings: &Spellings) {
        self.0.retain(|(name, _)| !spellings.contains(&name.as_ref()));
    }
}

/// A JSON string; `None` for anything else.
pub(crate) fn text(json: &RawValue) -> Option<String> {
    serde_json::from_str(json.get()).ok()
}

/// The kind of a JSON value, with its article.
pub(crate) fn found(json: &RawValue) -> &'static str {
    match json.get().as_bytes().first() {
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b'"') => "a string",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        _ => "a number",
    }
}

fn is_null(json: &RawValue) -> bool {
    json.get() == "null"
}

/// The body in the one case that matters for speed: everything as it should be.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    message: Members<'a>,
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::with_capacity(16);
                while let Some((Name(name), json)) = map.next_entry()? {
                    members.push((name, json));
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Object)
    }
}

/// A member's name, borrowed where it holds no escapes.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);
