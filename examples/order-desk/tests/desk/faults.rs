//! What the model is told when it calls a tool wrongly. Nothing of it reaches a function of the desk.

use serde_json::{Value, json};

use crate::desk;

async fn told(tool: &str, arguments: Value) -> String {
    let (platform, _) = desk();
    let reply = platform.call_tool(tool, arguments).await;
    reply.error().unwrap_or_else(|| panic!("no error but {reply}")).to_owned()
}

#[tokio::test]
async fn all_faults_are_told_in_one_answer() {
    let told = told("lookup_order", json!({ "max_lines": "many", "colour": "red" })).await;
    for fault in [
        "`max_lines` must be an integer from 1 to 50, got the string \"many\"",
        "`colour` is not an argument; the arguments are `order_id`, `max_lines`",
        "`order_id` is missing; it must be a string",
    ] {
        assert!(told.contains(fault), "{told}");
    }
}

#[tokio::test]
async fn an_enum_lists_what_is_allowed() {
    let told = told("find_slot", json!({ "day": "2026-02-05", "part": "evening" })).await;
    assert_eq!(told, "`part` must be one of \"morning\", \"afternoon\", got the string \"evening\"");
}

#[tokio::test]
async fn a_day_must_exist() {
    for day in ["2026-02-30", "tomorrow"] {
        let told = told("find_slot", json!({ "day": day, "part": "morning" })).await;
        let fault = format!("`day` must be a date such as \"2026-02-05\", got the string \"{day}\"");
        assert!(told.starts_with(&fault), "{told}");
    }
}

#[tokio::test]
async fn a_fault_inside_an_object_is_named_by_its_path() {
    let visit = json!({ "reason": "repair", "bikes": 3 });
    let many = told("book_slot", json!({ "day": "2026-02-05", "hour": 10, "visit": visit })).await;
    assert_eq!(many, "`visit.bikes` must be an integer from 1 to 2, got the number 3");

    let missing = told("book_slot", json!({ "day": "2026-02-05", "hour": 10, "visit": {} })).await;
    assert!(missing.starts_with("`visit.reason` is missing"), "{missing}");
}

#[tokio::test]
async fn a_number_must_be_in_its_range() {
    let told = told("book_slot", json!({ "day": "2026-02-05", "hour": 20, "visit": { "reason": "repair" } })).await;
    assert_eq!(told, "`hour` must be an integer from 9 to 16, got the number 20");
}

#[tokio::test]
async fn what_can_be_converted_without_loss_is_no_fault() {
    let (platform, _) = desk();
    let reply = platform.call_tool("lookup_order", json!({ "order_id": "A-1042", "max_lines": "2" })).await;
    assert_eq!(reply["further_lines"], 1);
}

#[tokio::test]
async fn a_misspelt_tool() {
    let told = told("lookup_orders", json!({})).await;
    assert_eq!(told, "there is no tool `lookup_orders`; did you mean `lookup_order`?");
}
