//! Looking up and cancelling orders.

use serde_json::json;

use crate::{desk, row};

#[tokio::test]
async fn an_order_is_looked_up() {
    let (platform, _) = desk();
    let reply = platform.call_tool("lookup_order", json!({ "order_id": "A-1042" })).await;
    assert_eq!(
        reply.value(),
        &json!({
            "order_id": "A-1042",
            "status": "shipped",
            "lines": [
                { "article": "chain, eight speeds", "pieces": 1 },
                { "article": "brake pads", "pieces": 2 },
                { "article": "rear light", "pieces": 1 },
            ],
            "further_lines": 0,
        })
    );
}

#[tokio::test]
async fn as_many_lines_as_were_asked_for() {
    let (platform, _) = desk();
    let reply = platform.call_tool("lookup_order", json!({ "order_id": "a 1042", "max_lines": 1 })).await;
    assert_eq!(reply["lines"].as_array().map(Vec::len), Some(1));
    assert_eq!(reply["further_lines"], 2);
}

#[tokio::test]
async fn an_unknown_order() {
    let (platform, _) = desk();
    let reply = platform.call_tool("lookup_order", json!({ "order_id": "A-9999" })).await;
    assert_eq!(reply.error(), Some("there is no order with that number; ask the caller to read it out again"));
}

#[tokio::test]
async fn an_open_order_is_cancelled_once_and_for_all() {
    let (platform, database) = desk();
    for _ in 0..2 {
        let reply = platform.clone().call_tool("cancel_order", json!({ "order_id": "A-1043" })).await;
        assert_eq!(reply.value(), &json!({ "order_id": "A-1043", "status": "cancelled" }));
    }
    assert_eq!(row(&database, "SELECT status FROM orders WHERE id = 'A-1043'"), "cancelled");
}

#[tokio::test]
async fn what_was_shipped_is_not_cancelled() {
    let (platform, _) = desk();
    let reply = platform.call_tool("cancel_order", json!({ "order_id": "A-1042" })).await;
    assert_eq!(reply.error(), Some("that order was shipped already; it can be sent back instead"));
}

#[tokio::test]
async fn nobody_cancels_the_order_of_another() {
    let (platform, database) = desk();
    for caller in [Some("+31612000222"), None] {
        let reply = platform.clone().caller(caller).call_tool("cancel_order", json!({ "order_id": "A-1043" })).await;
        assert_eq!(reply.error(), Some("an order can be cancelled only from the phone number that it was placed with"));
    }
    assert_eq!(row(&database, "SELECT status FROM orders WHERE id = 'A-1043'"), "open");
}
