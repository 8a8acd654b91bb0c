//! The rules of the user's own types (`#[arg(garde)]`): what the model is told of them and what a call that breaks
//! them is answered.

use garde::Validate;
use hms_webhook::{App, testing::TestPlatform, tool, tools};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
struct Order {
    #[garde(length(min = 2, max = 20))]
    customer: String,
    #[garde(pattern("^[A-Z]-[0-9]+$"))]
    number: String,
    #[garde(length(min = 1, max = 3), dive)]
    order_lines: Vec<Line>,
    #[garde(dive)]
    ship_to: Option<Address>,
    #[garde(skip)]
    note: Option<String>,
}

#[derive(Deserialize, JsonSchema, Validate)]
struct Line {
    #[garde(range(min = 1, max = 99))]
    amount: u32,
    #[garde(custom(on_sale))]
    article: String,
}

#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
struct Address {
    #[garde(custom(delivered_to))]
    zip_code: String,
}

fn on_sale(article: &str, _: &()) -> garde::Result {
    if article == "unicorn" { Err(garde::Error::new("is not\non sale")) } else { Ok(()) }
}

fn delivered_to(zip_code: &str, _: &()) -> garde::Result {
    if zip_code.starts_with('0') { Err(garde::Error::new("nothing is delivered there")) } else { Ok(()) }
}

/// Place an order.
#[tool]
fn place_order(#[arg(garde)] order: Order, #[arg(range = 1..=5)] copies: u8) -> String {
    let lines: Vec<_> = order.order_lines.iter().map(|line| format!("{} {}", line.amount, line.article)).collect();
    let place = order.ship_to.map_or_else(|| "the shop".to_owned(), |address| address.zip_code);
    format!("{copies} × {} for {} to {place}{}", lines.join(", "), order.customer, order.note.unwrap_or_default())
}

/// Place an order, told as the whole object.
#[tool]
fn order_whole(
    #[args]
    #[arg(garde)]
    order: Order,
) -> String {
    order.number
}

/// Place an order whose rules nobody asked for.
#[tool]
fn order_without_rules(order: Order) -> String {
    order.number
}

fn platform() -> TestPlatform {
    TestPlatform::new(App::new().tools(tools![place_order, order_whole, order_without_rules])).unwrap()
}

fn order(article: &str, zip_code: &str) -> Value {
    json!({
        "customer": "Ada",
        "number": "A-1",
        "orderLines": [{ "amount": 1, "article": "lamp" }, { "amount": 2, "article": article }],
        "shipTo": { "zipCode": zip_code },
    })
}

#[tokio::test]
async fn what_keeps_the_rules_is_taken() {
    let reply = platform().call_tool("place_order", json!({ "order": order("chair", "10115"), "copies": 1 })).await;
    assert_eq!(reply["result"], "1 × 1 lamp, 2 chair for Ada to 10115");
    let mut without = order("chair", "10115");
    without["shipTo"] = Value::Null;
    let reply = platform().call_tool("order_whole", without).await;
    assert_eq!(reply["result"], "A-1");
}

#[tokio::test]
async fn every_broken_rule_is_told_with_its_path_as_the_model_knows_it() {
    let broken = order("unicorn", "01067");
    let reply = platform().call_tool("place_order", json!({ "order": broken, "copies": 9 })).await;
    let error = reply.error().unwrap();
    for part in [
        "`order.orderLines[1].article` cannot be taken, got the string \"unicorn\" (is not on sale)",
        "`order.shipTo.zipCode` cannot be taken, got the string \"01067\" (nothing is delivered there)",
        "`copies` must be",
    ] {
        assert!(error.contains(part), "{error}");
    }
    assert_eq!(error.lines().count(), 1, "{error}");

    let reply = platform().call_tool("order_whole", order("unicorn", "01067")).await;
    let error = reply.error().unwrap();
    for part in ["`orderLines[1].article` cannot", "`shipTo.zipCode` cannot"] {
        assert!(error.contains(part), "{error}");
    }
}

#[tokio::test]
async fn rules_are_checked_only_where_that_is_asked_for() {
    let reply = platform().call_tool("order_without_rules", json!({ "order": order("unicorn", "01067") })).await;
    assert_eq!(reply["result"], "A-1");
}

#[test]
fn the_definition_shows_the_rules_that_a_schema_can_say() {
    let definitions = App::new().tools(tools![place_order]).definitions().unwrap();
    let shown = &definitions[0].parameters["properties"]["order"]["properties"];
    assert_eq!((&shown["customer"]["minLength"], &shown["customer"]["maxLength"]), (&json!(2), &json!(20)));
    assert_eq!(shown["number"]["pattern"], "^[A-Z]-[0-9]+$");
    assert_eq!((&shown["orderLines"]["minItems"], &shown["orderLines"]["maxItems"]), (&json!(1), &json!(3)));
    let amount = &shown["orderLines"]["items"]["properties"]["amount"];
    assert_eq!((&amount["minimum"], &amount["maximum"]), (&json!(1), &json!(99)));
}

#[tokio::test]
async fn a_rule_that_the_definition_shows_is_told_once() {
    let mut short = order("chair", "10115");
    short["customer"] = json!("A");
    let reply = platform().call_tool("order_whole", short).await;
    assert_eq!(reply.error().unwrap().matches("`customer`").count(), 1);
}
