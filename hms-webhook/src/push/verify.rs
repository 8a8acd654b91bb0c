//! Whether the platform holds what was sent to it.

use serde_json::{Map, Value};

use super::{
    assistant::Assistant,
    compare::{contains, same_set},
    plan::{Action, Plan},
    tool::{Held, same_url},
};

/// The places of what `plan` sends that `now` does not hold; none if all is well.
///
/// The platform may add members and tools of its own (PROTOCOL.md §5.3), turn one form of a tool into the other, and put
/// the list in another order. A secret cannot be looked at.
pub(super) fn missing(plan: &Plan, now: &Assistant) -> Vec<String> {
    let removed = plan.tools.iter().filter(|tool| tool.action == Action::Remove).map(|tool| tool.name.as_str());
    missing_of(&plan.body, &removed.collect::<Vec<_>>(), now)
}

fn missing_of(sent: &Map<String, Value>, removed: &[&str], now: &Assistant) -> Vec<String> {
    let mut missing = Vec::new();
    for (key, sent) in sent {
        let held = now.member(key);
        match (key.as_str(), held) {
            ("webhook_secret", _) => {}
            ("llm_config", held) => missing_of_config(sent, removed, held, &mut missing),
            ("webhook_url", Some(Value::String(held))) if sent.as_str().is_some_and(|sent| same_url(sent, held)) => {}
            ("webhook_events", Some(Value::Array(held)))
                if sent.as_array().is_some_and(|sent| same_set(sent, held)) => {}
            _ => missing.push(key.clone()),
        }
    }
    missing
}

fn missing_of_config(sent: &Value, removed: &[&str], held: Option<&Value>, missing: &mut Vec<String>) {
    let (Some(sent), Some(held)) = (sent.as_object(), held.and_then(Value::as_object)) else {
        return missing.push("llm_config".into());
    };
    for (key, sent) in sent {
        match (key.as_str(), held.get(key)) {
            ("tools", held) => missing_of_tools(sent, removed, held, missing),
            (_, Some(held)) if contains(held, sent) => {}
            (_, None) if sent.is_null() => {}
            _ => missing.push(format!("llm_config.{key}")),
        }
    }
}

fn missing_of_tools(sent: &Value, removed: &[&str], held: Option<&Value>, missing: &mut Vec<String>) {
    let list = |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
    let (sent, mut held) = (list(Some(sent)), list(held));
    for sent in &sent {
        match held.iter().position(|held| same_tool(held, sent)) {
            // Two that are alike are two.
            Some(index) => drop(held.remove(index)),
            None => missing.push(match Held::read(sent) {
                Held::Webhook(tool) => format!("the tool `{}`", tool.name),
                Held::Other { kind, .. } => format!("the tool of type `{kind}`"),
            }),
        }
    }
    for held in &held {
        if let Held::Webhook(tool) = Held::read(held)
            && removed.contains(&tool.name)
        {
            missing.push(format!("the tool `{}`, which was removed,", tool.name));
        }
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
        missing_of(sent.as_object().unwrap(), &["gone"], &Assistant::read(now).unwrap())
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
                    { "type": "transfer_call" },
                    { "type": "function", "function": { "name": "find", "description": "Find." }, "async": false, "id": "t-1" },
                    { "type": "end_call", "id": 7 },
                    { "name": "another", "description": "Of somebody else." },
                ],
            },
        });
        assert_eq!(missing_in(now), Vec::<String>::new());
    }

    #[test]
    fn what_is_not_there_is_named() {
        let now = json!({
            "webhook_url": "https://elsewhere.example.com",
            "llm_config": { "model": "n", "tools": [{ "type": "mcp" }, { "name": "find", "description": "Find.", "message": "Hm.", "id": "t-1" }, { "name": "gone" }] },
        });
        let expected = [
            "webhook_url",
            "llm_config.model",
            "the tool of type `endCall`",
            "the tool `find`",
            "the tool `gone`, which was removed,",
        ];
        assert_eq!(missing_in(now), expected);
    }
}
