//! Whether the platform holds what was sent to it.

use serde_json::{Map, Value};

use super::{
    assistant::Assistant,
    compare::{contains, same_set},
    tool::{Held, same_url},
};

/// The places of `sent` that `now` does not hold; none if all is well.
///
/// The platform may add members of its own and turn one form of a tool into the other. A secret cannot be looked at.
pub(super) fn missing(sent: &Map<String, Value>, now: &Assistant) -> Vec<String> {
    let mut missing = Vec::new();
    for (key, sent) in sent {
        let held = now.member(key);
        match (key.as_str(), held) {
            ("webhook_secret", _) => {}
            ("llm_config", held) => missing_of_config(sent, held, &mut missing),
            ("webhook_url", Some(Value::String(held))) if sent.as_str().is_some_and(|sent| same_url(sent, held)) => {}
            ("webhook_events", Some(Value::Array(held)))
                if sent.as_array().is_some_and(|sent| same_set(sent, held)) => {}
            _ => missing.push(key.clone()),
        }
    }
    missing
}

fn missing_of_config(sent: &Value, held: Option<&Value>, missing: &mut Vec<String>) {
    let (Some(sent), Some(held)) = (sent.as_object(), held.and_then(Value::as_object)) else {
        return missing.push("llm_config".into());
    };
    for (key, sent) in sent {
        match (key.as_str(), held.get(key)) {
            ("tools", held) => missing_of_tools(sent, held, missing),
            (_, Some(held)) if contains(held, sent) => {}
            (_, None) if sent.is_null() => {}
            _ => missing.push(format!("llm_config.{key}")),
        }
    }
}

fn missing_of_tools(sent: &Value, held: Option<&Value>, missing: &mut Vec<String>) {
    let list = |value: Option<&'_ Value>| value.and_then(Value::as_array).map_or(Vec::new(), Clone::clone);
    let (sent, held) = (list(Some(sent)), list(held));
    for (index, sent) in sent.iter().enumerate() {
        if !held.get(index).is_some_and(|held| same_tool(held, sent)) {
            missing.push(match Held::read(sent) {
                Held::Webhook(tool) => format!("the tool `{}`", tool.name),
                Held::Other { kind, .. } => format!("the tool of type `{kind}`"),
            });
        }
    }
    if held.len() > sent.len() {
        missing.push(format!("a list of {} tools rather than {}", sent.len(), held.len()));
    }
}

fn same_tool(held: &Value, sent: &Value) -> bool {
    match (Held::read(held), Held::read(sent)) {
        (Held::Webhook(held), Held::Webhook(sent)) => held.means(&sent),
        (Held::Other { kind: held_kind, .. }, Held::Other { kind: sent_kind, .. }) => {
            let (mut held, mut sent) = (held.clone(), sent.clone());
            // `endCall` is the old spelling of `end_call`.
            let spelling = |kind: &str| kind.replace('_', "").to_lowercase();
            if spelling(&held_kind) != spelling(&sent_kind) {
                return false;
            }
            for tool in [&mut held, &mut sent] {
                if let Some(members) = tool.as_object_mut() {
                    members.remove("type");
                }
            }
            contains(&held, &sent)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn missing_in(now: Value) -> Vec<String> {
        let sent = json!({
            "webhook_url": "https://hooks.example.com",
            "webhook_secret": "hush",
            "llm_config": {
                "model": "m",
                "temperature": null,
                "tools": [{ "type": "endCall" }, { "name": "find", "description": "Find.", "id": "t-1" }],
            },
        });
        missing(sent.as_object().unwrap(), &Assistant::read(now).unwrap())
    }

    #[test]
    fn what_the_platform_adds_and_how_it_spells_things_does_not_matter() {
        let now = json!({
            "webhook_url": "https://hooks.example.com/",
            "webhook_secret": "••••",
            "llm_config": {
                "model": "m",
                "max_tokens": 100,
                "tools": [
                    { "type": "end_call", "id": 7 },
                    { "type": "function", "function": { "name": "find", "description": "Find." }, "async": false, "id": "t-1" },
                ],
            },
        });
        assert_eq!(missing_in(now), Vec::<String>::new());
    }

    #[test]
    fn what_is_not_there_is_named() {
        let now = json!({
            "webhook_url": "https://elsewhere.example.com",
            "llm_config": { "model": "n", "tools": [{ "type": "mcp" }, { "name": "find", "description": "Find.", "message": "Hm.", "id": "t-1" }, {}] },
        });
        let expected = [
            "webhook_url",
            "llm_config.model",
            "the tool of type `endCall`",
            "the tool `find`",
            "a list of 2 tools rather than 3",
        ];
        assert_eq!(missing_in(now), expected);
    }
}
