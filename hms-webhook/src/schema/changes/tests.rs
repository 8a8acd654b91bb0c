//! Each kind of change and whom it hurts.

use serde_json::{Value, json};

use super::{Effect, changes};
use crate::schema::ToolDefinition;

fn tool(members: &Value) -> ToolDefinition {
    let mut tool = json!({
        "name": "find_slot",
        "description": "Find a slot.",
        "parameters": {
            "type": "object",
            "properties": { "day": { "type": "string" }, "limit": { "type": "integer", "minimum": 1, "maximum": 5 } },
            "required": ["day"],
            "additionalProperties": false,
        },
    });
    for (name, value) in members.as_object().unwrap() {
        tool[name] = value.clone();
    }
    serde_json::from_value(tool).unwrap()
}

/// A tool whose `limit` is of this schema.
fn limit(schema: &Value) -> ToolDefinition {
    tool(&json!({ "parameters": {
        "type": "object",
        "properties": { "day": { "type": "string" }, "limit": schema },
        "required": ["day"],
        "additionalProperties": false,
    } }))
}

#[track_caller]
fn effect(before: &ToolDefinition, after: &ToolDefinition) -> Effect {
    let found = changes(std::slice::from_ref(before), std::slice::from_ref(after));
    assert_eq!(found.len(), 1, "{found:?}");
    found[0].effect
}

#[test]
fn what_is_the_same_is_no_change() {
    assert_eq!(changes(&[tool(&json!({}))], &[tool(&json!({}))]), []);
}

#[test]
fn a_tool_that_is_gone_breaks_and_a_new_one_does_not() {
    let all = [tool(&json!({}))];
    assert_eq!(changes(&all, &[])[0].effect, Effect::Breaking);
    assert_eq!(changes(&[], &all)[0].effect, Effect::Compatible);
}

#[test]
fn words_are_compatible_and_the_way_of_a_call_is_breaking() {
    let before = tool(&json!({}));
    for members in [json!({ "description": "Other." }), json!({ "message": "One moment" })] {
        assert_eq!(effect(&before, &tool(&members)), Effect::Compatible, "{members}");
    }
    for members in [json!({ "url": "https://hooks.example.com" }), json!({ "async": true })] {
        assert_eq!(effect(&before, &tool(&members)), Effect::Breaking, "{members}");
    }
}

#[test]
fn a_narrower_range_breaks_and_a_wider_one_does_not() {
    let before = limit(&json!({ "type": "integer", "minimum": 1, "maximum": 5 }));
    let narrow = limit(&json!({ "type": "integer", "minimum": 1, "maximum": 3 }));
    assert_eq!(effect(&before, &narrow), Effect::Breaking);
    assert_eq!(effect(&narrow, &before), Effect::Compatible);
}

#[test]
fn a_value_less_breaks_and_one_more_does_not() {
    let two = limit(&json!({ "type": "string", "enum": ["few", "many"] }));
    let one = limit(&json!({ "type": "string", "enum": ["few"] }));
    assert_eq!(effect(&two, &one), Effect::Breaking);
    assert_eq!(effect(&one, &two), Effect::Compatible);
}

#[test]
fn what_becomes_required_breaks_and_what_becomes_optional_does_not() {
    let before = tool(&json!({}));
    let mut after = before.clone();
    after.parameters["required"] = json!(["day", "limit"]);
    assert_eq!(effect(&before, &after), Effect::Breaking);
    assert_eq!(effect(&after, &before), Effect::Compatible);
}

#[test]
fn an_argument_of_another_type_breaks() {
    let before = limit(&json!({ "type": "integer" }));
    let found = changes(&[before], &[limit(&json!({ "type": "boolean" }))]);
    assert!(found.iter().any(|change| change.effect == Effect::Breaking), "{found:?}");
}
