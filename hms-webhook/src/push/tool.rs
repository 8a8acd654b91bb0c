//! One entry of `llm_config.tools`: the platform's forms of it, and ours laid over them (PROTOCOL.md §5).

use serde_json::{Map, Value};

use super::compare::{Difference, contains, differences};

/// The members of the flat form that a definition speaks for: what is not in ours is not to be there.
const DEFINED: [&str; 7] = ["name", "description", "url", "async", "async_response", "message", "parameters"];

/// What the platform holds at one place of the list.
#[derive(Debug)]
pub(super) enum Held<'a> {
    Webhook(WebhookTool<'a>),
    /// A built-in tool, an MCP server, or something newer than this program.
    Other {
        kind: String,
        name: Option<&'a str>,
    },
}

/// A tool whose calls are sent to a webhook, in the flat or the nested form.
#[derive(Debug)]
pub(super) struct WebhookTool<'a> {
    pub(super) name: &'a str,
    whole: &'a Map<String, Value>,
    /// The inner object of the nested form.
    function: Option<&'a Map<String, Value>>,
}

impl<'a> Held<'a> {
    pub(super) fn read(item: &'a Value) -> Self {
        let Some(whole) = item.as_object() else { return Self::Other { kind: "unknown".into(), name: None } };
        let kind = whole.get("type").filter(|kind| !kind.is_null());
        let function = whole.get("function").and_then(Value::as_object);
        let name = function.and_then(|inner| text(inner, "name")).or_else(|| text(whole, "name"));
        match (kind.map(Value::as_str), name) {
            (None | Some(Some("function")), Some(name)) => Self::Webhook(WebhookTool { name, whole, function }),
            (kind, name) => Self::Other { kind: kind.flatten().unwrap_or("unknown").to_owned(), name },
        }
    }
}

impl<'a> WebhookTool<'a> {
    /// Where its calls are sent, if not to the assistant's URL. The flat `url` wins over the nested one.
    pub(super) fn url(&self) -> Option<&'a str> {
        text(self.whole, "url").or_else(|| self.server().and_then(|server| text(server, "url")))
    }

    fn server(&self) -> Option<&'a Map<String, Value>> {
        self.whole.get("server").and_then(Value::as_object)
    }

    /// Its meaning in the flat form, without the members that no definition speaks for.
    pub(super) fn flat(&self) -> Map<String, Value> {
        let mut flat = Map::new();
        for key in DEFINED {
            let value = match key {
                "name" => Some(Value::from(self.name)),
                "url" => self.url().map(Value::from),
                _ => self.function.and_then(|inner| inner.get(key)).or_else(|| self.whole.get(key)).cloned(),
            };
            if let Some(value) = value {
                flat.insert(key.to_owned(), value);
            }
        }
        without_defaults(flat)
    }

    /// Whether it does all that `other` does: what a definition speaks for is the same, and no other member is missing.
    pub(super) fn means(&self, other: &Self) -> bool {
        let (mut mine, theirs) = (self.flat(), other.flat());
        spell_alike(&mut mine, &theirs);
        let mut others = other.others();
        let has =
            |(key, value): (&String, &Value)| self.others().any(|(one, held)| one == key && contains(held, value));
        differences(&mine, &theirs).is_empty() && others.all(has)
    }

    /// Members that no definition speaks for, as somebody set them on the platform: they are kept.
    fn others(&self) -> impl Iterator<Item = (&'a String, &'a Value)> {
        let is_other = |key: &str| !DEFINED.contains(&key) && !["type", "function", "server"].contains(&key);
        let inner = self.function.into_iter().flatten();
        inner.chain(self.whole).filter(move |(key, _)| is_other(key))
    }
}

/// A definition of ours laid over what the platform holds.
#[derive(Debug)]
pub(super) struct Laid {
    /// What has to change; empty if both mean the same already.
    pub(super) differences: Vec<Difference>,
    /// The tool as it is to be written: in the flat form.
    pub(super) tool: Value,
    /// The URL that stays although the definition names none.
    pub(super) kept_url: Option<String>,
}

/// Lays `definition` over `held`.
///
/// `url_follows` says what a definition without `url` means: that calls are to follow the assistant's webhook URL, so
/// that a URL of the tool's own goes; or nothing, so that it stays.
pub(super) fn lay(definition: &Map<String, Value>, held: &WebhookTool<'_>, url_follows: bool) -> Laid {
    let mut ours = without_defaults(definition.clone());
    let mut before = held.flat();
    let mut kept_url = None;
    if let Some(url) = held.url() {
        match ours.get("url").and_then(Value::as_str) {
            // Two spellings of one URL; the platform's stays.
            Some(named) if same_url(named, url) => drop(ours.insert("url".into(), url.into())),
            None if !url_follows => {
                ours.insert("url".into(), url.into());
                kept_url = Some(url.to_owned());
            }
            _ => {}
        }
    }
    let mut tool = ours.clone();
    for (key, value) in held.others() {
        tool.entry(key.clone()).or_insert_with(|| value.clone());
    }
    let mut differences = {
        spell_alike(&mut before, &ours);
        before.retain(|key, _| DEFINED.contains(&key.as_str()) || ours.contains_key(key));
        differences(&before, &ours)
    };
    // What else is in `server`, a secret above all, belongs to the URL and goes where that goes.
    if let Some(server) = held.server().filter(|server| server.keys().any(|key| key != "url")) {
        if ours.get("url").and_then(Value::as_str) == held.url() {
            tool.insert("server".into(), server.clone().into());
        } else if server.get("secret").is_some_and(|secret| !secret.is_null()) {
            differences.push(Difference { path: "server.secret".into(), before: Some("(set)".into()), after: None });
        }
    }
    Laid { differences, tool: tool.into(), kept_url }
}

/// `async_response` is the older spelling of what an asynchronous tool says (PROTOCOL.md §5.1): where the platform gives
/// back the same text under the other name, or under both, nothing differs.
fn spell_alike(held: &mut Map<String, Value>, ours: &Map<String, Value>) {
    let (wanted, other, text) = match (ours.get("async_response"), ours.get("message")) {
        (Some(text), None) => ("async_response", "message", text),
        (None, Some(text)) => ("message", "async_response", text),
        _ => return,
    };
    let both_async = [&*held, ours].iter().all(|tool| tool.get("async") == Some(&Value::Bool(true)));
    if both_async && held.get(other) == Some(text) && held.get(wanted).is_none_or(|held| held == text) {
        held.remove(other);
        held.insert(wanted.into(), text.clone());
    }
}

/// A null member, an empty URL and `async: false` mean what leaving them out means.
fn without_defaults(mut tool: Map<String, Value>) -> Map<String, Value> {
    tool.retain(|key, value| match (key.as_str(), &*value) {
        (_, Value::Null) | ("async", Value::Bool(false)) => false,
        ("url", Value::String(url)) => !url.is_empty(),
        _ => true,
    });
    tool
}

/// Whether two URLs are one: the case of the host, a default port and an empty path mean nothing. A blank or a line
/// break does, as whoever calls such a URL may not pass over it.
pub(super) fn same_url(one: &str, other: &str) -> bool {
    let is_clean = |url: &str| !url.contains(|character: char| character.is_whitespace() || character.is_control());
    one == other
        || is_clean(one)
            && is_clean(other)
            && matches!((reqwest::Url::parse(one), reqwest::Url::parse(other)), (Ok(one), Ok(other)) if one == other)
}

fn text<'a>(object: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    object.get(key).and_then(Value::as_str).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn lay_over(definition: &Value, held: &Value, url_follows: bool) -> Laid {
        let Held::Webhook(held) = Held::read(held) else { panic!("no webhook tool: {held}") };
        lay(definition.as_object().unwrap(), &held, url_follows)
    }

    fn paths(laid: &Laid) -> Vec<&str> {
        laid.differences.iter().map(|difference| difference.path.as_str()).collect()
    }

    #[test]
    fn the_nested_form_is_compared_by_meaning_and_written_flat() {
        let definition =
            json!({ "name": "find", "description": "Find.", "parameters": { "type": "object", "properties": {} } });
        let mut held = json!({
            "type": "function",
            "function": { "name": "find", "description": "Find.", "parameters": { "properties": {}, "type": "object" } },
            "server": null,
            "async": false,
        });
        assert_eq!(lay_over(&definition, &held, true).differences, []);
        held["function"]["description"] = "Search.".into();
        let laid = lay_over(&definition, &held, true);
        assert_eq!(paths(&laid), ["description"]);
        assert_eq!(laid.tool, definition);
    }

    #[test]
    fn members_that_no_definition_speaks_for_are_kept() {
        let definition = json!({ "name": "find", "description": "New." });
        let held = json!({ "name": "find", "description": "Old.", "id": "t-1", "message": "One moment." });
        let laid = lay_over(&definition, &held, false);
        assert_eq!(paths(&laid), ["description", "message"]);
        assert_eq!(laid.tool, json!({ "name": "find", "description": "New.", "id": "t-1" }));
    }

    #[test]
    fn a_url_of_the_tools_own_stays_unless_calls_are_to_follow_the_webhook_url() {
        let definition = json!({ "name": "find", "description": "Find." });
        let held = json!({
            "name": "find", "description": "Find.",
            "server": { "url": "https://hooks.example.com/x", "secret": "hush" },
        });
        let stays = lay_over(&definition, &held, false);
        assert_eq!((paths(&stays), stays.kept_url.as_deref()), (vec![], Some("https://hooks.example.com/x")));
        assert_eq!(stays.tool["server"]["secret"], "hush");
        let follows = lay_over(&definition, &held, true);
        assert_eq!(paths(&follows), ["url", "server.secret"]);
        assert_eq!(follows.tool, definition);
        assert!(!format!("{:?}", follows.differences).contains("hush"));
    }

    #[test]
    fn two_spellings_of_one_url_are_no_difference() {
        let definition = json!({ "name": "find", "url": "https://Hooks.example.com:443" });
        let held = json!({ "name": "find", "url": "https://hooks.example.com/" });
        assert_eq!(lay_over(&definition, &held, false).differences, []);
    }

    #[test]
    fn blanks_around_a_url_are_a_difference() {
        let definition = json!({ "name": "find", "url": "https://hooks.example.com/x" });
        for url in
            ["https://hooks.example.com/x ", "\u{a0}https://hooks.example.com/x", "https://hooks.example.com/\nx"]
        {
            let laid = lay_over(&definition, &json!({ "name": "find", "url": url }), false);
            assert_eq!((paths(&laid), &laid.tool), (vec!["url"], &definition), "{url:?}");
        }
    }

    #[test]
    fn what_an_asynchronous_tool_says_may_come_back_under_its_other_name() {
        let definition = json!({ "name": "mail", "async": true, "async_response": "On its way." });
        let held = json!({ "name": "mail", "async": true, "message": "On its way." });
        assert_eq!(lay_over(&definition, &held, false).differences, []);
        let both = json!({ "name": "mail", "async": true, "message": "On its way.", "async_response": "On its way." });
        for sent in [&definition, &held] {
            assert_eq!(lay_over(sent, &both, false).differences, []);
            let (Held::Webhook(both), Held::Webhook(sent)) = (Held::read(&both), Held::read(sent)) else { panic!() };
            assert!(both.means(&sent));
        }
        let mut another = both;
        another["message"] = "Wait.".into();
        assert_eq!(paths(&lay_over(&definition, &another, false)), ["message"]);
        let waiting = json!({ "name": "mail", "async": false, "message": "On its way." });
        assert_eq!(paths(&lay_over(&definition, &waiting, false)), ["message", "async", "async_response"]);
    }

    #[test]
    fn what_is_no_webhook_tool_is_left_to_the_platform() {
        for (item, expected) in [
            (json!({ "type": "end_call" }), "end_call"),
            (json!({ "type": "mcp", "mcp_server_id": "m-1" }), "mcp"),
            (json!({ "type": "function" }), "function"),
            (json!("text"), "unknown"),
        ] {
            assert!(matches!(Held::read(&item), Held::Other { kind, .. } if kind == expected), "{item}");
        }
    }
}
