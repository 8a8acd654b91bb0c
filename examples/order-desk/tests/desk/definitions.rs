//! What the model is told of the tools.

use hms_webhook::assert_tools_snapshot;
use order_desk::{Clock, Database, OpeningHours};
use serde_json::json;

#[test]
fn the_committed_definitions_are_those_of_the_program() {
    let database = Database::in_memory().expect("there is memory");
    assert_tools_snapshot!(order_desk::app(database, OpeningHours::always(), Clock::System), "tools.json");
}

#[test]
fn the_model_learns_names_types_and_limits() {
    let database = Database::in_memory().expect("there is memory");
    let app = order_desk::app(database, OpeningHours::always(), Clock::System);
    let tools = app.definitions().expect("the tools are well formed");

    let names: Vec<_> = tools.iter().map(|tool| tool.name.as_str()).collect();
    assert_eq!(names, ["lookup_order", "cancel_order", "find_slot", "book_slot", "log_complaint"]);
    assert_eq!(
        tools[4].async_response.as_deref(),
        Some("The complaint is written down and a colleague will call back.")
    );

    let visit = json!({
        "type": "object",
        "description": "What the visit is for, as far as the caller has said.",
        "properties": {
            "reason": {
                "type": "string",
                "description": "What is to be done.",
                "enum": ["repair", "maintenance", "advice"],
            },
            "bikes": {
                "type": "integer",
                "description": "How many bikes the caller brings.",
                "minimum": 1,
                "maximum": 2,
                "default": 1,
            },
        },
        "required": ["reason"],
        "additionalProperties": false,
    });
    assert_eq!(
        tools[2].parameters,
        json!({
            "type": "object",
            "properties": {
                "day": {
                    "type": "string",
                    "description": "The day on which the caller wants to come.",
                    "format": "date",
                },
                "part": {
                    "type": "string",
                    "description": "The part of the day.",
                    "enum": ["morning", "afternoon"],
                },
                "visit": visit,
            },
            "required": ["day", "part"],
            "additionalProperties": false,
        })
    );
}
