//! The rules that a type has beyond its schema: those of `#[derive(garde::Validate)]`, which `#[arg(garde)]` asks for.

use crate::shape::{Kind, Shape};

use super::{
    faults::{Path, given},
    scan,
};

/// A type with rules of its own: what `#[arg(garde)]` may stand on.
///
/// With the feature `garde`: everything that implements `garde::Validate` with a context that has a default. Without
/// it: nothing.
#[cfg_attr(
    feature = "garde",
    diagnostic::on_unimplemented(
        message = "`{Self}` has no rules of garde",
        label = "`#[arg(garde)]` has nothing to check here",
        note = "add `#[derive(garde::Validate)]` to `{Self}`, whose context must have a default, or leave `garde` out"
    )
)]
#[cfg_attr(
    not(feature = "garde"),
    diagnostic::on_unimplemented(
        message = "`#[arg(garde)]` needs the feature `garde` of hms-webhook",
        label = "without it the rules would not be checked",
        note = "add `garde` to the features of `hms-webhook` in Cargo.toml"
    )
)]
pub trait HasRules {
    #[doc(hidden)]
    fn violations(&self) -> Vec<Violation>;
}

/// A rule that a value breaks.
#[doc(hidden)]
#[derive(Debug)]
pub struct Violation {
    steps: Vec<Step>,
    reason: String,
}

/// As the type names it, which on the wire may be called something else.
#[derive(Debug)]
#[cfg_attr(not(feature = "garde"), allow(dead_code))] // nothing is checked then
enum Step {
    Member(String),
    Item(usize),
}

#[cfg(feature = "garde")]
#[diagnostic::do_not_recommend]
impl<T: garde::Validate<Context: Default>> HasRules for T {
    fn violations(&self) -> Vec<Violation> {
        let Err(report) = self.validate() else { return Vec::new() };
        let violations = report
            .iter()
            .map(|(path, error)| Violation { steps: steps(path), reason: super::decode::one_line(error.message()) });
        violations.collect()
    }
}

/// The way to the value, from the outside in. What is hidden here is what `garde::select!` expands to; the text of a
/// path cannot tell a member that is called `a.b` from two.
#[cfg(feature = "garde")]
fn steps(path: &garde::Path) -> Vec<Step> {
    use garde::error::Kind;

    let step = |(kind, name): (Kind, String)| match kind {
        Kind::None => None,
        Kind::Index => name.parse().ok().map(Step::Item),
        Kind::Key => Some(Step::Member(name)),
    };
    path.__iter().rev().map(|(kind, name)| (kind, name.to_string())).filter_map(step).collect()
}

impl Violation {
    /// The violation as a sentence about `json`, whose place and shape are given.
    pub(super) fn sentence(&self, shape: Option<&Shape>, json: &str, path: &Path<'_>) -> String {
        sentence(&self.steps, &self.reason, shape, json, path)
    }
}

fn sentence(steps: &[Step], reason: &str, shape: Option<&Shape>, json: &str, path: &Path<'_>) -> String {
    let Some((step, rest)) = steps.split_first() else {
        return format!("{path} cannot be taken, got {} ({reason})", given(json));
    };
    match step {
        Step::Member(name) => {
            let object = shape.and_then(Shape::as_object);
            let property =
                object.and_then(|object| object.properties.iter().find(|property| same(&property.name, name)));
            let members = scan::members(json).unwrap_or_default();
            if let Some((sent, json)) = members.iter().find(|(sent, _)| same(sent, name)) {
                return sentence(rest, reason, property.map(|property| &property.shape), json, &path.member(sent));
            }
            if let Some(property) = property {
                return format!("{} cannot be left out ({reason})", path.member(&property.name));
            }
        }
        Step::Item(index) => {
            let items = scan::items(json).unwrap_or_default();
            if let Some(json) = items.get(*index) {
                let shape = match shape.map(|shape| &shape.kind) {
                    Some(Kind::List(list)) => list.first.get(*index).or(list.items.as_deref()),
                    _ => None,
                };
                return sentence(rest, reason, shape, json, &path.item(*index));
            }
        }
    }
    // A step that the wire does not have: a flattened field, the inside of a newtype.
    sentence(rest, reason, shape, json, path)
}

/// Whether a name on the wire is that of a field, in one of the ways in which serde renames all of them.
fn same(sent: &str, field: &str) -> bool {
    let letters = |name: &str| -> Vec<char> {
        name.chars().filter(|letter| !matches!(letter, '_' | '-')).flat_map(char::to_lowercase).collect()
    };
    sent == field || letters(sent) == letters(field)
}
