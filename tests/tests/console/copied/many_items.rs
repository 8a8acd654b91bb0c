use hms_webhook::{App, testing::TestPlatform};
use serde_json::{Value, json};

#[tokio::test]
async fn find_slot_says_why_not() {
    // `App::discover()` finds what is annotated; put your own app here if it has state.
    let platform = TestPlatform::new(App::discover())
        .unwrap()
        .call_id("call-1")
        .caller(Some("+31612000111"));
    let reply = platform.call_tool("find_slot", serde_json::from_str::<Value>(r##"{
  "limit": [
    "\u202e#\"# 0",
    "\u202e#\"# 1",
    "\u202e#\"# 2",
    "\u202e#\"# 3",
    "\u202e#\"# 4",
    "\u202e#\"# 5",
    "\u202e#\"# 6",
    "\u202e#\"# 7",
    "\u202e#\"# 8",
    "\u202e#\"# 9",
    "\u202e#\"# 10",
    "\u202e#\"# 11",
    "\u202e#\"# 12",
    "\u202e#\"# 13",
    "\u202e#\"# 14",
    "\u202e#\"# 15",
    "\u202e#\"# 16",
    "\u202e#\"# 17",
    "\u202e#\"# 18",
    "\u202e#\"# 19",
    "\u202e#\"# 20",
    "\u202e#\"# 21",
    "\u202e#\"# 22",
    "\u202e#\"# 23",
    "\u202e#\"# 24",
    "\u202e#\"# 25",
    "\u202e#\"# 26",
    "\u202e#\"# 27",
    "\u202e#\"# 28",
    "\u202e#\"# 29",
    "\u202e#\"# 30",
    "\u202e#\"# 31",
    "\u202e#\"# 32",
    "\u202e#\"# 33",
    "\u202e#\"# 34",
    "\u202e#\"# 35",
    "\u202e#\"# 36",
    "\u202e#\"# 37",
    "\u202e#\"# 38",
    "\u202e#\"# 39",
    "\u202e#\"# 40",
    "\u202e#\"# 41",
    "\u202e#\"# 42",
    "\u202e#\"# 43",
    "\u202e#\"# 44",
    "\u202e#\"# 45",
    "\u202e#\"# 46",
    "\u202e#\"# 47",
    "\u202e#\"# 48",
    "\u202e#\"# 49",
    "\u202e#\"# 50",
    "\u202e#\"# 51",
    "\u202e#\"# 52",
    "\u202e#\"# 53",
    "\u202e#\"# 54",
    "\u202e#\"# 55",
    "\u202e#\"# 56",
    "\u202e#\"# 57",
    "\u202e#\"# 58",
    "\u202e#\"# 59",
    9007199254740993
  ],
  "day": {}
}"##).unwrap()).await;
    assert_eq!(reply.value(), &json!({
        "error": "`limit` must be an integer, got an array. `day` must be a string, got an object",
    }));
}
