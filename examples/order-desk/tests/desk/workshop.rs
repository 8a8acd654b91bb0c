//! Finding and booking slots.

use order_desk::OpeningHours;
use serde_json::json;

use crate::{desk, desk_on, row};

#[tokio::test]
async fn free_slots_of_a_morning() {
    let (platform, _) = desk();
    let reply = platform.call_tool("find_slot", json!({ "day": "2026-02-05", "part": "morning" })).await;
    assert_eq!(reply.value(), &json!({ "day": "2026-02-05", "free_hours": [9, 10, 11] }));
}

#[tokio::test]
async fn a_slot_is_booked_and_then_taken() {
    let (platform, database) = desk();
    let visit = json!({ "reason": "repair", "bikes": 2 });
    let slot = json!({ "day": "2026-02-05", "hour": 10, "visit": visit });

    let booking = platform.call_tool("book_slot", &slot).await;
    assert_eq!(booking.value(), &json!({ "booking_id": 1, "day": "2026-02-05", "hour": 10, "visit": visit }));
    assert_eq!(
        row(&database, "SELECT day, hour, bikes, reason, phone_number, call_id FROM visits"),
        "2026-02-05|10|2|repair|+31612000111|test-call-1"
    );

    let other_call = platform.clone().call_id("test-call-2");
    let reply = other_call.call_tool("book_slot", &slot).await;
    assert_eq!(reply.error(), Some("that slot was taken in the meantime; find the free slots again"));
    let reply = other_call.call_tool("find_slot", json!({ "day": "2026-02-05", "part": "morning" })).await;
    assert_eq!(reply["free_hours"], json!([9, 11]));
}

#[tokio::test]
async fn one_bench_is_enough_for_one_bike() {
    let (platform, _) = desk();
    let visit = json!({ "reason": "maintenance" });
    let booking = platform.call_tool("book_slot", json!({ "day": "2026-02-05", "hour": 14, "visit": visit })).await;
    assert_eq!(booking["visit"]["bikes"], 1, "one bike unless another number is given: {booking}");

    for (bikes, free_hours) in [(1, json!([13, 14, 15, 16])), (2, json!([13, 15, 16]))] {
        let visit = json!({ "reason": "advice", "bikes": bikes });
        let reply =
            platform.call_tool("find_slot", json!({ "day": "2026-02-05", "part": "afternoon", "visit": visit })).await;
        assert_eq!(reply["free_hours"], free_hours);
    }
}

#[tokio::test]
async fn days_without_slots() {
    let (platform, _) = desk();
    for (day, told) in [
        ("2026-02-02", "2026-02-02 is over; today is 2026-02-03"),
        ("2026-02-08", "2026-02-08 is a Sunday, when the workshop is closed"),
    ] {
        let reply = platform.call_tool("find_slot", json!({ "day": day, "part": "morning" })).await;
        assert_eq!(reply.error(), Some(told));
    }
}

#[tokio::test]
async fn nobody_works_over_lunch() {
    let (platform, _) = desk();
    let slot = json!({ "day": "2026-02-05", "hour": 12, "visit": { "reason": "advice" } });
    let reply = platform.call_tool("book_slot", slot).await;
    assert_eq!(reply.error(), Some("no slot begins at that hour; find the free slots again"));
}

#[tokio::test]
async fn a_booking_whose_answer_was_lost_is_made_once() {
    let (platform, database) = desk();
    let slot = json!({ "day": "2026-02-05", "hour": 14, "visit": { "bikes": 2, "reason": "repair" } });
    let first = platform.call_tool("book_slot", &slot).await;
    let again = desk_on(&database, OpeningHours::always()).call_tool("book_slot", &slot).await;
    assert_eq!(again.value(), first.value());
    assert_eq!(first["booking_id"], 1);
    assert_eq!(row(&database, "SELECT count(*) FROM visits"), "1");
}
