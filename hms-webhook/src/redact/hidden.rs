//! Hiding secrets in what is only looked at: the console shows what comes, but for them.

use serde_json::Value;

use super::{
    fields::Place,
    secrets::{STAND_IN, Secrets},
};

impl Secrets {
    /// Takes the secrets out of a JSON text and leaves all else as it is: for looking at. Members of the user's own,
    /// such as arguments of tools, are not judged by their names.
    pub(crate) fn hide(&mut self, text: &str) -> String {
        self.refresh();
        let Ok(mut value) = serde_json::from_str::<Value>(text) else { return self.take_out(text) };
        if self.hide_in(&mut value, &Place::default()) { value.to_string() } else { text.to_owned() }
    }

    /// Takes the secrets out of what is so called.
    pub(crate) fn hide_named(&self, name: &str, value: &str) -> String {
        if Place::default().member(name).is_secret() { STAND_IN.into() } else { self.take_out(value) }
    }

    /// Whether anything was hidden.
    fn hide_in(&self, value: &mut Value, place: &Place) -> bool {
        match value {
            Value::Object(members) => members
                .iter_mut()
                .fold(false, |hidden, (name, value)| self.hide_in(value, &place.member(name)) | hidden),
            Value::Array(items) => items.iter_mut().fold(false, |hidden, item| self.hide_in(item, place) | hidden),
            Value::String(text) => {
                let shown = match place {
                    place if place.is_secret() => STAND_IN.into(),
                    place if place.is_users() => self.take_out_own(text.clone()),
                    _ => self.take_out(text),
                };
                let is_other = shown != *text;
                *text = shown;
                is_other
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => false,
        }
    }
}
