//! Each kind of change and whom it hurts.

use serde_json::{Value, json};

use super::{Change, Effect};
use crate::schema::{Profile, ToolDefinition};

fn changes(before: &[ToolDefinition], after: &[ToolDefinition]) -> Vec<Change> {
    super::changes(before, after, Profile::Plain)
}

fn tool(members: &Value) -> ToolDefinition {
    let mut tool = json!({
        "name": "find_slot",
        "description": "Find a slot.",
        "parameters": {
            "type": "object",
            "properties": { "day": { "type": "string" }, "limit": { "type": "integer", "minimum": 1, "maximum": 5 } },
            "required": ["day"],
            "additionalProperties": false,
        },
    });
    for (name, value) in members.as_object().unwrap() {
        tool[name] = value.clone();
    }
    serde_json::from_value(tool).unwrap()
}

/// A tool whose `limit` is of this schema.
fn limit(schema: &Value) -> ToolDefinition {
    tool(&json!({ "parameters": {
        "type": "object",
        "properties": { "day": { "type": "string" }, "limit": schema },
        "required": ["day"],
        "additionalProperties": false,
    } }))
}

#[track_caller]
fn effect(before: &ToolDefinition, after: &ToolDefinition) -> Effect {
    let found = changes(std::slice::from_ref(before), std::slice::from_ref(after));
    assert_eq!(found.len(), 1, "{found:?}");
    found[0].effect
}

#[test]
fn what_is_the_same_is_no_change() {
    assert_eq!(changes(&[tool(&json!({}))], &[tool(&json!({}))]), []);
}

#[test]
fn a_tool_that_is_gone_breaks_and_a_new_one_does_not() {
    let all = [tool(&json!({}))];
    assert_eq!(changes(&all, &[])[0].effect, Effect::Breaking);
    assert_eq!(changes(&[], &all)[0].effect, Effect::Compatible);
}

#[test]
fn words_are_compatible_and_the_way_of_a_call_is_breaking() {
    let before = tool(&json!({}));
    for members in [json!({ "description": "Other." }), json!({ "message": "One moment" })] {
        assert_eq!(effect(&before, &tool(&members)), Effect::Compatible, "{members}");
    }
    for members in [json!({ "url": "https://hooks.example.com" }), json!({ "async": true })] {
        assert_eq!(effect(&before, &tool(&members)), Effect::Breaking, "{members}");
    }
}

#[test]
fn a_narrower_range_breaks_and_a_wider_one_does_not() {
    let before = limit(&json!({ "type": "integer", "minimum": 1, "maximum": 5 }));
    let narrow = limit(&json!({ "type": "integer", "minimum": 1, "maximum": 3 }));
    assert_eq!(effect(&before, &narrow), Effect::Breaking);
    assert_eq!(effect(&narrow, &before), Effect::Compatible);
}

#[test]
fn a_value_less_breaks_and_one_more_does_not() {
    let two = limit(&json!({ "type": "string", "enum": ["few", "many"] }));
    let one = limit(&json!({ "type": "string", "enum": ["few"] }));
    assert_eq!(effect(&two, &one), Effect::Breaking);
    assert_eq!(effect(&one, &two), Effect::Compatible);
}

#[test]
fn what_becomes_required_breaks_and_what_becomes_optional_does_not() {
    let before = tool(&json!({}));
    let mut after = before.clone();
    after.parameters["required"] = json!(["day", "limit"]);
    assert_eq!(effect(&before, &after), Effect::Breaking);
    assert_eq!(effect(&after, &before), Effect::Compatible);
}

#[test]
fn an_argument_of_another_type_breaks() {
    let before = limit(&json!({ "type": "integer" }));
    let found = changes(&[before], &[limit(&json!({ "type": "boolean" }))]);
    assert!(found.iter().any(|change| change.effect == Effect::Breaking), "{found:?}");
}

/// The parameters of a tool with `day` and whatever else these members say.
fn parameters(properties: &Value, required: &Value) -> Value {
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

/// What a change of the parameters is in each form that can say both.
#[track_caller]
fn in_every_form(before: &Value, after: &Value, expected: Effect) {
    for (_, profile) in Profile::NAMES {
        let (Ok(older), Ok(newer)) = (profile.apply(before.clone()), profile.apply(after.clone())) else {
            panic!("{profile} cannot say it");
        };
        let (older, newer) = (tool(&json!({ "parameters": older })), tool(&json!({ "parameters": newer })));
        assert_eq!(
            super::changes(std::slice::from_ref(&older), std::slice::from_ref(&older), profile),
            [],
            "{profile}"
        );
        let found = super::changes(std::slice::from_ref(&older), std::slice::from_ref(&newer), profile);
        let worst = found.iter().map(|change| change.effect).min();
        assert_eq!(worst, Some(expected), "{profile}: {found:#?}\n{}\n{}", older.parameters, newer.parameters);
    }
}

/// One argument `x`, before and after; `required` says whether it is.
#[track_caller]
fn argument_in_every_form(required: bool, before: Value, after: Value, expected: Effect) {
    let required = if required { json!(["x"]) } else { json!([]) };
    in_every_form(
        &parameters(&json!({ "x": before }), &required),
        &parameters(&json!({ "x": after }), &required),
        expected,
    );
}

#[test]
fn a_limit_is_judged_alike_where_a_form_says_it_in_words() {
    use Effect::{Breaking, Compatible};
    for (narrow, wide) in [
        (json!({ "type": "integer", "minimum": 3 }), json!({ "type": "integer", "minimum": 1 })),
        (json!({ "type": "integer", "maximum": 3 }), json!({ "type": "integer" })),
        (json!({ "type": "number", "exclusiveMinimum": 3.5 }), json!({ "type": "number", "exclusiveMinimum": -1 })),
        (json!({ "type": "number", "exclusiveMaximum": 3 }), json!({ "type": "number", "maximum": 3 })),
        (json!({ "type": "integer", "multipleOf": 5 }), json!({ "type": "integer" })),
        (json!({ "type": "string", "minLength": 2 }), json!({ "type": "string", "minLength": 1 })),
        (json!({ "type": "string", "maxLength": 1 }), json!({ "type": "string", "maxLength": 2 })),
        (json!({ "type": "string", "pattern": "^a" }), json!({ "type": "string" })),
        (json!({ "type": "string", "format": "uri" }), json!({ "type": "string" })),
        (json!({ "type": "string", "enum": ["a"] }), json!({ "type": "string", "enum": ["a", "b"] })),
        (json!({ "type": "integer", "enum": [1] }), json!({ "type": "integer", "enum": [2, 1] })),
        (
            json!({ "type": "array", "items": { "type": "string" }, "minItems": 2, "uniqueItems": true }),
            json!({ "type": "array", "items": { "type": "string" }, "minItems": 1, "uniqueItems": true }),
        ),
        (
            json!({ "type": "array", "items": { "type": "string" }, "maxItems": 1, "uniqueItems": true }),
            json!({ "type": "array", "items": { "type": "string" }, "maxItems": 1 }),
        ),
    ] {
        for required in [true, false] {
            argument_in_every_form(required, narrow.clone(), wide.clone(), Compatible);
            argument_in_every_form(required, wide.clone(), narrow.clone(), Breaking);
            // Words of one's own stay words.
            let described = |mut schema: Value, text: &str| {
                schema["description"] = text.into();
                schema
            };
            let worded = described(wide.clone(), "How many.\nAt least.\nWritten as it is said.");
            argument_in_every_form(required, described(wide.clone(), "How many."), worded.clone(), Compatible);
            argument_in_every_form(required, worded, described(narrow.clone(), "How many."), Breaking);
        }
    }
    let integer = |limits: Value| {
        let mut schema = json!({ "type": "integer" });
        schema.as_object_mut().unwrap().extend(limits.as_object().unwrap().clone());
        schema
    };
    let (one, zero) = (integer(json!({ "minimum": 1 })), integer(json!({ "exclusiveMinimum": 0 })));
    argument_in_every_form(true, one, zero, Compatible);
    let example = json!({ "type": "string", "examples": ["a"], "default": "b" });
    argument_in_every_form(false, example, json!({ "type": "string", "examples": ["c"] }), Compatible);
}

#[test]
fn what_may_be_left_out_is_judged_alike_in_every_form() {
    use Effect::{Breaking, Compatible};
    let day = json!({ "type": "string" });
    for x in [
        json!({ "type": "integer", "minimum": 1, "description": "Some." }),
        json!({ "type": "string", "enum": ["a", "b"] }),
        json!({ "anyOf": [{ "type": "string" }, { "type": "boolean" }] }),
        json!({ "type": "object", "properties": { "a": day, "b": day }, "required": ["a"], "additionalProperties": false }),
    ] {
        let both = |required: Value| parameters(&json!({ "day": day, "x": x }), &required);
        let without = parameters(&json!({ "day": day }), &json!(["day"]));
        in_every_form(&without, &both(json!(["day"])), Compatible);
        in_every_form(&without, &both(json!(["day", "x"])), Breaking);
        in_every_form(&both(json!(["day"])), &without, Breaking);
        in_every_form(&both(json!(["day"])), &both(json!(["day", "x"])), Breaking);
        in_every_form(&both(json!(["day", "x"])), &both(json!(["day"])), Compatible);
    }
}

#[test]
fn null_is_judged_alike_in_every_form() {
    use Effect::{Breaking, Compatible};
    let list = |items: Value| json!({ "type": "array", "items": items });
    for (without, with) in [
        (json!({ "type": "string" }), json!({ "type": ["string", "null"] })),
        (json!({ "type": "integer", "minimum": 1 }), json!({ "type": ["integer", "null"], "minimum": 1 })),
        (json!({ "type": "string", "enum": ["a"] }), json!({ "type": ["string", "null"], "enum": ["a", null] })),
        (
            json!({ "anyOf": [{ "type": "string" }, { "type": "boolean" }] }),
            json!({ "anyOf": [{ "type": "string" }, { "type": "boolean" }, { "type": "null" }] }),
        ),
        (
            json!({ "type": ["string", "null"], "maxLength": 3 }),
            json!({ "anyOf": [{ "type": "string" }, { "type": "boolean" }, { "type": "null" }] }),
        ),
    ] {
        argument_in_every_form(true, list(without.clone()), list(with.clone()), Compatible);
        argument_in_every_form(true, list(with), list(without), Breaking);
    }
    // What took `null` and may now be left out takes it still.
    let x = |schema: Value, required: Value| parameters(&json!({ "x": schema }), &required);
    let before = tool(&json!({ "parameters": x(json!({ "type": ["string", "null"] }), json!(["x"])) }));
    let after = tool(&json!({ "parameters": x(json!({ "type": "string" }), json!([])) }));
    assert_eq!(effect(&before, &after), Effect::Compatible);
}

#[test]
fn the_order_of_properties_says_nothing() {
    let (a, b) = (json!({ "type": "string" }), json!({ "type": "boolean" }));
    let one = parameters(&json!({ "a": a, "b": b }), &json!(["a", "b"]));
    let other = parameters(&json!({ "b": b, "a": a }), &json!(["b", "a"]));
    for (_, profile) in Profile::NAMES {
        let form = |schema: &Value| tool(&json!({ "parameters": profile.apply(schema.clone()).unwrap() }));
        assert_eq!(super::changes(&[form(&one)], &[form(&other)], profile), [], "{profile}");
    }
}

#[test]
fn forms_of_a_union_are_compared_wherever_they_stand() {
    use Effect::{Breaking, Compatible};
    let form = |kind: &str, properties: Value| {
        let mut all = json!({ "kind": { "type": "string", "enum": [kind] } });
        all.as_object_mut().unwrap().extend(properties.as_object().unwrap().clone());
        let required: Vec<_> = all.as_object().unwrap().keys().cloned().collect();
        parameters(&all, &json!(required))
    };
    let union = |forms: &[Value]| json!({ "anyOf": forms });
    let card = form("card", json!({ "number": { "type": "string" } }));
    let short = form("card", json!({ "number": { "type": "string", "pattern": "^1" } }));
    let cash = form("cash", json!({}));
    let bill = form("bill", json!({ "to": { "type": "string" } }));
    for (before, after, expected) in [
        (vec![&card, &cash], vec![&cash, &card], Compatible),
        (vec![&card, &cash], vec![&bill, &cash, &card], Compatible),
        (vec![&card, &cash, &bill], vec![&cash, &card], Breaking),
        (vec![&short, &cash], vec![&cash, &bill, &card], Compatible),
        (vec![&card, &cash], vec![&cash, &bill, &short], Breaking),
        (vec![&card, &bill], vec![&card, &cash], Breaking),
    ] {
        let list = |forms: Vec<&Value>| union(&forms.into_iter().cloned().collect::<Vec<_>>());
        argument_in_every_form(true, list(before.clone()), list(after), expected);
    }
    let (integer, number, text) =
        (json!({ "type": "integer" }), json!({ "type": "number" }), json!({ "type": "string" }));
    argument_in_every_form(true, text.clone(), union(&[integer.clone(), text.clone()]), Compatible);
    argument_in_every_form(true, union(&[integer.clone(), text.clone()]), text.clone(), Breaking);
    argument_in_every_form(
        true,
        union(&[integer.clone(), text.clone()]),
        union(&[text.clone(), number.clone()]),
        Compatible,
    );
    argument_in_every_form(true, union(&[number, text.clone()]), union(&[text, integer]), Breaking);
    let before = limit(&json!({ "anyOf": [{ "type": "string" }, { "type": "boolean" }] }));
    let found = changes(&[before], &[limit(&json!({ "anyOf": [{ "type": "boolean" }, { "type": "string" }] }))]);
    assert_eq!(found[0].to_string(), "compatible  find_slot.limit: the forms stand in another order");
}

#[test]
fn what_leaves_its_members_to_a_narrower_schema_breaks() {
    use Effect::{Breaking, Compatible};
    let map = |rest: Value| {
        let mut schema = json!({ "type": "object", "patternProperties": { "^x": { "type": "string" } } });
        schema["additionalProperties"] = rest;
        schema
    };
    let without = |rest: Value| json!({ "type": "object", "additionalProperties": rest });
    for (before, after, expected) in [
        (map(false.into()), without(false.into()), Breaking),
        (map(true.into()), without(true.into()), Compatible),
        (map(json!({ "type": "string" })), without(json!({ "type": "string" })), Breaking),
    ] {
        assert_eq!(effect(&limit(&before), &limit(&after)), expected, "{before} {after}");
    }
    // A member that a pattern took is described in another way.
    let mut described = map(false.into());
    described["properties"] = json!({ "x1": { "type": "integer" } });
    assert_eq!(effect(&limit(&map(false.into())), &limit(&described)), Breaking);

    let tuple = |items: Value| json!({ "type": "array", "prefixItems": [{ "type": "string" }, { "type": "integer" }], "items": items });
    let list = |items: Value| json!({ "type": "array", "items": items });
    let either = json!({ "type": ["integer", "string"] });
    let integer = json!({ "type": "integer" });
    assert_eq!(effect(&limit(&tuple(integer.clone())), &limit(&list(integer))), Breaking);
    assert_eq!(effect(&limit(&tuple(false.into())), &limit(&list(false.into()))), Breaking);
    assert_eq!(effect(&limit(&tuple(either.clone())), &limit(&list(either))), Compatible);
    assert_eq!(effect(&limit(&tuple(true.into())), &limit(&list(true.into()))), Compatible);
}

#[test]
fn a_number_is_the_same_however_it_is_written() {
    for (one, other) in [
        (json!({ "type": "number", "minimum": 1.0 }), json!({ "type": "number", "minimum": 1 })),
        (json!({ "type": "number", "multipleOf": 2 }), json!({ "type": "number", "multipleOf": 2.0 })),
        (json!({ "type": "number", "enum": [1, 2.5] }), json!({ "type": "number", "enum": [1.0, 2.5] })),
        (json!({ "type": "number", "const": 3 }), json!({ "type": "number", "const": 3.0 })),
    ] {
        let found = changes(&[limit(&one)], &[limit(&other)]);
        assert_eq!(found[0].to_string(), "compatible  find_slot: the same, written in another way");
        assert_eq!(found.len(), 1);
    }
}

/// A file that was written in another form says the same, and is not what would be written.
#[test]
fn another_form_is_a_change() {
    let plain = parameters(&json!({ "x": { "type": "string", "maxLength": 3 } }), &json!([]));
    for profile in [Profile::OpenAiStrict, Profile::Gemini, Profile::Anthropic] {
        let (before, after) = (plain.clone(), profile.apply(plain.clone()).unwrap());
        let found = super::changes(
            &[tool(&json!({ "parameters": before }))],
            &[tool(&json!({ "parameters": after }))],
            profile,
        );
        assert_eq!(found.len(), 1, "{profile}: {found:?}");
        assert_eq!(found[0].to_string(), "compatible  find_slot: the same, written in another way", "{profile}");
    }
}

#[test]
fn a_keyword_that_allowed_more_breaks_where_it_goes() {
    for keyword in [json!({ "nullable": true }), json!({ "minContains": 0 })] {
        let mut wide = json!({ "type": "array", "items": {}, "contains": { "const": 1 } });
        let narrow = limit(&wide);
        wide.as_object_mut().unwrap().extend(keyword.as_object().unwrap().clone());
        assert_eq!(effect(&limit(&wide), &narrow), Effect::Breaking, "{keyword}");
    }
}

#[test]
fn a_limit_that_a_form_says_in_words_is_a_change_in_each_form() {
    let number = |more: Value| {
        let mut schema = json!({ "type": "integer", "description": "How many." });
        schema.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        limit(&schema)
    };
    let before = number(json!({}));
    for more in [json!({ "not": { "const": 0 } }), json!({ "not": { "enum": [1, 2] } })] {
        let after = number(more);
        for (_, profile) in Profile::NAMES {
            let form = |tool: &ToolDefinition| {
                let parameters = profile.apply(tool.parameters.clone()).unwrap();
                ToolDefinition { parameters, ..tool.clone() }
            };
            let found = super::changes(&[form(&before)], &[form(&after)], profile);
            assert!(matches!(&found[..], [Change { effect: Effect::Breaking, .. }]), "{profile}: {found:?}");
        }
    }
}

#[test]
fn names_of_a_foreign_file_stay_on_their_line() {
    let name = "x\u{1b}[2J\ncompatible  nothing to see";
    let after = tool(&json!({ "name": name }));
    let found = changes(&[], &[after]);
    assert_eq!(found[0].what, "x\\u{1b}[2J\\ncompatible  nothing to see: the tool is new");
}
