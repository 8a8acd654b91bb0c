//! JSON text taken apart one level at a time, each part still as text.
//!
//! The parser is `serde_json`'s. Only as many levels are taken apart as the shape of the arguments has, and parts
//! are skipped without recursion, so that no depth of nesting harms.

use std::{borrow::Cow, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;
use smallvec::SmallVec;

/// What sort of value a JSON text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sort {
    Null,
    Boolean,
    Number,
    Text,
    List,
    Object,
}

/// The sort of a valid JSON text without white space around it.
pub(crate) fn sort(json: &str) -> Sort {
    match json.as_bytes().first() {
        Some(b'"') => Sort::Text,
        Some(b'{') => Sort::Object,
        Some(b'[') => Sort::List,
        Some(b't' | b'f') => Sort::Boolean,
        Some(b'n') | None => Sort::Null,
        Some(_) => Sort::Number,
    }
}

/// `text` without white space around it, if it is one JSON value.
pub(crate) fn value(text: &str) -> Option<&str> {
    serde_json::from_str::<&RawValue>(text).ok().map(RawValue::get)
}

/// The content of a JSON string.
pub(crate) fn string(json: &str) -> Option<Cow<'_, str>> {
    serde_json::from_str::<Text<'_>>(json).ok().map(|text| text.0)
}

/// The members of a JSON object in the order in which they are written, repeated ones too.
pub(crate) fn members(json: &str) -> Option<SentMembers<'_>> {
    let mut members = SmallVec::new();
    read_members(json, &mut members).then_some(members)
}

/// The same, added to `members`, which need not be moved then; whether `json` is an object.
pub(crate) fn read_members<'a>(json: &'a str, members: &mut SentMembers<'a>) -> bool {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    Members(members).deserialize(&mut deserializer).and_then(|()| deserializer.end()).is_ok()
}

/// The items of a JSON array.
pub(crate) fn items(json: &str) -> Option<Vec<&str>> {
    let items: Vec<&RawValue> = serde_json::from_str(json).ok()?;
    Some(items.into_iter().map(RawValue::get).collect())
}

/// A name that some object within `json` has twice; an error where `json` cannot be read at all, such as where it
/// is nested too deeply.
pub(crate) fn repeated_name(json: &str) -> Result<Option<String>, serde_json::Error> {
    serde_json::from_str::<Repeated>(json).map(|repeated| repeated.0)
}

struct Text<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read<'a>(PhantomData<&'a ()>);
        impl<'de: 'a, 'a> Visitor<'de> for Read<'a> {
            type Value = Text<'a>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Read(PhantomData))
    }
}

/// Most objects have few members.
pub(crate) type SentMembers<'a> = SmallVec<[(Cow<'a, str>, &'a str); 4]>;

struct Members<'m, 'a>(&'m mut SentMembers<'a>);

impl<'de> DeserializeSeed<'de> for Members<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Members<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some((name, value)) = map.next_entry::<Text<'_>, &RawValue>()? {
            self.0.push((name.0, value.get()));
        }
        Ok(())
    }
}

/// Walks through everything and keeps nothing but the first repeated name.
struct Repeated(Option<String>);

impl<'de> Deserialize<'de> for Repeated {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Repeated;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any value")
            }
            fn visit_unit<E>(self) -> Result<Repeated, E> {
                Ok(Repeated(None))
            }
            fn visit_bool<E>(self, _: bool) -> Result<Repeated, E> {
                Ok(Repeated(None))
            }
            fn visit_i64<E>(self, _: i64) -> Result<Repeated, E> {
                Ok(Repeated(None))
            }
            fn visit_u64<E>(self, _: u64) -> Result<Repeated, E> {
                Ok(Repeated(None))
            }
            fn visit_f64<E>(self, _: f64) -> Result<Repeated, E> {
                Ok(Repeated(None))
            }
            fn visit_str<E>(self, _: &str) -> Result<Repeated, E> {
                Ok(Repeated(None))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Repeated, A::Error> {
                while let Some(item) = items.next_element::<Repeated>()? {
                    if item.0.is_some() {
                        while items.next_element::<IgnoredAny>()?.is_some() {}
                        return Ok(item);
                    }
                }
                Ok(Repeated(None))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Repeated, A::Error> {
                let mut names = std::collections::HashSet::new();
                let mut found = None;
                while let Some(name) = map.next_key::<String>()? {
                    let below = map.next_value::<Repeated>()?.0;
                    found = found.or(below);
                    if found.is_none() && !names.insert(name.clone()) {
                        found = Some(name);
                    }
                }
                Ok(Repeated(found))
            }
        }
        deserializer.deserialize_any(Read)
    }
}
