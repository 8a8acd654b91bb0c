//! What the model is told of a tool.
//!
//! The parameters are one plain JSON Schema object: no references, no titles, no unions with `null` where leaving out
//! says the same. What a certain provider wants otherwise is a function from this plain form to that provider's.

#[cfg(feature = "testing")]
pub(crate) mod changes;
#[cfg(feature = "testing")]
pub(crate) mod file;
#[cfg(feature = "profiles")]
#[cfg_attr(not(feature = "testing"), allow(dead_code))] // `changes` reads back
pub(crate) mod profile;
#[cfg(feature = "testing")]
pub(crate) mod sample;

use serde::{Deserialize, Serialize};
use serde_json::Value;

#[cfg(feature = "profiles")]
pub use profile::{Profile, UnknownProfile};

use crate::{arguments::PreparedArguments, handler::ToolSpec};

/// A tool as it stands in an assistant's `llm_config.tools` (PROTOCOL.md §5.1, the flat form).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ToolDefinition {
    /// The name by which the model calls the tool.
    pub name: String,
    /// When to use it.
    #[serde(default)]
    pub description: String,
    /// Where the platform sends the call, if not to the assistant's own URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The platform does not wait for the result.
    #[serde(rename = "async", default, skip_serializing_if = "std::ops::Not::not")]
    pub async_: bool,
    /// What the model hears in place of the result of an asynchronous tool.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub async_response: Option<String>,
    /// What the assistant says while the tool runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The JSON Schema of the arguments: `type`, `properties` in the order of declaration, `required`,
    /// `additionalProperties`.
    pub parameters: Value,
}

impl ToolDefinition {
    /// The definition of a tool whose arguments are prepared.
    pub(crate) fn new(tool: &ToolSpec, prepared: &PreparedArguments) -> Self {
        Self {
            name: tool.name.to_owned(),
            description: tool.description.to_owned(),
            url: tool.url.map(str::to_owned),
            async_: tool.background,
            async_response: tool.response.map(str::to_owned),
            message: tool.message.map(str::to_owned),
            parameters: prepared.schema(),
        }
    }

    /// The same in the form of `profile`. What cannot be said in it is noted among the problems.
    #[cfg(feature = "profiles")]
    pub(crate) fn in_form(mut self, profile: Profile, problems: &mut Vec<String>) -> Self {
        match profile.apply(self.parameters.take()) {
            Ok(parameters) => self.parameters = parameters,
            Err(faults) => {
                let name = &self.name;
                let faults = faults.into_iter();
                problems.extend(faults.map(|fault| format!("the tool `{name}` cannot be put as `{profile}`: {fault}")));
            }
        }
        self
    }
}
