//! Several shapes for one place: what they have in common, and how a value says which one it is.

use serde_json::Value;

use super::{Choice, Kind, Rest, Shape, ToldBy, Union};

/// One shape for all branches: a choice, if all they do is to list values.
pub(super) fn of(mut branches: Vec<Shape>) -> Shape {
    // Where one branch takes `null`, the place does; which branch that is need not be known.
    let nullable = branches.iter().any(|branch| branch.nullable);
    branches.iter_mut().for_each(|branch| branch.nullable = false);
    let mut shape = one_shape(branches);
    shape.nullable |= nullable;
    shape
}

fn one_shape(mut branches: Vec<Shape>) -> Shape {
    if branches.len() == 1 {
        return branches.remove(0);
    }
    let mut choices = Choice::default();
    let mut place = None;
    let mut others = Vec::new();
    for branch in branches.into_iter().flat_map(spliced) {
        match branch.kind {
            Kind::Choice(choice) => {
                place.get_or_insert(others.len());
                choices.meanings.extend(choice.meanings);
                if let (Some(meaning), [only]) = (branch.description, choice.allowed.as_slice()) {
                    choices.meanings.push((only.clone(), meaning));
                }
                choices.allowed.extend(choice.allowed);
            }
            _ => others.push(branch),
        }
    }
    if let Some(place) = place {
        others.insert(place, Shape::new(Kind::Choice(choices)));
    }
    if others.len() == 1 {
        return others.remove(0);
    }
    if others.is_empty() {
        // Only `null` was among the branches, and it has been taken out.
        return Shape::new(Kind::Null);
    }
    let told_by = told_by(&others);
    Shape::new(Kind::Union(Union { branches: others, told_by }))
}

/// The branches of a union inside a union are branches of the outer one; each says what was said of all of them.
fn spliced(branch: Shape) -> Vec<Shape> {
    if !branch.other.is_empty() {
        return vec![branch];
    }
    let Shape { kind: Kind::Union(union), description, default: None, examples: None, .. } = branch else {
        return vec![branch];
    };
    let described = |mut shape: Shape| {
        shape.description = match (&description, shape.description) {
            (Some(all), Some(own)) => Some(format!("{all}\n{own}")),
            (all, own) => all.clone().or(own),
        };
        shape
    };
    union.branches.into_iter().map(described).collect()
}

fn told_by(branches: &[Shape]) -> ToldBy {
    if let Some(tag) = tag(branches) {
        ToldBy::Tag(tag)
    } else if told_by_only_name(branches) {
        ToldBy::OnlyName
    } else {
        ToldBy::Trying
    }
}

/// The member whose value differs from branch to branch, and is fixed in each.
fn tag(branches: &[Shape]) -> Option<String> {
    let first = branches.first()?.as_object()?;
    let is_tag = |name: &str| {
        let values: Option<Vec<_>> = branches.iter().map(|branch| tag_value(branch, name)).collect();
        values.is_some_and(|values| all_differ(&values))
    };
    first.properties.iter().map(|property| &property.name).find(|name| is_tag(name)).cloned()
}

/// The one value that this branch allows for the member `tag`.
pub(crate) fn tag_value<'a>(branch: &'a Shape, tag: &str) -> Option<&'a str> {
    let property = branch.as_object()?.property(tag).filter(|property| property.required)?;
    match &property.shape.kind {
        Kind::Choice(choice) => match choice.allowed.as_slice() {
            [Value::String(only)] => Some(only),
            _ => None,
        },
        _ => None,
    }
}

fn told_by_only_name(branches: &[Shape]) -> bool {
    let objects = branches.iter().filter(|branch| !is_names(branch));
    let names: Option<Vec<_>> = objects.map(only_name).collect();
    names.is_some_and(|names| !names.is_empty() && all_differ(&names))
}

fn is_names(branch: &Shape) -> bool {
    matches!(&branch.kind, Kind::Choice(choice) if choice.allowed.iter().all(Value::is_string))
}

/// The name of the only member that this branch has.
pub(crate) fn only_name(branch: &Shape) -> Option<&str> {
    let object = branch.as_object()?;
    match (object.properties.as_slice(), &object.rest) {
        ([property], Rest::Refused) if property.required && object.patterns.is_empty() => Some(&property.name),
        _ => None,
    }
}

fn all_differ(names: &[&str]) -> bool {
    names.iter().enumerate().all(|(index, name)| !names[..index].contains(name))
}
