//! Members that nobody knows yet.

use std::{fmt, ops::Deref};

use serde_json::{Map, Value};

/// The members of an object that have no field of their own, by name.
///
/// Its `Debug` shows the names only.
///
/// ```
/// use hms_webhook::event::StatusUpdate;
///
/// let update = StatusUpdate::from_json(
///     r#"{"message": {"type": "status-update", "call": {"id": "c-1"}, "mood": "cheerful"}}"#,
/// )?;
/// assert_eq!(update.extra["mood"], "cheerful");
/// assert_eq!(format!("{:?}", update.extra), r#"{"mood": ..}"#);
/// # Ok::<(), hms_webhook::event::ParseError>(())
/// ```
#[derive(Clone, Default, PartialEq)]
pub struct Extra(Map<String, Value>);

impl From<Map<String, Value>> for Extra {
    fn from(members: Map<String, Value>) -> Self {
        Self(members)
    }
}

impl From<Extra> for Map<String, Value> {
    fn from(extra: Extra) -> Self {
        extra.0
    }
}

impl Deref for Extra {
    type Target = Map<String, Value>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl fmt::Debug for Extra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        names_only(&self.0, f)
    }
}

/// Writes an object with its values hidden.
pub(crate) fn names_only(members: &Map<String, Value>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.debug_map().entries(members.keys().map(|name| (name, Hidden))).finish()
}

/// Stands in `Debug` where a value must not show.
pub(crate) struct Hidden;

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("..")
    }
}
