//! Taking out of JSON what must not be kept: phone numbers, names, e-mail addresses, secrets, what was said.
//!
//! What is taken out leaves a stand-in of the same form, and equal things get equal stand-ins, so that a delivery can
//! still be read and sent again. The rules are documented for users in `docs/simulating.md`.

mod fields;
#[cfg(feature = "console")]
mod hidden;
mod numbers;
mod secrets;
mod words;

use std::collections::HashMap;

use regex_lite::Regex;
use serde_json::{Map, Value};

pub(crate) use self::secrets::Secrets;
use self::{
    fields::{Kind, Place},
    words::{Names, Spelling, folded},
};

/// Takes out what must not be kept, and remembers what got which stand-in.
#[derive(Debug)]
pub(crate) struct Redactor {
    secrets: Secrets,
    /// Fields of the user's own whose texts are taken out.
    own: Vec<String>,
    numbers: Known,
    names: Known,
    /// Those that are looked for in texts.
    spoken_names: Names,
    texts: Known,
    mails: Known,
    mail: Option<Regex>,
    stand_in_name: Option<Regex>,
    /// All stand-ins of one kind are the same: for comparing.
    masks: bool,
}

/// Which thing got which number.
#[derive(Debug, Default)]
struct Known {
    numbers: HashMap<String, usize>,
    masks: bool,
}

impl Known {
    /// The number of `thing`, a new one where it was not seen before.
    fn number(&mut self, thing: &str) -> usize {
        if self.masks {
            self.numbers.insert(thing.into(), 0);
            return 0;
        }
        let next = self.numbers.len() + 1;
        *self.numbers.entry(thing.into()).or_insert(next)
    }

    fn has(&self, thing: &str) -> bool {
        self.numbers.contains_key(thing)
    }
}

impl Redactor {
    /// Also takes out the texts of `own` fields.
    pub(crate) fn new(secrets: Secrets, own: &[String]) -> Self {
        Self::with(secrets, own, false)
    }

    /// Gives all things of one kind the same stand-in, earlier stand-ins too: what is left can be compared.
    pub(crate) fn masking() -> Self {
        Self::with(Secrets::new(Vec::new(), Vec::new(), Vec::new()), &[], true)
    }

    fn with(secrets: Secrets, own: &[String], masks: bool) -> Self {
        let known = || Known { masks, ..Known::default() };
        Self {
            secrets,
            own: own.iter().map(|field| fields::plain(field)).collect(),
            numbers: known(),
            names: known(),
            spoken_names: Names::default(),
            texts: known(),
            mails: known(),
            // Both are well formed, as a test sees.
            mail: Regex::new(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+").ok(),
            stand_in_name: Regex::new(r"\bPerson \d+").ok(),
            masks,
        }
    }

    /// Takes out of `values` what must not be kept. What a field of one says is taken out of the texts of all.
    pub(crate) fn redact(&mut self, values: &mut [&mut Value]) {
        self.secrets.refresh();
        for value in values.iter() {
            self.learn(value, &Place::default());
        }
        for value in values.iter_mut() {
            self.rewrite(value, &Place::default());
        }
    }

    /// Notes which numbers and names there are.
    fn learn(&mut self, value: &Value, place: &Place) {
        match value {
            Value::Object(members) => {
                for (name, value) in members {
                    self.learn(value, &place.member(name));
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.learn(item, place)),
            Value::String(text) => match place.kind(value, &self.own) {
                Kind::Number => {
                    if let Some(key) = numbers::key(text) {
                        self.numbers.number(&key);
                    }
                }
                Kind::Name if !text.trim().is_empty() => {
                    let number = self.names.number(&folded(text));
                    self.spoken_names.add(text, number);
                }
                Kind::Arguments | Kind::Anything => {
                    if let Some(inner) = json_of(text) {
                        self.learn(&inner, place);
                    }
                }
                _ => {}
            },
            Value::Number(number) if place.kind(value, &self.own) == Kind::Number => {
                if let Some(key) = numbers::key(&number.to_string()) {
                    self.numbers.number(&key);
                }
            }
            _ => {}
        }
    }

    fn rewrite(&mut self, value: &mut Value, place: &Place) {
        let kind = place.kind(value, &self.own);
        match value {
            Value::Null => {}
            // Whatever it is.
            secret if kind == Kind::Secret => *secret = secrets::STAND_IN.into(),
            Value::Object(members) => {
                let taken = std::mem::take(members);
                *members =
                    taken.into_iter().map(|(name, value)| self.member(name, value, place)).collect::<Map<_, _>>();
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.rewrite(item, place)),
            Value::String(text) => *text = self.text(text, kind, place),
            Value::Number(number)
                if kind == Kind::Number
                    || number.is_u64() && numbers::has_digits(&number.to_string(), self.masks, &self.numbers) =>
            {
                if let Some(key) = numbers::key(&number.to_string()) {
                    let stand_in = numbers::stand_in(&number.to_string(), self.numbers.number(&key));
                    *value = stand_in.parse::<u64>().map_or_else(|_| stand_in.into(), Value::from);
                }
            }
            Value::Number(_) | Value::Bool(_) => {}
        }
    }

    fn member(&mut self, name: String, mut value: Value, place: &Place) -> (String, Value) {
        self.rewrite(&mut value, &place.member(&name));
        // The platform's own fields are called after nobody, and a name in other case than its own would be found in
        // names of fields: `max`, `call`.
        let name = match place.is_users() {
            true => self.named_text(&name, Spelling::AsWritten),
            false => self.other_text(&name),
        };
        (name, value)
    }

    fn text(&mut self, text: &str, kind: Kind, place: &Place) -> String {
        match kind {
            Kind::Number => match numbers::key(text) {
                Some(key) => numbers::stand_in(text, self.numbers.number(&key)),
                None => self.free_text(text),
            },
            Kind::Name if !text.trim().is_empty() => words::person(self.names.number(&folded(text))),
            Kind::Text if !text.is_empty() => {
                let number = self.texts.number(text);
                words::text(number, if self.masks { 0 } else { text.chars().count() })
            }
            Kind::Arguments | Kind::Anything => {
                if let Some(before) = json_of(text) {
                    let mut inner = before.clone();
                    self.rewrite(&mut inner, place);
                    if inner != before {
                        return inner.to_string();
                    }
                }
                match place.is_word_of_platform() {
                    true => self.other_text(text),
                    false => self.free_text(text),
                }
            }
            _ => self.free_text(text),
        }
    }

    /// A text in which anything may be.
    fn free_text(&mut self, text: &str) -> String {
        self.named_text(text, Spelling::AnyCase)
    }

    fn named_text(&mut self, text: &str, names: Spelling) -> String {
        let text = self.other_text(text);
        let text = self.spoken_names.take_out(text, names);
        match &self.stand_in_name {
            Some(name) if self.masks => name.replace_all(&text, "Person 0").into_owned(),
            _ => text,
        }
    }

    /// A text without what is taken out of it, but for names.
    fn other_text(&mut self, text: &str) -> String {
        let mut text = self.secrets.take_out(text);
        if let Some(mail) = &self.mail
            && text.contains('@')
        {
            let mails = &mut self.mails;
            let stand_in = |found: &regex_lite::Captures<'_>| format!("person{}@example.com", mails.number(&found[0]));
            text = mail.replace_all(&text, stand_in).into_owned();
        }
        numbers::take_out(&text, self.masks, &mut self.numbers)
    }
}

/// The object or the list that a text holds as JSON.
fn json_of(text: &str) -> Option<Value> {
    text.trim_start().starts_with(['{', '[']).then(|| serde_json::from_str(text).ok()).flatten()
}

/// Puts what `recorded` has in place of a text that was taken out into `found`, where that is a text too: what it was
/// is not known, so that it is not compared.
pub(crate) fn align(recorded: &Value, found: &mut Value) {
    match (recorded, found) {
        (Value::Object(recorded), Value::Object(found)) => {
            for (name, value) in recorded {
                if let Some(found) = found.get_mut(name) {
                    align(value, found);
                }
            }
        }
        (Value::Array(recorded), Value::Array(found)) => {
            recorded.iter().zip(found).for_each(|(recorded, found)| align(recorded, found));
        }
        (Value::String(recorded), Value::String(found)) if words::is_stand_in(recorded) => found.clone_from(recorded),
        _ => {}
    }
}

#[cfg(test)]
mod tests;
