//! Doors for the fuzz targets to what has no public one. Compiled by cargo-fuzz only.

use serde_json::Value;

#[cfg(feature = "nats")]
pub use crate::store::nats::fuzzing::{read_key, read_queue};
use crate::{
    arguments::conform_to,
    shape::{self, Shape},
};

/// The schema as the model is shown it.
///
/// # Errors
/// When no tool could have such a schema.
pub fn rewrite(schema: Value) -> Result<Value, String> {
    shape::read(schema).map(|shape| shape::write(&shape))
}

/// `json` as a value of this schema, perhaps converted.
///
/// # Errors
/// The faults, as the model is told them.
pub fn conform(schema: Value, json: &str, lenient: bool) -> Result<String, String> {
    let shape: Shape = shape::read(schema)?;
    conform_to(&shape, json, lenient)
}
