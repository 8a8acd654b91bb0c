//! Where two JSON values differ, by path: for expectations, and for answers beside earlier ones.

use std::fmt;

use serde_json::Value;

use crate::words::shown_apart;

/// One place at which something else was found.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Difference {
    /// Such as `results[0].result.status`; empty for the whole value.
    pub(super) path: String,
    /// `None` where nothing was expected.
    pub(super) expected: Option<Value>,
    /// `None` where nothing is.
    pub(super) found: Option<Value>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        let (expected, found) = shown_apart(self.expected.as_ref(), self.found.as_ref());
        write!(f, "{expected} → {found}")
    }
}

/// How members that were not expected count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Further {
    /// They may be there.
    Allowed,
    /// They are differences.
    Compared,
}

/// Where `found`, which is at `path`, is not what was `expected`.
pub(super) fn differences(path: &str, expected: &Value, found: &Value, further: Further) -> Vec<Difference> {
    let mut differences = Vec::new();
    compare(path, Some(expected), Some(found), further, &mut differences);
    differences
}

fn compare(
    path: &str,
    expected: Option<&Value>,
    found: Option<&Value>,
    further: Further,
    differences: &mut Vec<Difference>,
) {
    match (expected, found) {
        (Some(Value::Object(wanted)), Some(Value::Object(there))) => {
            for (name, value) in wanted {
                compare(&member(path, name), Some(value), there.get(name), further, differences);
            }
            if further == Further::Compared {
                for (name, value) in there.iter().filter(|(name, _)| !wanted.contains_key(*name)) {
                    compare(&member(path, name), None, Some(value), further, differences);
                }
            }
        }
        (Some(Value::Array(wanted)), Some(Value::Array(there))) => {
            for index in 0..wanted.len().max(there.len()) {
                compare(&format!("{path}[{index}]"), wanted.get(index), there.get(index), further, differences);
            }
        }
        (Some(expected), Some(found)) if same(expected, found) => {}
        _ => {
            let path = path.to_owned();
            differences.push(Difference { path, expected: expected.cloned(), found: found.cloned() });
        }
    }
}

fn member(path: &str, name: &str) -> String {
    if path.is_empty() { name.into() } else { format!("{path}.{name}") }
}

/// `1` and `1.0` are the same number; two integers are compared to their last digit, which a float would not keep.
fn same(one: &Value, other: &Value) -> bool {
    let has_float = one.is_f64() || other.is_f64();
    one == other || (has_float && one.is_number() && other.is_number() && one.as_f64() == other.as_f64())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn texts(expected: Value, found: Value, further: Further) -> Vec<String> {
        differences("", &expected, &found, further).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn each_place_is_named_once() {
        let (before, after) = (json!({ "a": [1, { "b": "x" }], "gone": 1 }), json!({ "a": [1, { "b": "y" }, 3] }));
        let all = ["a[1].b: \"x\" → \"y\"", "a[2]: (none) → 3", "gone: 1 → (none)"];
        assert_eq!(texts(before, after, Further::Compared), all);
    }

    #[test]
    fn further_members_count_where_they_are_compared() {
        let (before, after) = (json!({ "n": 1 }), json!({ "n": 1.0, "more": null }));
        assert!(texts(before.clone(), after.clone(), Further::Allowed).is_empty());
        assert_eq!(texts(before, after, Further::Compared), ["more: (none) → null"]);
    }

    #[test]
    fn integers_count_to_the_last_digit() {
        let (before, after) =
            (json!([9_007_199_254_740_992_u64, -1, 1]), json!([9_007_199_254_740_993_u64, -1.0, 1.0]));
        assert_eq!(texts(before, after, Further::Compared), ["[0]: 9007199254740992 → 9007199254740993"]);
    }
}
