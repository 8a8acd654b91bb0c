//! Tool calls as they nearly always come: somebody waits on the phone for their results, so they are read in one pass
//! and by borrowing. Whatever is not exactly as it should be is left to the readers that survive everything.

use std::{borrow::Cow, fmt, marker::PhantomData, sync::Arc};

use bytestring::ByteString;
use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::value::RawValue;
use smallvec::SmallVec;

use super::{LazyContext, RawArguments, ToolCall, ToolCallType, ToolCalls};

/// The event in `body`; `None` where another reader has to look at it.
pub(super) fn tool_calls(body: &ByteString) -> Option<ToolCalls> {
    let Object(Envelope { message: Object(message) }) = serde_json::from_str(body).ok()?;
    let Object(call) = message.call;
    let mut tool_call_list = Vec::with_capacity(message.tool_call_list.len());
    for Object(call) in message.tool_call_list {
        tool_call_list.push(call.read(body)?);
    }
    Some(ToolCalls { tool_call_list, context: LazyContext::unread(part(filled(call.id)?, body), body.clone()) })
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    message: Object<Message<'a>>,
}

/// Comes early in the message as a rule, so that the readers of other events lose nothing.
#[derive(Deserialize)]
struct Message<'a> {
    #[serde(rename = "type")]
    _kind: IsToolCalls,
    #[serde(borrow)]
    call: Object<Call<'a>>,
    #[serde(borrow)]
    tool_call_list: SmallVec<[Object<OneCall<'a>>; 1]>,
}

#[derive(Deserialize)]
struct Call<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OneCall<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(rename = "type", borrow)]
    kind: Option<Text<'a>>,
    #[serde(borrow)]
    function: Object<Function<'a>>,
}

/// A text that is borrowed within an `Option` as well, where `serde` would copy it.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Function<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    // No `Option`, which would make `null` of a `null`.
    #[serde(borrow)]
    arguments: &'a RawValue,
}

impl OneCall<'_> {
    fn read(self, body: &ByteString) -> Option<ToolCall> {
        let Object(function) = self.function;
        Some(ToolCall {
            id: Arc::from(filled(self.id)?),
            call_type: self.kind.map_or(ToolCallType::FUNCTION, |Text(kind)| ToolCallType::from(&*kind)),
            name: filled(function.name)?.into_owned(),
            arguments: RawArguments::new(body.slice_ref(function.arguments.get())),
            extra: Default::default(),
        })
    }
}

fn filled(text: Cow<'_, str>) -> Option<Cow<'_, str>> {
    (!text.is_empty()).then_some(text)
}

/// `text`, which is a part of `body` unless it was written with escapes.
fn part(text: Cow<'_, str>, body: &ByteString) -> ByteString {
    match text {
        Cow::Borrowed(text) => body.slice_ref(text),
        Cow::Owned(text) => text.into(),
    }
}

/// A `T` that is written as an object: derived code would take an array of its members as well.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Read<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }
        }

        deserializer.deserialize_map(Read(PhantomData))
    }
}

/// Another type of event ends the reading.
struct IsToolCalls;

impl<'de> Deserialize<'de> for IsToolCalls {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;

        impl Visitor<'_> for Read {
            type Value = IsToolCalls;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`tool-calls`")
            }

            fn visit_str<E: Error>(self, kind: &str) -> Result<IsToolCalls, E> {
                if kind == "tool-calls" { Ok(IsToolCalls) } else { Err(E::custom("another event")) }
            }
        }

        deserializer.deserialize_str(Read)
    }
}
