//! The arguments of one call.

use std::{borrow::Cow, ops::Range, sync::Arc};

use smallvec::{SmallVec, smallvec};

use crate::{
    event::RawArguments,
    handler::{ToolError, ToolOutcome},
    shape::Shape,
};

use super::{
    Argument, PreparedArguments,
    faults::{Faults, Path, given},
    scan::{self, Sort},
    walk::Walk,
};

/// The arguments of one call while they are read; collects every fault.
#[doc(hidden)]
#[derive(Debug)]
pub struct Arguments {
    object: Object,
    /// One for each argument of the tool, in its order.
    slots: Slots,
    faults: Faults,
    pub(super) prepared: Arc<PreparedArguments>,
}

/// The text of the arguments object.
#[derive(Debug)]
enum Object {
    Sent(RawArguments),
    /// It was the content of a string, or there was nothing.
    Held(String),
}

type Slots = SmallVec<[Slot; 4]>;

/// What was sent for one argument.
#[derive(Debug, Clone)]
enum Slot {
    Absent,
    /// A fault was noted for it.
    AtFault,
    /// A part of the object's text.
    Sent(Range<usize>),
    /// A text of its own, since something was converted.
    Converted(String),
}

impl Arguments {
    pub(crate) fn new(sent: RawArguments, prepared: Arc<PreparedArguments>) -> Self {
        let count = match (prepared.whole, prepared.root.as_object()) {
            (false, Some(object)) => object.properties.len(),
            _ => 1,
        };
        match object(sent) {
            Ok(object) => {
                let mut walk = Walk::new(!prepared.strict);
                let mut slots: Slots = smallvec![Slot::Absent; count];
                fill(&mut slots, &mut walk, object.text(), &prepared);
                Self { object, slots, faults: walk.faults, prepared }
            }
            Err(fault) => {
                let mut faults = Faults::default();
                faults.note(|| fault);
                let object = Object::Held(String::new());
                Self { object, slots: smallvec![Slot::AtFault; count], faults, prepared }
            }
        }
    }

    /// Reads the argument at `index` of the tool's list. `None` means that a fault was noted.
    pub fn take<T: 'static>(&mut self, index: usize, argument: Argument<T>) -> Option<T> {
        let json = match self.slots.get(index)? {
            Slot::Absent => return argument.default.map(|default| default()).or_else(argument.missing),
            Slot::AtFault => return None,
            Slot::Sent(range) => self.object.text().get(range.clone())?,
            Slot::Converted(json) => json,
        };
        let property = self.prepared.root.as_object().and_then(|object| object.properties.get(index));
        let shape = property.map(|property| &property.shape);
        read(argument, shape, json, &Path::Root.member(argument.spec.name), &mut self.faults)
    }

    /// Reads the whole object (`#[args]`). `None` means that a fault was noted.
    pub fn take_whole<T: 'static>(&mut self, argument: Argument<T>) -> Option<T> {
        let json = match self.slots.first()? {
            Slot::Absent | Slot::AtFault => return None,
            Slot::Sent(range) => self.object.text().get(range.clone())?,
            Slot::Converted(json) => json,
        };
        read(argument, Some(&self.prepared.root), json, &Path::Root, &mut self.faults)
    }

    /// Whether no fault was noted and nothing unknown was sent. Then the span shows what it may.
    pub fn complete(&mut self) -> bool {
        let is_complete = self.faults.is_empty();
        if is_complete && self.prepared.are_recorded() {
            self.record();
        }
        is_complete
    }

    /// The text that was sent for the argument at `index`, if any was.
    pub(super) fn sent(&self, index: usize) -> Option<&str> {
        match self.slots.get(index)? {
            Slot::Absent | Slot::AtFault => None,
            Slot::Sent(range) => self.object.text().get(range.clone()),
            Slot::Converted(json) => Some(json),
        }
    }

    /// The answer to a call whose arguments were at fault.
    pub fn refuse(self) -> ToolOutcome {
        Err(ToolError::arguments(self.faults.to_string()))
    }
}

impl Object {
    fn text(&self) -> &str {
        match self {
            Object::Sent(sent) => sent.get().unwrap_or_default(),
            Object::Held(text) => text,
        }
    }
}

/// Decodes a value that fits its shape and asks the rules of its type.
fn read<T: 'static>(
    argument: Argument<T>,
    shape: Option<&Shape>,
    json: &str,
    path: &Path<'_>,
    faults: &mut Faults,
) -> Option<T> {
    let value = match (argument.decode)(json) {
        Ok(value) => value,
        Err(fault) => {
            faults.note(|| fault.sentence(shape, json, path));
            return None;
        }
    };
    let violations = argument.rules.map(|violations| violations(&value)).unwrap_or_default();
    for violation in &violations {
        faults.note(|| violation.sentence(shape, json, path));
    }
    violations.is_empty().then_some(value)
}

/// Finds the arguments object in what was sent: itself, the text of a string, or nothing at all.
/// The text of the arguments object, in whichever way it was sent; what is no object stays as it is.
pub(crate) fn object_text(sent: &RawArguments) -> Cow<'_, str> {
    let json = sent.get().unwrap_or_default();
    if scan::sort(json) == Sort::Object {
        return json.into();
    }
    match object(sent.clone()) {
        Ok(Object::Held(text)) => text.into(),
        Ok(Object::Sent(_)) | Err(_) => json.into(),
    }
}

fn object(sent: RawArguments) -> Result<Object, String> {
    let nothing = || Object::Held("{}".to_owned());
    let json = match sent.get() {
        None => return Ok(nothing()),
        Some(json) => json,
    };
    let held = match scan::sort(json) {
        Sort::Object => return Ok(Object::Sent(sent)),
        Sort::Null => return Ok(nothing()),
        Sort::Text => scan::string(json),
        Sort::Boolean | Sort::Number | Sort::List => None,
    };
    match held.as_deref().map(str::trim) {
        Some("" | "null") => return Ok(nothing()),
        Some(text) => match scan::value(text) {
            Some(object) if scan::sort(object) == Sort::Object => return Ok(Object::Held(object.to_owned())),
            Some(other) => return Err(format!("the arguments must be a JSON object, got {}", given(other))),
            None => return Err(format!("the arguments must be a JSON object, got {}, which is not JSON", given(json))),
        },
        None => {}
    }
    Err(format!("the arguments must be a JSON object, got {}", given(json)))
}

fn fill(slots: &mut [Slot], walk: &mut Walk, text: &str, prepared: &PreparedArguments) {
    let sent = |json: Cow<'_, str>| match json {
        Cow::Borrowed(part) => Slot::Sent(place(part, text)),
        Cow::Owned(json) => Slot::Converted(json),
    };
    match (prepared.root.as_object(), slots) {
        (Some(object), slots) if !prepared.whole => {
            walk.members(object, text, &Path::Root, |member| {
                if let Some(slot) = member.property.and_then(|index| slots.get_mut(index)) {
                    *slot = if member.is_sound { sent(member.json) } else { Slot::AtFault };
                }
            });
            // What is required and was not sent has its fault already; only what stands for it is taken otherwise.
            for (property, slot) in object.properties.iter().zip(slots) {
                if property.required && matches!(slot, Slot::Absent) {
                    *slot = Slot::AtFault;
                }
            }
        }
        (_, [slot, ..]) => {
            let json = walk.conform(&prepared.root, text, &Path::Root);
            *slot = if walk.faults.is_empty() { sent(json) } else { Slot::AtFault };
        }
        _ => {}
    }
}

/// Where in `text` its part `part` is.
fn place(part: &str, text: &str) -> Range<usize> {
    let start = (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
    start..start + part.len()
}
