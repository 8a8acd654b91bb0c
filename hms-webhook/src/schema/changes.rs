//! What has changed between two lists of definitions, and whom it hurts.
//!
//! An assistant keeps the definitions that it was given until somebody puts new ones there. A change is breaking where
//! that assistant would call a tool in vain or misunderstand its answer.

mod parameters;
mod union;

use std::fmt;

use serde_json::Value;

use super::{Profile, ToolDefinition};
use crate::words::{on_one_line, shown_apart};

/// What a change does to an assistant that has the older definitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Effect {
    /// Its calls may be refused, go elsewhere, or be answered in another way.
    Breaking,
    /// What it may send is taken as before.
    Compatible,
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Breaking => "breaking",
            Self::Compatible => "compatible",
        })
    }
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) effect: Effect,
    /// Where and what, on one line.
    pub(crate) what: String,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<10}  {}", self.effect, self.what)
    }
}

/// The changes while they are found.
#[derive(Debug, Default)]
struct Changes(Vec<Change>);

impl Changes {
    fn note(&mut self, effect: Effect, what: impl Into<String>) {
        // Names come from a file that somebody else may have written.
        self.0.push(Change { effect, what: on_one_line(&what.into()) });
    }

    fn breaking(&mut self, what: impl Into<String>) {
        self.note(Effect::Breaking, what);
    }

    fn compatible(&mut self, what: impl Into<String>) {
        self.note(Effect::Compatible, what);
    }
}

/// What turns `before` into `after`, both in the form of `profile`; empty where both say the same. The order of tools
/// and of members says nothing.
///
/// A form says some things in words, and others in a way of its own, so that it is the plain form of both that is
/// compared.
pub(crate) fn changes(before: &[ToolDefinition], after: &[ToolDefinition], profile: Profile) -> Vec<Change> {
    let mut changes = Changes::default();
    let find = |tools: &[ToolDefinition], name: &str| tools.iter().position(|tool| tool.name == name);
    for tool in before {
        match find(after, &tool.name) {
            Some(index) => of_tool(tool, &after[index], profile, &mut changes),
            None => changes.breaking(format!("{}: the tool is gone", tool.name)),
        }
    }
    for tool in after.iter().filter(|tool| find(before, &tool.name).is_none()) {
        changes.compatible(format!("{}: the tool is new", tool.name));
    }
    changes.0
}

fn of_tool(before: &ToolDefinition, after: &ToolDefinition, profile: Profile, changes: &mut Changes) {
    let name = &before.name;
    let text = |text: &Option<String>| text.clone().map(Value::from);
    let (was, is) = (Value::from(before.description.as_str()), Value::from(after.description.as_str()));
    if was != is {
        changes.compatible(turned(name, "description", Some(&was), Some(&is)));
    }
    if before.url != after.url {
        changes.breaking(turned(name, "url", text(&before.url).as_ref(), text(&after.url).as_ref()));
    }
    if before.async_ != after.async_ {
        let (was, is) = (Value::from(before.async_), Value::from(after.async_));
        changes.breaking(turned(name, "async", Some(&was), Some(&is)));
    }
    for (member, was, is) in [
        ("async_response", &before.async_response, &after.async_response),
        ("message", &before.message, &after.message),
    ] {
        if was != is {
            changes.compatible(turned(name, member, text(was).as_ref(), text(is).as_ref()));
        }
    }
    let found = changes.0.len();
    parameters::compare(name, &profile.read_back(&before.parameters), &profile.read_back(&after.parameters), changes);
    if changes.0.len() == found && unordered(before.parameters.clone()) != unordered(after.parameters.clone()) {
        changes.compatible(format!("{name}: the same, written in another way"));
    }
}

/// The schema without what only says in which order things stand.
fn unordered(mut schema: Value) -> Value {
    match &mut schema {
        Value::Object(keywords) => {
            keywords.shift_remove("propertyOrdering");
            keywords.values_mut().for_each(|value| *value = unordered(value.take()));
            if let Some(Value::Array(names)) = keywords.get_mut("required") {
                names.sort_by_key(Value::to_string);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| *item = unordered(item.take())),
        _ => {}
    }
    schema
}

/// `order.day: format "date" → (none)`.
fn turned(path: &str, keyword: &str, before: Option<&Value>, after: Option<&Value>) -> String {
    let (before, after) = shown_apart(before, after);
    format!("{path}: {keyword} {before} → {after}")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
