//! Definitions are made from the functions once, however often they are asked for.

use std::{
    borrow::Cow,
    sync::atomic::{AtomicUsize, Ordering},
};

use hms_webhook::{App, Profile, testing::TestPlatform, tool, tools};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;

static SCHEMAS: AtomicUsize = AtomicUsize::new(0);

#[derive(Deserialize)]
struct Counted(u32);

impl JsonSchema for Counted {
    fn schema_name() -> Cow<'static, str> {
        "Counted".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        SCHEMAS.fetch_add(1, Ordering::Relaxed);
        u32::json_schema(generator)
    }
}

/// Add one.
#[tool]
fn one_more(
    /// The number.
    number: Counted,
) -> u32 {
    number.0 + 1
}

/// Say hello.
#[tool]
fn hello() -> &'static str {
    "Hello."
}

#[tokio::test]
async fn definitions_are_built_once() {
    let app = App::new().tools(tools![one_more]);
    let first = app.definitions().unwrap();
    let built = SCHEMAS.load(Ordering::Relaxed);
    assert!(built > 0);
    assert_eq!(app.definitions().unwrap(), first);
    app.definitions_for(Profile::Gemini).unwrap();
    assert_eq!(
        TestPlatform::new(app).unwrap().call_tool("one_more", serde_json::json!({ "number": 2 })).await["result"],
        3
    );
    assert_eq!(SCHEMAS.load(Ordering::Relaxed), built);

    let app = App::new().tools(tools![one_more]);
    assert_eq!(app.definitions().unwrap().len(), 1);
    assert_eq!(app.tools(tools![hello]).definitions().unwrap().len(), 2);
}
