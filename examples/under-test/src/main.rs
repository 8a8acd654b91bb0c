//! A server whose tools misbehave, for tests from outside. Not a model to copy: that is `order-desk`.

use std::{future::pending, time::Duration};

use hms_webhook::{ToolError, tool};
use serde::Serialize;

#[derive(Debug, Serialize)]
struct Found {
    order_id: String,
    results: Vec<String>,
}

/// Look up an order by its number.
#[tool]
async fn lookup_order(
    /// The order number, for example A-1042.
    order_id: String,
    /// How many results to give at most.
    max_results: Option<u32>,
) -> Result<Found, ToolError> {
    if order_id.trim().is_empty() {
        return Err(ToolError::tell("an order number is not empty"));
    }
    let results = ["shipped", "on its way", "arrives on Thursday"];
    let count = max_results.map_or(results.len(), |count| usize::try_from(count).unwrap_or(usize::MAX));
    Ok(Found { order_id, results: results.into_iter().take(count).map(Into::into).collect() })
}

/// Never answer.
#[tool("hang")]
async fn hang() {
    pending().await
}

/// Panic at once.
#[tool("panic")]
async fn panic_at_once() {
    panic!("this tool was asked to panic");
}

/// Answer after three seconds.
#[tool("slow")]
async fn slow() -> &'static str {
    tokio::time::sleep(Duration::from_secs(3)).await;
    "it took three seconds"
}

#[tokio::main]
async fn main() -> hms_webhook::Result<()> {
    hms_webhook::run().await
}

#[cfg(test)]
mod tests {
    use hms_webhook::{App, testing::TestPlatform};
    use serde_json::{Value, json};
    use tokio::time::Instant;

    use super::*;

    /// One delivery with the good, the slow, the hanging and the panicking tool.
    #[tokio::test(start_paused = true)]
    async fn each_tool_behaves_as_it_says() {
        let platform = TestPlatform::new(App::discover()).unwrap();
        let none = json!({});
        let order = json!({ "order_id": "A-1042", "max_results": 1 });
        let started = Instant::now();
        let replies =
            platform.call_tools([("lookup_order", &order), ("slow", &none), ("hang", &none), ("panic", &none)]).await;

        assert_eq!(replies[0].value(), &json!({ "order_id": "A-1042", "results": ["shipped"] }));
        assert_eq!(replies[1]["result"], Value::from("it took three seconds"));
        assert!(replies[2].error().is_some() && replies[3].error().is_some(), "{replies:?}");
        assert!(started.elapsed() < Duration::from_secs(10), "the platform has given up by then");
    }
}
