//! Greeting, turning away, and the log of the calls.

use hms_webhook::{AssistantReply, CallStatus};
use order_desk::OpeningHours;
use serde_json::json;

use crate::{desk, desk_with, row};

fn hours(text: &str) -> OpeningHours {
    text.parse().expect("these are opening hours")
}

#[tokio::test]
async fn a_known_caller_is_greeted_by_name() {
    let (platform, _) = desk();
    let reply = platform.assistant_request().await;
    let config = reply.config().expect("the assistant is changed for this caller");
    assert_eq!(config.get("first_message"), Some(&json!("Hello Mrs Vos, how can I help?")));
    assert_eq!(config.get("metadata"), Some(&json!({ "customer_id": "K-881" })));
}

#[tokio::test]
async fn an_unknown_caller_gets_the_saved_assistant() {
    let (platform, _) = desk();
    for caller in [Some("+31600000000"), None] {
        assert_eq!(platform.clone().caller(caller).assistant_request().await, AssistantReply::saved());
    }
}

#[tokio::test]
async fn outside_the_opening_hours_nobody_is_let_in() {
    let (platform, _) = desk_with(hours("09:30-17:30"));
    let reply = platform.assistant_request().await;
    assert_eq!(reply.rejection(), Some("We are closed now. We are here every day from 09:30 to 17:30."));

    let (platform, _) = desk_with(hours("09:00-17:30"));
    assert!(!platform.assistant_request().await.is_rejection());
}

#[tokio::test]
async fn a_call_is_logged_from_beginning_to_end() {
    let (platform, database) = desk();
    let platform = platform.metadata(json!({ "customer_id": "K-881" }));
    let log = || row(&database, "SELECT * FROM calls");

    platform.status_update(CallStatus::IN_PROGRESS).await;
    platform.settled().await;
    assert_eq!(log(), "test-call-1|+31612000111|-|in-progress|0|-|-|-");

    platform.status_update(CallStatus::ENDED).await;
    platform.settled().await;
    assert_eq!(log(), "test-call-1|+31612000111|-|ended|1|-|-|-");

    platform.end_of_call_report(json!({ "duration_seconds": 182, "summary": "Asked for an order." })).await;
    platform.settled().await;
    assert_eq!(log(), "test-call-1|+31612000111|K-881|ended|1|-|182|Asked for an order.");
}

/// The platform promises no order of events.
#[tokio::test]
async fn a_late_status_does_not_open_a_call_again() {
    let (platform, database) = desk();
    platform
        .event(
            "status-update",
            json!({
                "call": { "id": "test-call-1", "status": "ended-with-error" },
                "error": "speech recognition lost",
            }),
        )
        .await;
    platform.settled().await;
    platform.status_update(CallStatus::IN_PROGRESS).await;
    platform.settled().await;
    assert_eq!(row(&database, "SELECT status, error FROM calls"), "ended-with-error|speech recognition lost");
}

#[tokio::test]
async fn a_report_alone_is_enough() {
    let (platform, database) = desk();
    // Metadata that another program attached to the call.
    let platform = platform.caller(None).metadata(json!({ "campaign": 7 }));
    platform.end_of_call_report(json!({})).await;
    platform.settled().await;
    assert_eq!(row(&database, "SELECT * FROM calls"), "test-call-1|-|-|ended|1|-|-|-");
}
