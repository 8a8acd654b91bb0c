//! Objects: known, unknown, repeated and missing members.

use std::{borrow::Cow, collections::HashSet};

use smallvec::{SmallVec, smallvec};

use crate::shape::{Detail, Escaped, ObjectShape, Rest, Shape, expected};

use super::{
    super::{
        faults::{Path, nearest},
        scan,
    },
    Walk,
};

/// A member that is to be read.
#[derive(Debug)]
pub(crate) struct Member<'a> {
    name: Cow<'a, str>,
    /// The index of the property that it is, if it is one.
    pub(crate) property: Option<usize>,
    pub(crate) json: Cow<'a, str>,
    /// No fault was found in it.
    pub(crate) is_sound: bool,
}

impl Walk {
    pub(super) fn object<'a>(
        &mut self,
        shape: &Shape,
        object: &ObjectShape,
        json: &'a str,
        path: &Path<'_>,
    ) -> Cow<'a, str> {
        let mut members = Vec::new();
        let complete = self.members(object, json, path, |member| members.push(member));
        let fits = object.minimum.is_none_or(|minimum| members.len() >= minimum)
            && object.maximum.is_none_or(|maximum| members.len() <= maximum);
        if !fits {
            self.overstepped(shape, || format!("an object of {}", members.len()), path);
        }
        if complete && !members.iter().any(|member| matches!(member.json, Cow::Owned(_))) {
            return json.into();
        }
        let written =
            members.iter().map(|member| format!("{}:{}", serde_json::Value::from(&*member.name), member.json));
        format!("{{{}}}", written.collect::<Vec<_>>().join(",")).into()
    }

    /// Gives the members of the object `json` to `take`; whether they are all that it has.
    pub(crate) fn members<'a>(
        &mut self,
        shape: &ObjectShape,
        json: &'a str,
        path: &Path<'_>,
        mut take: impl FnMut(Member<'a>),
    ) -> bool {
        let mut sent = SmallVec::new();
        if !scan::read_members(json, &mut sent) {
            self.faults.note(|| format!("{path} has a name that is not valid Unicode"));
            return false;
        }
        let mut complete = true;
        let mut seen: SmallVec<[bool; 16]> = smallvec![false; shape.properties.len()];
        let mut seen_besides = HashSet::new();
        for (name, json) in &sent {
            let index = shape.properties.iter().position(|property| property.name == **name);
            let here = path.member(name);
            let is_repeated = match index {
                Some(index) => std::mem::replace(&mut seen[index], true),
                None => self.like(shape, name).is_some() && !seen_besides.insert(&**name),
            };
            if is_repeated {
                self.faults.note(|| format!("{here} is there more than once"));
                continue;
            }
            let before = self.faults.count();
            let json = match index.map(|index| &shape.properties[index]) {
                Some(property) if *json == "null" && !property.required && !property.shape.takes_null() => {
                    complete = false;
                    continue;
                }
                Some(property) => {
                    let lenient = self.lenient;
                    self.lenient &= !property.strict;
                    let conformed = self.conform(&property.shape, json, &here);
                    self.lenient = lenient;
                    conformed
                }
                None => match self.like(shape, name) {
                    Some(shape) => self.conform(shape, json, &here),
                    None => {
                        self.unknown(shape, name, path);
                        continue;
                    }
                },
            };
            let is_sound = self.faults.count() == before;
            take(Member { name: name.clone(), property: index, json, is_sound });
        }
        for (property, _) in shape.properties.iter().zip(&seen).filter(|(property, seen)| property.required && !**seen)
        {
            let here = path.member(&property.name);
            self.faults.note(|| match expected(&property.shape, Detail::Brief) {
                any if any == "any value" => format!("{here} is missing"),
                expected => format!("{here} is missing; it must be {expected}"),
            });
        }
        complete
    }

    /// The shape of a member that is no property.
    fn like<'s>(&self, shape: &'s ObjectShape, name: &str) -> Option<&'s Shape> {
        let by_pattern = shape.patterns.iter().find(|(pattern, _)| pattern.is_match(name)).map(|(_, shape)| shape);
        by_pattern.or(match &shape.rest {
            Rest::Refused => None,
            Rest::Like(shape) => Some(shape),
        })
    }

    /// Notes a member that has no place in the object.
    pub(super) fn unknown(&mut self, shape: &ObjectShape, name: &str, path: &Path<'_>) {
        let known = || shape.properties.iter().map(|property| property.name.as_str());
        self.faults.note(|| unknown(name, path, known));
    }
}

pub(super) fn unknown<'a, I: Iterator<Item = &'a str>>(name: &str, path: &Path<'_>, known: impl Fn() -> I) -> String {
    const MOST: usize = 20;
    let here = path.member(name);
    let mut sentence = match path.is_root() {
        true => format!("{here} is not an argument"),
        false => format!("{here} is not known"),
    };
    if let Some(meant) = nearest(name, known()) {
        return format!("{sentence}; did you mean {}?", path.member(meant));
    }
    let names: Vec<String> = known().take(MOST).map(|name| format!("`{}`", Escaped(name))).collect();
    let all = names.join(", ");
    sentence += &match (path.is_root(), names.len()) {
        (true, 0) => "; there are no arguments".to_owned(),
        (true, 1) => format!("; the only one is {all}"),
        (true, _) => format!("; the arguments are {all}"),
        (false, 0) => format!("; {path} has no members"),
        (false, _) => format!("; {path} has {all}"),
    };
    match known().count().saturating_sub(MOST) {
        0 => sentence,
        more => format!("{sentence} and {more} more"),
    }
}
