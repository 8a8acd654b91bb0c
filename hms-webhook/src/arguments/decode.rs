//! What a type itself has against a value that fits its shape: a date that does not exist, a format that only the
//! type knows, a combination that its author forbids.

use std::{borrow::Cow, sync::LazyLock};

use regex_lite::Regex;
use serde::de::DeserializeOwned;
use serde_json::Deserializer;
use serde_path_to_error::Segment;

use crate::shape::{Detail, Kind, Shape, expected};

use super::{
    faults::{Path, given},
    scan,
};

/// Why a type refused a value.
#[doc(hidden)]
#[derive(Debug)]
pub struct DecodeFault {
    steps: Vec<Step>,
    reason: String,
}

#[derive(Debug)]
enum Step {
    Member(String),
    Item(usize),
}

/// Reads `json`. Where in it the fault is, is found out by a second reading, which only the unlucky pay for.
pub(super) fn decode<T: DeserializeOwned>(json: &str) -> Result<T, DecodeFault> {
    serde_json::from_str(json).map_err(|first| {
        let mut deserializer = Deserializer::from_str(json);
        match serde_path_to_error::deserialize::<_, T>(&mut deserializer) {
            Err(fault) => DecodeFault { steps: steps(fault.path()), reason: scrubbed(fault.inner()) },
            Ok(_) => DecodeFault { steps: Vec::new(), reason: scrubbed(&first) },
        }
    })
}

fn steps(path: &serde_path_to_error::Path) -> Vec<Step> {
    let step = |segment: &Segment| match segment {
        Segment::Seq { index } => Some(Step::Item(*index)),
        Segment::Map { key } => Some(Step::Member(key.clone())),
        Segment::Enum { variant } => Some(Step::Member(variant.clone())),
        Segment::Unknown => None,
    };
    path.iter().map_while(step).collect()
}

impl DecodeFault {
    /// The fault as a sentence about `json`, whose place and shape are given.
    pub(super) fn sentence(&self, shape: Option<&Shape>, json: &str, path: &Path<'_>) -> String {
        sentence(&self.steps, &self.reason, shape, json, path)
    }
}

fn sentence(steps: &[Step], reason: &str, shape: Option<&Shape>, json: &str, path: &Path<'_>) -> String {
    let below = match steps.first() {
        Some(Step::Member(name)) => scan::members(json).and_then(|members| {
            let json = members.into_iter().find(|(sent, _)| sent == name)?.1;
            let object = shape.and_then(Shape::as_object);
            let shape = object.and_then(|object| object.property(name)).map(|property| &property.shape);
            Some((shape, json, path.member(name)))
        }),
        Some(Step::Item(index)) => scan::items(json).and_then(|items| {
            let shape = match shape.map(|shape| &shape.kind) {
                Some(Kind::List(list)) => list.first.get(*index).or(list.items.as_deref()),
                _ => None,
            };
            Some((shape, *items.get(*index)?, path.item(*index)))
        }),
        None => None,
    };
    if let Some((shape, json, path)) = below {
        return sentence(&steps[1..], reason, shape, json, &path);
    }
    match shape {
        Some(shape) if matches!(shape.kind, Kind::Text(_) | Kind::Number(_)) => {
            format!("{path} must be {}, got {} ({reason})", expected(shape, Detail::Full), given(json))
        }
        _ => format!("{path} cannot be taken, got {} ({reason})", given(json)),
    }
}

/// An error of a type's own reading, in words that need no Rust, on one line and not longer than a sentence.
pub(super) fn scrubbed(error: &serde_json::Error) -> String {
    static PLACE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r" at line \d+ column \d+$").ok());
    static RUST: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
        let plain = [
            (r"did not match any variant of (?:untagged )?enum \w+", "has none of the allowed forms"),
            (r"\b(?:(?:internally|adjacently|externally) tagged |untagged )?enum [A-Z]\w*", "one of several forms"),
            (r"\b(?:(?:tuple|unit|newtype) )?(?:struct|variant) [A-Z]\w*(?:::\w+)*", "a value of another form"),
            (r"\b(?:struct|tuple|unit|newtype) variant\b", "a value of another form"),
            (r"\bexpected (?:a |an )?(?:nonzero )?(?:[iu](?:8|16|32|64|128|size))\b", "expected an integer in range"),
            (r"\bexpected (?:a |an )?f(?:32|64)\b", "expected a number"),
            (r"\ba borrowed string\b", "a string"),
            (r"\ba sequence\b", "an array"),
            (r"\ba map\b", "an object"),
            (r"\bunit value\b", "null"),
            (r"\bfloating point\b", "number"),
            (r"\b(?:\w+::)+\w+(?:<[^>]*>)?", "value"),
            (r"\b(?:Option|Vec|Box|HashMap|BTreeMap|HashSet|BTreeSet)<[^ ]*>", "value"),
            (r"\b(?:[iu](?:8|16|32|64|128|size)|f32|f64)\b", "number"),
        ];
        plain.into_iter().filter_map(|(pattern, words)| Some((Regex::new(pattern).ok()?, words))).collect()
    });
    let mut text = Cow::from(error.to_string());
    if let Some(place) = PLACE.as_ref() {
        text = place.replace(&text, "").into_owned().into();
    }
    for (pattern, words) in RUST.iter() {
        text = pattern.replace_all(&text, *words).into_owned().into();
    }
    one_line(&text)
}

/// A text of the user's type on one line and not longer than a sentence.
pub(super) fn one_line(text: &str) -> String {
    const LONGEST: usize = 200;
    let plain = text.chars().map(|character| if character.is_control() { ' ' } else { character });
    let mut line: String = plain.take(LONGEST + 1).collect();
    if let Some((index, _)) = line.char_indices().nth(LONGEST) {
        line.truncate(index);
        line.push('…');
    }
    line
}
