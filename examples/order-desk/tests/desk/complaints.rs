//! The background tool.

use order_desk::OpeningHours;
use serde_json::json;

use crate::{desk, desk_on, row};

#[tokio::test]
async fn a_complaint_is_answered_at_once_and_written_down() {
    let (platform, database) = desk();
    let complaint = json!({ "text": "the bell does not ring", "order_id": "A-1042" });
    let reply = platform.call_tool("log_complaint", complaint).await;
    assert_eq!(reply["result"], "The complaint is written down and a colleague will call back.");

    platform.settled().await;
    assert_eq!(
        row(&database, "SELECT text, order_id, phone_number, call_id FROM complaints"),
        "the bell does not ring|A-1042|+31612000111|test-call-1"
    );
}

#[tokio::test]
async fn a_complaint_that_is_tried_again_is_written_down_once() {
    let (platform, database) = desk();
    let complaint = json!({ "text": "the bell does not ring" });
    for platform in [platform, desk_on(&database, OpeningHours::always())] {
        platform.call_tool("log_complaint", &complaint).await;
        platform.settled().await;
    }
    assert_eq!(row(&database, "SELECT count(*) FROM complaints"), "1");
}
