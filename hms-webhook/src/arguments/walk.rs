//! Arguments held against their shape: every fault is noted, and what says the same in another way is converted.
//!
//! Nothing is converted that would lose anything. A string is taken as what its text is JSON for where a string is not
//! expected, a number as its own text where a string is expected, and an integer may be written `5.0` or `5e0`.
//! `null` for what may be left out, but is never `null`, counts as left out.

mod number;
mod object;
mod union;

use std::{borrow::Cow, collections::HashSet};

use serde_json::Value;

use crate::shape::{Choice, Decimal, Detail, Escaped, Kind, ListShape, Shape, TextShape, choices, expected};

use super::{
    faults::{Faults, Path, given, nearest},
    scan::{self, Sort},
};

/// One walk through the arguments of a call.
#[derive(Debug)]
pub(crate) struct Walk {
    pub(crate) faults: Faults,
    /// Whether converting is on.
    lenient: bool,
}

impl Walk {
    pub(crate) fn new(lenient: bool) -> Self {
        Self { faults: Faults::default(), lenient }
    }

    /// Reads the JSON text `json` against `shape`. What comes back is the text for the type to read; it means nothing
    /// if a fault was noted on the way.
    pub(crate) fn conform<'a>(&mut self, shape: &Shape, json: &'a str, path: &Path<'_>) -> Cow<'a, str> {
        let sort = scan::sort(json);
        if sort == Sort::Null {
            if !shape.takes_null() {
                self.mismatch(shape, json, path);
            }
            return json.into();
        }
        match &shape.kind {
            Kind::Anything => self.anything(json, path),
            Kind::Nothing => self.faults.note(|| format!("{path} must be left out")),
            Kind::Null => self.mismatch(shape, json, path),
            Kind::Boolean if sort == Sort::Boolean => {}
            Kind::Boolean => match self.held(json, Sort::Boolean) {
                Some(held) => return held.into(),
                None => self.mismatch(shape, json, path),
            },
            Kind::Number(number) => return self.number(shape, number, json, path),
            Kind::Text(text) => return self.text(shape, text, json, path),
            Kind::Choice(choice) => return self.choice(choice, json, path),
            Kind::List(list) => {
                return self.unwrapped(Sort::List, shape, json, path, |walk, json| walk.list(shape, list, json, path));
            }
            Kind::Object(object) => {
                return self
                    .unwrapped(Sort::Object, shape, json, path, |walk, json| walk.object(shape, object, json, path));
            }
            Kind::Union(union) => return self.union(shape, union, json, path),
        }
        json.into()
    }

    /// Notes that another kind of value was sent than the one that is expected.
    #[cold]
    fn mismatch(&mut self, shape: &Shape, json: &str, path: &Path<'_>) {
        self.faults.note(|| format!("{path} must be {}, got {}", expected(shape, Detail::Brief), given(json)));
    }

    /// Notes that the value is of the right kind and yet not allowed.
    #[cold]
    fn overstepped(&mut self, shape: &Shape, got: impl FnOnce() -> String, path: &Path<'_>) {
        self.faults.note(|| format!("{path} must be {}, got {}", expected(shape, Detail::Full), got()));
    }

    /// The JSON text that a JSON string holds, where it may be taken for it.
    fn held(&self, json: &str, wanted: Sort) -> Option<String> {
        if !self.lenient || scan::sort(json) != Sort::Text {
            return None;
        }
        let content = scan::string(json)?;
        // A long text is not looked at further where its first character says that it is something else.
        if scan::sort(content.trim_start()) != wanted {
            return None;
        }
        scan::value(&content).map(str::to_owned)
    }

    /// Reads a list or an object that was sent as such or as the text of a string.
    fn unwrapped<'a>(
        &mut self,
        wanted: Sort,
        shape: &Shape,
        json: &'a str,
        path: &Path<'_>,
        mut read: impl for<'b> FnMut(&mut Self, &'b str) -> Cow<'b, str>,
    ) -> Cow<'a, str> {
        if scan::sort(json) == wanted {
            return read(self, json);
        }
        match self.held(json, wanted) {
            Some(held) => read(self, &held).into_owned().into(),
            None => {
                self.mismatch(shape, json, path);
                json.into()
            }
        }
    }

    /// The type takes every value; only what a value cannot hold twice is looked for.
    fn anything(&mut self, json: &str, path: &Path<'_>) {
        if !matches!(scan::sort(json), Sort::List | Sort::Object) {
            return;
        }
        match scan::repeated_name(json) {
            Ok(None) => {}
            Ok(Some(name)) => {
                self.faults.note(|| format!("{path} has the name \"{}\" more than once in one object", Escaped(&name)));
            }
            Err(error) => self.faults.note(|| format!("{path} cannot be read: {}", super::decode::scrubbed(&error))),
        }
    }

    fn text<'a>(&mut self, shape: &Shape, text: &TextShape, json: &'a str, path: &Path<'_>) -> Cow<'a, str> {
        let sent = match scan::sort(json) {
            Sort::Text => Cow::Borrowed(json),
            // A number is taken with the very digits that it was written with.
            Sort::Number if self.lenient => Cow::Owned(format!("\"{json}\"")),
            _ => {
                self.mismatch(shape, json, path);
                return json.into();
            }
        };
        if text.is_free() {
            return sent;
        }
        let Some(content) = scan::string(&sent) else {
            self.mismatch(shape, json, path);
            return json.into();
        };
        let length = content.chars().count();
        let fits = text.minimum.is_none_or(|minimum| length >= minimum)
            && text.maximum.is_none_or(|maximum| length <= maximum);
        if !fits {
            self.overstepped(shape, || format!("{} of {length}", given(json)), path);
        } else if text.pattern.as_ref().is_some_and(|pattern| !pattern.is_match(&content)) {
            self.overstepped(shape, || given(json), path);
        }
        drop(content);
        sent
    }

    fn choice<'a>(&mut self, choice: &Choice, json: &'a str, path: &Path<'_>) -> Cow<'a, str> {
        if let Some(chosen) = chosen(choice, json) {
            return chosen;
        }
        if self.lenient && scan::sort(json) == Sort::Number {
            let quoted = format!("\"{json}\"");
            if choice.allowed.iter().any(|allowed| allowed.as_str() == Some(json)) {
                return quoted.into();
            }
        }
        let content = scan::string(json);
        if let Some(content) = content.as_deref().filter(|_| self.lenient) {
            let held = scan::value(content).filter(|held| scan::sort(held) != Sort::Text);
            if let Some(chosen) = held.and_then(|held| chosen(choice, held)) {
                return chosen.into_owned().into();
            }
        }
        self.faults.note(|| {
            let texts = choice.allowed.iter().filter_map(Value::as_str);
            let meant = content.as_deref().and_then(|content| nearest(content, texts));
            let must = format!("{path} must be {}, got {}", choices(&choice.allowed), given(json));
            match meant {
                Some(meant) => format!("{must}; did you mean \"{}\"?", Escaped(meant)),
                None => must,
            }
        });
        json.into()
    }

    fn list<'a>(&mut self, shape: &Shape, list: &ListShape, json: &'a str, path: &Path<'_>) -> Cow<'a, str> {
        let Some(items) = scan::items(json) else {
            self.mismatch(shape, json, path);
            return json.into();
        };
        let fits = list.minimum.is_none_or(|minimum| items.len() >= minimum)
            && list.maximum.is_none_or(|maximum| items.len() <= maximum);
        if !fits {
            self.overstepped(shape, || format!("an array of {}", items.len()), path);
        }
        let before = self.faults.count();
        let mut changed = false;
        let mut conformed = Vec::with_capacity(items.len());
        for (index, item) in items.into_iter().enumerate() {
            let item = match list.first.get(index).or(list.items.as_deref()) {
                Some(shape) => self.conform(shape, item, &path.item(index)),
                None => {
                    self.anything(item, &path.item(index));
                    item.into()
                }
            };
            changed |= matches!(item, Cow::Owned(_));
            conformed.push(item);
        }
        if list.unique && self.faults.count() == before {
            self.unrepeated(&conformed, path);
        }
        if changed { format!("[{}]", conformed.join(",")).into() } else { json.into() }
    }

    /// A set would drop what it is given twice.
    fn unrepeated(&mut self, items: &[Cow<'_, str>], path: &Path<'_>) {
        let mut seen = HashSet::new();
        for (index, item) in items.iter().enumerate() {
            let value: Value = serde_json::from_str(item).unwrap_or_default();
            if !seen.insert(value.to_string()) {
                self.faults.note(|| format!("{} is in the array already: {}", path.item(index), given(item)));
            }
        }
    }
}

/// The allowed value that `json` is, written as it is allowed.
fn chosen<'a>(choice: &Choice, json: &'a str) -> Option<Cow<'a, str>> {
    match scan::sort(json) {
        Sort::Text => {
            let content = scan::string(json)?;
            choice.allowed.iter().any(|allowed| allowed.as_str() == Some(&content)).then(|| json.into())
        }
        Sort::Number => {
            let number = Decimal::parse(json)?;
            let texts = choice.allowed.iter().filter(|allowed| allowed.is_number()).map(Value::to_string);
            let text = texts.into_iter().find(|text| Decimal::parse(text).as_ref() == Some(&number))?;
            Some(if text == json { json.into() } else { text.into() })
        }
        _ => {
            let value: Value = serde_json::from_str(json).ok()?;
            choice.allowed.contains(&value).then(|| json.into())
        }
    }
}
