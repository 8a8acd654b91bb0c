//! Blocks of configuration: objects with some named members, open to every other.

use std::fmt;

use serde_json::{Map, Value};

use crate::event::Hidden;

/// Declares a block: a map of members, with `set` and `get` for any name and a `Debug` that hides the values.
macro_rules! block {
    ($(#[$attribute:meta])* $name:ident) => {
        $(#[$attribute])*
        #[derive(Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(serde_json::Map<String, serde_json::Value>);

        impl $name {
            /// Sets any member, also one that has no method here. A value of `null` is sent as `null`.
            #[must_use]
            pub fn set(mut self, name: impl Into<String>, value: impl Into<serde_json::Value>) -> Self {
                self.0.insert(name.into(), value.into());
                self
            }

            /// The value of a member that was set.
            pub fn get(&self, name: &str) -> Option<&serde_json::Value> {
                self.0.get(name)
            }

            /// All members that were set, in that order.
            pub fn members(&self) -> &serde_json::Map<String, serde_json::Value> {
                &self.0
            }
        }

        /// Takes the members as they are.
        impl From<serde_json::Map<String, serde_json::Value>> for $name {
            fn from(members: serde_json::Map<String, serde_json::Value>) -> Self {
                Self(members)
            }
        }

        impl From<$name> for serde_json::Value {
            fn from(block: $name) -> Self {
                Self::Object(block.0)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                crate::reply::block::hidden(stringify!($name), &self.0, f)
            }
        }
    };
}

/// Declares methods that set the member of their own name.
macro_rules! setters {
    ($( $(#[$attribute:meta])* $name:ident: $value:ty; )*) => { $(
        $(#[$attribute])*
        #[must_use]
        pub fn $name(self, $name: $value) -> Self {
            self.set(stringify!($name), $name)
        }
    )* };
}

/// Declares methods that set the member of their own name to a text.
macro_rules! texts {
    ($( $(#[$attribute:meta])* $name:ident; )*) => { $(
        $(#[$attribute])*
        #[must_use]
        pub fn $name(self, $name: impl Into<String>) -> Self {
            self.set(stringify!($name), $name.into())
        }
    )* };
}

/// Declares methods that set the member of their own name to a list of texts.
macro_rules! text_lists {
    ($( $(#[$attribute:meta])* $name:ident; )*) => { $(
        $(#[$attribute])*
        #[must_use]
        pub fn $name<T: Into<String>>(self, $name: impl IntoIterator<Item = T>) -> Self {
            self.set(stringify!($name), crate::reply::block::list($name))
        }
    )* };
}

pub(crate) use {block, setters, text_lists, texts};

/// A list of texts as JSON.
pub(crate) fn list<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> Value {
    texts.into_iter().map(|text| Value::String(text.into())).collect()
}

/// Adds one element to the array that `name` is; whatever else was there gives way to it.
pub(crate) fn push(members: &mut Map<String, Value>, name: &str, element: Value) {
    match members.get_mut(name) {
        Some(Value::Array(elements)) => elements.push(element),
        _ => {
            members.insert(name.to_owned(), Value::Array(vec![element]));
        }
    }
}

/// Adds one member to the object that `name` is; whatever else was there gives way to it.
pub(crate) fn insert(members: &mut Map<String, Value>, name: &str, inner: impl Into<String>, value: Value) {
    match members.get_mut(name) {
        Some(Value::Object(object)) => {
            object.insert(inner.into(), value);
        }
        _ => {
            let object = Map::from_iter([(inner.into(), value)]);
            members.insert(name.to_owned(), Value::Object(object));
        }
    }
}

pub(crate) fn hidden(name: &str, members: &Map<String, Value>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut shown = f.debug_struct(name);
    for member in members.keys() {
        shown.field(member, &Hidden);
    }
    shown.finish()
}
