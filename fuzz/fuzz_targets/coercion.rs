//! Any text as the arguments of tools with many kinds of parameters: never a panic, and nothing is lost on the way.

#![no_main]

use std::{cell::RefCell, collections::BTreeMap};

use hms_webhook::{App, testing::TestPlatform, tool, tools};
use libfuzzer_sys::fuzz_target;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::runtime::Runtime;

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Visit {
    Repair { bikes: u8, note: Option<String> },
    Advice,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Loose {
    Number(i32),
    Text(String),
}

/// Give everything back.
#[tool]
async fn everything(
    /// A number.
    #[arg(range = -5..=5)]
    small: i8,
    /// A number.
    large: Option<u64>,
    /// A number.
    real: Option<f64>,
    /// A truth.
    truth: Option<bool>,
    /// A text.
    #[arg(length = 0..=20)]
    text: Option<String>,
    /// Some texts.
    list: Option<Vec<String>>,
    /// Numbers by name.
    map: Option<BTreeMap<String, i64>>,
    /// A visit.
    visit: Option<Visit>,
    /// A number or a text.
    loose: Option<Loose>,
) -> Value {
    serde_json::json!({
        "small": small, "large": large, "real": real, "truth": truth, "text": text, "list": list, "map": map,
        "visit": visit, "loose": loose,
    })
}

thread_local! {
    static PLATFORM: RefCell<(Runtime, TestPlatform)> = RefCell::new((
        tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime"),
        TestPlatform::new(App::new().tools(tools![everything])).expect("an app"),
    ));
}

fuzz_target!(|arguments: &str| {
    // Inside an envelope they have to be JSON; as the content of a string they may be anything.
    let sent = if serde_json::from_str::<Value>(arguments).is_ok() {
        arguments.to_owned()
    } else {
        Value::from(arguments).to_string()
    };
    PLATFORM.with_borrow(|(runtime, platform)| {
        let body = format!(
            r#"{{"message":{{"type":"tool-calls","call":{{"id":"c"}},"tool_call_list":[{{"id":"t","function":{{"name":"everything","arguments":{sent}}}}}]}}}}"#
        );
        let answer = runtime.block_on(platform.deliver(body));
        assert_eq!(answer.status, 200, "{answer:?}");
        let result = &answer.json()["results"][0]["result"];
        if let Some(error) = result.get("error").and_then(Value::as_str) {
            assert!(!error.contains("internal reason"), "{error}");
            assert!(!error.contains('\n'), "{error}");
            return;
        }
        // What was taken can be sent again, and gives the same.
        let again = platform_call(runtime, platform, result);
        assert_eq!(&again, result);
    });
});

fn platform_call(runtime: &Runtime, platform: &TestPlatform, arguments: &Value) -> Value {
    runtime.block_on(platform.clone().call_id("again").call_tool("everything", arguments)).value().clone()
}
