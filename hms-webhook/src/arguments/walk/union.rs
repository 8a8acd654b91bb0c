//! Values that may have one of several shapes.

use std::borrow::Cow;

use serde_json::Value;

use crate::shape::{
    Choice, Kind, Shape, ToldBy, Union,
    union::{only_name, tag_value},
};

use super::{
    super::{
        faults::{Faults, Path},
        scan::{self, Sort},
    },
    Walk, object,
};

impl Walk {
    pub(super) fn union<'a>(&mut self, shape: &Shape, union: &Union, json: &'a str, path: &Path<'_>) -> Cow<'a, str> {
        match &union.told_by {
            ToldBy::Tag(tag) => {
                self.unwrapped(Sort::Object, shape, json, path, |walk, json| walk.told_by_tag(union, tag, json, path))
            }
            ToldBy::OnlyName => self.told_by_only_name(shape, union, json, path),
            ToldBy::Trying => self.told_by_trying(shape, union, json, path),
        }
    }

    fn told_by_tag<'a>(&mut self, union: &Union, tag: &str, json: &'a str, path: &Path<'_>) -> Cow<'a, str> {
        let members = scan::members(json).unwrap_or_default();
        let sent = members.iter().find(|(name, _)| name == tag).map(|(_, json)| *json);
        let name = sent.and_then(scan::string);
        let branch = union.branches.iter().find(|branch| name.is_some() && tag_value(branch, tag) == name.as_deref());
        if let Some(branch) = branch {
            return self.conform(branch, json, path);
        }
        let tags = union.branches.iter().filter_map(|branch| tag_value(branch, tag)).map(Value::from);
        let choice = Choice { allowed: tags.collect(), meanings: Vec::new() };
        let here = path.member(tag);
        match sent {
            Some(sent) => {
                // A tag is never converted: it decides what everything beside it means.
                let lenient = std::mem::replace(&mut self.lenient, false);
                self.choice(&choice, sent, &here);
                self.lenient = lenient;
            }
            None => {
                self.faults.note(|| format!("{here} is missing; it must be {}", crate::shape::choices(&choice.allowed)))
            }
        }
        json.into()
    }

    fn told_by_only_name<'a>(&mut self, shape: &Shape, union: &Union, json: &'a str, path: &Path<'_>) -> Cow<'a, str> {
        if let Some(held) = self.held(json, Sort::Object) {
            return self.told_by_only_name(shape, union, &held, path).into_owned().into();
        }
        let names = union.branches.iter().find(|branch| !matches!(branch.kind, Kind::Object(_)));
        if scan::sort(json) != Sort::Object {
            if let Some(Ok(name)) = names.map(|names| tried(names, json, path, self.lenient)) {
                return name;
            }
            self.mismatch(shape, json, path);
            return json.into();
        }
        let members = scan::members(json).unwrap_or_default();
        let [(name, _)] = members.as_slice() else {
            self.faults.note(|| {
                let expected = crate::shape::expected(shape, crate::shape::Detail::Brief);
                format!("{path} must be {expected}, got an object with {} members", members.len())
            });
            return json.into();
        };
        match union.branches.iter().find(|branch| only_name(branch) == Some(name)) {
            Some(branch) => return self.conform(branch, json, path),
            None => self.faults.note(|| object::unknown(name, path, || union.branches.iter().filter_map(only_name))),
        }
        json.into()
    }

    /// Takes the first branch that the value fits as it is, or else the first that takes it in another form, which may
    /// be without a `null`, or else converted; or else says what is wrong with the one that comes nearest.
    fn told_by_trying<'a>(&mut self, shape: &Shape, union: &Union, json: &'a str, path: &Path<'_>) -> Cow<'a, str> {
        let mut nearest: Option<Faults> = None;
        let lenient = [false, true].into_iter().filter(|lenient| !lenient || self.lenient);
        for lenient in lenient {
            let mut changed = None;
            for branch in &union.branches {
                let faults = match tried(branch, json, path, lenient) {
                    Ok(Cow::Borrowed(unchanged)) => return unchanged.into(),
                    Ok(Cow::Owned(other)) => {
                        changed.get_or_insert(other);
                        continue;
                    }
                    Err(faults) => faults,
                };
                let is_nearer = nearest.as_ref().is_none_or(|nearest| faults.count() < nearest.count());
                if is_of(&branch.kind, scan::sort(json)) && is_nearer {
                    nearest = Some(faults);
                }
            }
            if let Some(changed) = changed {
                return changed.into();
            }
        }
        match nearest {
            Some(faults) => self.faults.append(faults),
            None => self.mismatch(shape, json, path),
        }
        json.into()
    }
}

/// Reads `json` as one of several shapes that it may have.
fn tried<'a>(shape: &Shape, json: &'a str, path: &Path<'_>, lenient: bool) -> Result<Cow<'a, str>, Faults> {
    let mut trial = Walk::new(lenient);
    let conformed = trial.conform(shape, json, path);
    if trial.faults.is_empty() { Ok(conformed) } else { Err(trial.faults) }
}

/// Whether a value of this sort is at least of the right kind.
fn is_of(kind: &Kind, sort: Sort) -> bool {
    match kind {
        Kind::Anything | Kind::Union(_) => true,
        Kind::Nothing => false,
        Kind::Null => sort == Sort::Null,
        Kind::Boolean => sort == Sort::Boolean,
        Kind::Number(_) => sort == Sort::Number,
        Kind::Text(_) => sort == Sort::Text,
        Kind::Choice(choice) => choice.allowed.iter().any(|allowed| scan::sort(&allowed.to_string()) == sort),
        Kind::List(_) => sort == Sort::List,
        Kind::Object(_) => sort == Sort::Object,
    }
}
