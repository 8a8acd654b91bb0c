//! Arguments in, values or one line of faults out.

mod conversions;
mod definitions;
#[cfg(feature = "testing")]
mod promise;
mod properties;
#[cfg(feature = "cli")] // that brings what spans are looked at with
mod recorded;
mod sentences;
#[cfg(feature = "testing")]
mod spread;

use std::sync::Arc;

use serde_json::value::RawValue;

use super::*;
use crate::{
    event::RawArguments,
    handler::{Location, ToolSpec, tool_future},
    schema::ToolDefinition,
};

pub(super) fn tool(arguments: &[ArgumentSpec]) -> ToolSpec {
    let location = Location { function: "lookup", file: "src/tools.rs", line: 7 };
    let arguments: &'static [ArgumentSpec] = arguments.to_vec().leak();
    ToolSpec::new("lookup_order", "Looks up an order.", location, arguments, &[], |_| {
        tool_future(async { Ok(String::new()) })
    })
}

pub(super) fn arguments(tool: &ToolSpec, json: &str) -> Arguments {
    received(Arc::new(PreparedArguments::prepare(tool).expect("the tool is sound")), json)
}

pub(super) fn received(prepared: Arc<PreparedArguments>, json: &str) -> Arguments {
    let raw = RawValue::from_string(json.to_owned()).expect("the envelope is JSON");
    Arguments::new(RawArguments::from(raw), prepared)
}

pub(super) fn argument<T: ArgumentValue>() -> Argument<T> {
    Argument::new("value", "")
}

/// Reads the one argument `value` out of a whole arguments text.
pub(super) fn read_from<T: 'static>(argument: Argument<T>, json: &str) -> Result<T, String> {
    let mut sent = arguments(&tool(&[argument.spec()]), json);
    let value = sent.take(0, argument);
    finished(sent, value)
}

/// Reads the one argument out of its own text.
pub(super) fn read<T: ArgumentValue>(json: &str) -> Result<T, String> {
    read_from(argument(), &format!("{{\"value\":{json}}}"))
}

/// Reads an `#[args]` parameter.
pub(super) fn read_whole<T: ArgumentValue>(json: &str) -> Result<T, String> {
    let argument = argument::<T>();
    let mut sent = arguments(&tool(&[argument.spec()]).whole(), json);
    let value = sent.take_whole(argument);
    finished(sent, value)
}

pub(super) fn finished<T>(mut sent: Arguments, value: Option<T>) -> Result<T, String> {
    match (sent.complete(), value) {
        (true, Some(value)) => Ok(value),
        (true, None) => panic!("nothing was read, and no fault was noted"),
        (false, _) => Err(sent.refuse().expect_err("a refusal").told().to_owned()),
    }
}

pub(super) fn parameters(arguments: &[ArgumentSpec]) -> Value {
    definition(&tool(arguments)).parameters
}

pub(super) fn definition(tool: &ToolSpec) -> ToolDefinition {
    ToolDefinition::new(tool, &PreparedArguments::prepare(tool).expect("the tool is sound"))
}

pub(super) fn refused(tool: &ToolSpec) -> String {
    PreparedArguments::prepare(tool).expect_err("the tool is not sound")
}

/// What the model is shown of a type.
pub(super) fn shown<T: ArgumentValue>() -> Value {
    parameters(&[argument::<T>().spec()])["properties"]["value"].clone()
}
