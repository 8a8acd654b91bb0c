//! Arguments against random schemas, beside the crate `jsonschema`: what it rejects we reject, and the other way round.

#![no_main]

#[path = "../schemas.rs"]
mod schemas;

use arbitrary::{Arbitrary, Unstructured};
use hms_webhook::__fuzzing::{conform, rewrite};
use libfuzzer_sys::fuzz_target;
use schemas::{same, schema, value, with_nulls_for_missing};
use serde_json::Value;

#[derive(Debug)]
struct Input {
    schema: Value,
    value: Value,
}

impl<'a> Arbitrary<'a> for Input {
    fn arbitrary(bytes: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        Ok(Self { schema: schema(bytes, 3)?, value: value(bytes, 3)? })
    }
}

fuzz_target!(|input: Input| {
    // What the model is shown is what has to hold, so the schema is held against the value in its written form.
    let Ok(shown) = rewrite(input.schema.clone()) else { return };
    let validator = jsonschema::draft202012::new(&shown).expect("what is shown is a schema");
    let text = input.value.to_string();
    let allowed = validator.is_valid(&input.value);
    let strict = conform(input.schema.clone(), &text, false);
    if allowed {
        assert!(strict.is_ok(), "{shown} allows {text}, but {strict:?}");
        let lenient = conform(input.schema.clone(), &text, true).expect("leniency takes nothing away");
        let lenient: Value = serde_json::from_str(&lenient).expect("a value is JSON");
        assert!(same(&lenient, &input.value), "{text} fits {shown}, and was changed to {lenient}");
        return;
    }
    // One thing is taken and not shown: `null` for a member that may be left out.
    let relaxed = with_nulls_for_missing(&shown);
    let validator = jsonschema::draft202012::new(&relaxed).expect("it is still a schema");
    if let Ok(taken) = &strict {
        assert!(validator.is_valid(&input.value), "{shown} forbids {text}, which was taken as {taken}");
    }
    if let Ok(converted) = conform(input.schema, &text, true) {
        let converted: Value = serde_json::from_str(&converted).expect("a conversion is JSON");
        assert!(validator.is_valid(&converted), "{text} became {converted}, which {shown} forbids");
    }
});
