//! What is drawn from a conversation after the call.

use serde_json::{Map, Value};

use super::{
    block::{block, insert, push, setters},
    llm_config::message,
};
use crate::event::MessageRole;

block! {
    /// What is drawn from a conversation after the call: `analysis_plan` (P §4.4).
    /// The outcome is read with [`EndOfCallReport::analysis`](crate::EndOfCallReport::analysis).
    ///
    /// ```
    /// use hms_webhook::reply::AnalysisPlan;
    /// use serde_json::json;
    ///
    /// let schema = json!({ "type": "object", "properties": { "booked": { "type": "boolean" } } });
    /// let plan = AnalysisPlan::new(schema.clone()).system("Answer by {{schema}} from {{transcript}}.");
    /// assert_eq!(
    ///     serde_json::to_value(&plan)?,
    ///     json!({
    ///         "structured_data_plan": {
    ///             "enabled": true,
    ///             "schema": schema,
    ///             "messages": [{ "role": "system", "content": "Answer by {{schema}} from {{transcript}}." }]
    ///         }
    ///     })
    /// );
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    AnalysisPlan
}

const STRUCTURED: &str = "structured_data_plan";

impl AnalysisPlan {
    /// A plan that fills in an object of this JSON Schema.
    pub fn new(schema: impl Into<Value>) -> Self {
        Self::default().structured("enabled", true).structured("schema", schema)
    }

    /// A plan that turns the saved one off.
    pub fn disabled() -> Self {
        Self::default().structured("enabled", false)
    }

    /// Adds instructions to the analysis: a message of the role `system`.
    #[must_use]
    pub fn system(self, content: impl Into<String>) -> Self {
        self.message(MessageRole::SYSTEM, content)
    }

    /// Adds a message to the analysis. The platform fills in `{{schema}}`, `{{transcript}}` and `{{ended_reason}}`.
    #[must_use]
    pub fn message(mut self, role: MessageRole, content: impl Into<String>) -> Self {
        if let Value::Object(plan) = self.0.entry(STRUCTURED).or_insert_with(|| Map::new().into()) {
            push(plan, "messages", message(&role, content.into()));
        }
        self
    }

    /// Sets any member of `structured_data_plan`.
    #[must_use]
    pub fn structured(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        insert(&mut self.0, STRUCTURED, name, value.into());
        self
    }

    setters! {
        /// The fewest messages that a call must have to be analysed.
        min_messages_threshold: u32;
    }
}
