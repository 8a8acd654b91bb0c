//! What the model is told when it calls a tool wrongly. Nothing of it reaches a function of the desk.

use serde_json::{Value, json};

use crate::desk;

async fn check(tool: &str, arguments: Value, told: &str) {
    let (platform, _) = desk();
    assert_eq!(platform.call_tool(tool, arguments).await.error(), Some(told));
}

#[tokio::test]
async fn all_faults_are_told_in_one_answer() {
    check("lookup_order", json!({ "max_lines": "many", "colour": "red" }), "?").await;
}

#[tokio::test]
async fn an_enum_lists_what_is_allowed() {
    check("find_slot", json!({ "day": "2026-02-05", "part": "evening" }), "?").await;
}

#[tokio::test]
async fn a_day_must_exist() {
    check("find_slot", json!({ "day": "2026-02-30", "part": "morning" }), "?").await;
    check("find_slot", json!({ "day": "tomorrow", "part": "morning" }), "?").await;
}

#[tokio::test]
async fn a_fault_inside_an_object_is_named_by_its_path() {
    let visit = json!({ "reason": "repair", "bikes": 3 });
    check("book_slot", json!({ "day": "2026-02-05", "hour": 10, "visit": visit }), "?").await;
    check("book_slot", json!({ "day": "2026-02-05", "hour": 10, "visit": {} }), "?").await;
}

#[tokio::test]
async fn a_number_must_be_in_its_range() {
    check("book_slot", json!({ "day": "2026-02-05", "hour": 20, "visit": { "reason": "repair" } }), "?").await;
}

#[tokio::test]
async fn a_misspelt_tool() {
    check("lookup_orders", json!({}), "there is no tool `lookup_orders`; did you mean `lookup_order`?").await;
}
