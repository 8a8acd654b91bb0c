//! Arguments of random schemas, beside the crate `jsonschema`, which knows nothing of us: what the definition that the model
//! is shown allows is taken as it is, what it forbids is refused, and what is converted is then allowed.
//!
//! The fuzz target `arguments` looks for more of the same, without an end.

#[path = "../../fuzz/schemas.rs"]
mod schemas;

use std::{borrow::Cow, cell::RefCell, iter::repeat_with};

use arbitrary::Unstructured;
use hms_webhook::{App, Profile, testing::TestPlatform, tool, tools};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

thread_local! {
    /// What [`Any`] says of itself when an app is made; anything, for the apps of other tests, which find these tools too.
    static SCHEMA: RefCell<Value> = const { RefCell::new(Value::Bool(true)) };
}

/// A type with the schema that stands in [`SCHEMA`].
#[derive(Serialize, Deserialize)]
struct Any(Value);

impl JsonSchema for Any {
    fn schema_name() -> Cow<'static, str> {
        "Any".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        SCHEMA.with_borrow(|schema| schema.clone().try_into().expect("an object or a boolean"))
    }
}

/// Give it back.
#[tool]
async fn exact(
    /// Something.
    #[arg(strict)]
    it: Any,
) -> Value {
    json!({ "taken": it })
}

/// Give it back.
#[tool]
async fn lenient(
    /// Something.
    it: Any,
) -> Value {
    json!({ "taken": it })
}

/// What a tool took the argument for; `None` where it was refused.
async fn taken(platform: &TestPlatform, tool: &str, value: &Value) -> Option<Value> {
    let reply = platform.call_tool(tool, json!({ "it": value })).await;
    match reply.error() {
        None => Some(reply["taken"].clone()),
        Some(error) => {
            assert!(error.contains("`it"), "{error}");
            None
        }
    }
}

/// How many unions there are in a schema in the form of `gemini`, none of which has anything beside its forms; every
/// other schema has a type.
fn unions_that_stand_alone(schema: &Value) -> usize {
    let keywords = schema.as_object().expect("a schema is an object");
    let within = |schemas: &mut dyn Iterator<Item = &Value>| schemas.map(unions_that_stand_alone).sum::<usize>();
    if let Some(forms) = keywords.get("anyOf") {
        assert_eq!(keywords.len(), 1, "{schema}");
        return 1 + within(&mut forms.as_array().expect("`anyOf` is a list").iter());
    }
    assert!(schema["type"].is_string(), "{schema}");
    within(&mut keywords.get("items").into_iter())
        + within(&mut keywords.get("properties").and_then(Value::as_object).into_iter().flat_map(|all| all.values()))
}

#[tokio::test]
async fn what_the_shown_schema_allows_is_taken_and_what_it_forbids_is_refused() {
    const SCHEMAS: usize = 250;
    const VALUES: usize = 12;
    let mut dice = fastrand::Rng::with_seed(20_260_101);
    let (mut allowed, mut refused, mut converted, mut unions) = (0, 0, 0, 0);
    for _ in 0..SCHEMAS {
        let bytes: Vec<u8> = repeat_with(|| dice.u8(..)).take(1024).collect();
        let mut bytes = Unstructured::new(&bytes);
        SCHEMA.set(schemas::schema(&mut bytes, 3).unwrap());
        let app = App::new().tools(tools![exact, lenient]);
        let Ok(definitions) = app.definitions() else { continue };
        if let Ok(form) = app.definitions_for(Profile::Gemini) {
            unions += unions_that_stand_alone(&form[0].parameters);
        }
        let shown = &definitions[0].parameters;
        let validator = jsonschema::draft202012::new(shown).unwrap();
        let relaxed = jsonschema::draft202012::new(&schemas::with_nulls_for_missing(shown)).unwrap();
        let platform = TestPlatform::new(app).unwrap();
        for _ in 0..VALUES {
            let value = schemas::value(&mut bytes, 2).unwrap();
            let arguments = |it: &Value| json!({ "it": it });
            let fits = |it: &Value| relaxed.is_valid(&arguments(it));
            let strictly = taken(&platform, "exact", &value).await;
            let leniently = taken(&platform, "lenient", &value).await;
            if validator.is_valid(&arguments(&value)) {
                allowed += 1;
                for it in [strictly, leniently] {
                    assert!(
                        it.as_ref().is_some_and(|it| schemas::same(it, &value)),
                        "{shown} allows {value}, not {it:?}"
                    );
                }
                continue;
            }
            refused += usize::from(strictly.is_none());
            assert!(strictly.is_none() || fits(&value), "{shown} forbids {value}, which was taken as {strictly:?}");
            if let Some(it) = leniently {
                converted += 1;
                assert!(fits(&it), "{value} became {it}, which {shown} forbids");
            }
        }
    }
    assert!(unions > 5, "{unions} unions");
    assert!(
        allowed > 200 && refused > 1000 && converted > 20,
        "{allowed} allowed, {refused} refused, {converted} converted"
    );
}
