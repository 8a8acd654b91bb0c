//! What has to change on the platform: from an assistant and our definitions to a list of changes and one body.
//!
//! Nothing here talks to anybody, so every rule can be tested on its own.

use std::{collections::HashMap, error::Error, fmt};

use serde_json::{Map, Value, json};

use super::{
    assistant::Assistant,
    compare::{Difference, same_set},
    mask::{is_mask, masked_member},
    show::foreign_url,
    tool::{Held, Laid, WebhookTool, lay, same_url},
};
use crate::rest::Credential;

/// What is asked for besides the tools.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    pub(super) webhook_url: Option<String>,
    pub(super) events: Option<Vec<String>>,
    pub(super) secret: Option<Credential>,
    /// Remove our tools that are no longer in this program.
    pub(super) prune: bool,
}

/// The changes, and the body that makes all of them at once.
#[derive(Debug)]
pub(super) struct Plan {
    /// In the order of the platform's list, then what is new.
    pub(super) tools: Vec<ToolPlan>,
    pub(super) settings: Vec<Difference>,
    /// What the user should know although nothing changes by it.
    pub(super) remarks: Vec<String>,
    /// The body of the PATCH; empty if there is nothing to do.
    pub(super) body: Map<String, Value>,
}

#[derive(Debug)]
pub(super) struct ToolPlan {
    pub(super) name: String,
    pub(super) action: Action,
    /// Something about it that stays as the platform has it.
    pub(super) note: Option<String>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Action {
    Add { description: String },
    Change(Vec<Difference>),
    Remove,
    Keep,
    LeaveAlone(Why),
}

/// Why an entry of the platform's list is none of our business.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// No webhook tool, but of this type.
    Type(String),
    /// Its calls go to a URL that is not ours.
    ForeignUrl(String),
    /// It might have been ours, but nobody asked to remove it.
    NotPruned,
}

/// Why no plan can be made.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    NoLlmConfig,
    ToolsAreNoList,
    NameTaken { name: String, kind: String },
    NameTwice { name: String },
    Masked { path: String },
    PruneEverything,
    UnreadableDefinition,
}

impl Plan {
    pub(super) fn new(assistant: &Assistant, definitions: &[Value], wanted: &Wanted) -> Result<Self, Refusal> {
        let ours = by_name(definitions)?;
        if wanted.prune && ours.is_empty() {
            return Err(Refusal::PruneEverything);
        }
        let mut plan = Self { tools: Vec::new(), settings: Vec::new(), remarks: Vec::new(), body: Map::new() };
        plan.plan_tools(assistant, &ours, wanted)?;
        plan.plan_settings(assistant, wanted);
        plan.remark(assistant, definitions, wanted);
        Ok(plan)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.body.is_empty()
    }

    fn plan_tools(&mut self, assistant: &Assistant, ours: &Definitions<'_>, wanted: &Wanted) -> Result<(), Refusal> {
        let config = match assistant.member("llm_config").map(Value::as_object) {
            Some(Some(config)) => config,
            None if ours.is_empty() => return Ok(()),
            None | Some(None) => return Err(Refusal::NoLlmConfig),
        };
        let held = match config.get("tools") {
            None | Some(Value::Null) => [].as_slice(),
            Some(Value::Array(items)) => items,
            Some(_) => return Err(Refusal::ToolsAreNoList),
        };
        let urls = OurUrls::new(assistant, held, ours, wanted);
        let mut list = Vec::with_capacity(held.len() + ours.len());
        let mut seen = Vec::new();
        for item in held {
            let (planned, written) = plan_held(item, ours, &urls, wanted)?;
            if ours.contains_key(planned.name.as_str()) {
                if seen.contains(&planned.name) {
                    return Err(Refusal::NameTwice { name: planned.name });
                }
                seen.push(planned.name.clone());
            }
            list.extend(written);
            self.tools.push(planned);
        }
        for (name, definition) in ours.in_order() {
            if !seen.iter().any(|one| one == name) {
                let description = definition.get("description").and_then(Value::as_str).unwrap_or_default().to_owned();
                self.tools.push(ToolPlan { name: name.to_owned(), action: Action::Add { description }, note: None });
                list.push(Value::Object(definition.clone()));
            }
        }
        let is_change =
            |tool: &ToolPlan| matches!(tool.action, Action::Add { .. } | Action::Change(_) | Action::Remove);
        if self.tools.iter().any(is_change) {
            let mut config = config.clone();
            config.insert("tools".into(), list.into());
            let config = Value::Object(config);
            if let Some(path) = masked_member(&config, "llm_config") {
                return Err(Refusal::Masked { path });
            }
            self.body.insert("llm_config".into(), config);
        }
        Ok(())
    }

    fn plan_settings(&mut self, assistant: &Assistant, wanted: &Wanted) {
        let mut set = |key: &str, before: Option<String>, after: String, value: Value| {
            self.settings.push(Difference { path: key.into(), before, after: Some(after) });
            self.body.insert(key.into(), value);
        };
        if let Some(url) = &wanted.webhook_url
            && assistant.text("webhook_url").is_none_or(|held| !same_url(held, url))
        {
            let before = assistant.member("webhook_url").map(Value::to_string);
            set("webhook_url", before, json!(url).to_string(), json!(url));
        }
        if let Some(events) = &wanted.events {
            let value = json!(events);
            let held = assistant.member("webhook_events");
            let same = |held: &Value| matches!((held.as_array(), value.as_array()), (Some(held), Some(value)) if same_set(held, value));
            if !held.is_some_and(same) {
                set("webhook_events", held.map(Value::to_string), value.to_string(), value);
            }
        }
        if let Some(secret) = &wanted.secret {
            let (before, after) = match assistant.text("webhook_secret") {
                Some(held) if held == secret.reveal() => return,
                Some(held) if is_mask(held) => (Some("(masked, so it cannot be compared)"), "(will be set)"),
                Some(_) => (Some("(another one)"), "(will be set)"),
                None => (None, "(will be set)"),
            };
            set("webhook_secret", before.map(Into::into), after.into(), secret.reveal().into());
        }
    }

    fn remark(&mut self, assistant: &Assistant, definitions: &[Value], wanted: &Wanted) {
        let has_url = |definition: &Value| definition.get("url").is_some_and(Value::is_string);
        if definitions.iter().all(has_url) {
            return;
        }
        if wanted.webhook_url.is_none() && assistant.text("webhook_url").is_none() {
            self.remarks.push(
                "the assistant has no webhook URL, so that calls of tools go to the account's: `--webhook-url` sets one"
                    .into(),
            );
        }
        let events = assistant.member("webhook_events").and_then(Value::as_array);
        if wanted.events.is_none()
            && events.is_some_and(|events| !events.is_empty() && !events.iter().any(|event| event == "tool-calls"))
        {
            self.remarks.push(
                "`tool-calls` is not among the assistant's webhook events, so that its tools may never be called: \
                 `--events` sets them"
                    .into(),
            );
        }
    }
}

/// What becomes of one entry of the platform's list: what to say of it, and what to write in its place.
fn plan_held(
    item: &Value,
    ours: &Definitions<'_>,
    urls: &OurUrls<'_>,
    wanted: &Wanted,
) -> Result<(ToolPlan, Option<Value>), Refusal> {
    let unchanged = || Some(item.clone());
    let held = match Held::read(item) {
        Held::Webhook(held) => held,
        Held::Other { kind, name } => {
            if let Some(name) = name.filter(|name| ours.contains_key(name)) {
                return Err(Refusal::NameTaken { name: name.to_owned(), kind });
            }
            let name = name.unwrap_or(&kind).to_owned();
            return Ok((ToolPlan { name, action: Action::LeaveAlone(Why::Type(kind)), note: None }, unchanged()));
        }
    };
    let (action, note, written) = match ours.get(held.name) {
        Some(definition) => {
            let Laid { differences, tool, kept_url } = lay(definition, &held, wanted.webhook_url.is_some());
            let note = kept_url.filter(|url| !urls.include(url)).map(|url| {
                let url = foreign_url(&url);
                format!("its calls still go to {url}, as set on the platform; with `--webhook-url` they follow that")
            });
            match differences.is_empty() {
                // Written as it came, nested or not, so that a push changes what it shows and nothing else.
                true => (Action::Keep, note, unchanged()),
                false => (Action::Change(differences), note, Some(tool)),
            }
        }
        None => match urls.foreign(&held) {
            Some(url) => (Action::LeaveAlone(Why::ForeignUrl(url.to_owned())), None, unchanged()),
            None if wanted.prune => (Action::Remove, None, None),
            None => (Action::LeaveAlone(Why::NotPruned), None, unchanged()),
        },
    };
    Ok((ToolPlan { name: held.name.to_owned(), action, note }, written))
}

/// The URLs at which this program is taken to listen. The platform marks no owner, so a tool that is not in this program
/// counts as ours only if its calls would come here.
struct OurUrls<'a> {
    urls: Vec<&'a str>,
    /// Where calls of tools without a URL of their own go, if not here.
    elsewhere: Option<&'a str>,
}

impl<'a> OurUrls<'a> {
    fn new(assistant: &'a Assistant, held: &'a [Value], ours: &Definitions<'a>, wanted: &'a Wanted) -> Self {
        let url_of = |definition: &'a Map<String, Value>| definition.get("url").and_then(Value::as_str);
        let mut urls: Vec<_> = ours.in_order().filter_map(|(_, definition)| url_of(definition)).collect();
        let present = assistant.text("webhook_url");
        // The URL that is given is where this program listens from now on, and the assistant's may be another's.
        if let Some(url) = &wanted.webhook_url {
            urls.push(url);
            return Self { urls, elsewhere: None };
        }
        let follows = |(name, definition): (&str, &'a Map<String, Value>)| {
            let own = held.iter().find_map(|item| match Held::read(item) {
                Held::Webhook(tool) if tool.name == name => tool.url(),
                _ => None,
            });
            let is_present = |own| present.is_some_and(|present| same_url(own, present));
            url_of(definition).is_none() && own.is_none_or(is_present)
        };
        let come_here = ours.in_order().any(follows)
            || present.is_some_and(|present| urls.iter().any(|url| same_url(url, present)));
        if come_here {
            urls.extend(present);
            return Self { urls, elsewhere: None };
        }
        Self { urls, elsewhere: Some(present.unwrap_or("the account's webhook URL")) }
    }

    fn include(&self, url: &str) -> bool {
        self.urls.iter().any(|ours| same_url(ours, url))
    }

    /// Where the calls of this tool go, if not here.
    fn foreign<'t>(&self, tool: &WebhookTool<'t>) -> Option<&'t str>
    where
        'a: 't,
    {
        match tool.url() {
            Some(url) => Some(url).filter(|url| !self.include(url)),
            None => self.elsewhere,
        }
    }
}

/// Our definitions by name, and in their order.
struct Definitions<'a> {
    by_name: HashMap<&'a str, &'a Map<String, Value>>,
    order: Vec<&'a str>,
}

fn by_name(definitions: &[Value]) -> Result<Definitions<'_>, Refusal> {
    let mut found = Definitions { by_name: HashMap::new(), order: Vec::new() };
    for definition in definitions {
        let name = definition.get("name").and_then(Value::as_str);
        let (Some(name), Some(definition)) = (name, definition.as_object()) else {
            return Err(Refusal::UnreadableDefinition);
        };
        if found.by_name.insert(name, definition).is_none() {
            found.order.push(name);
        }
    }
    Ok(found)
}

impl<'a> Definitions<'a> {
    fn get(&self, name: &str) -> Option<&'a Map<String, Value>> {
        self.by_name.get(name).copied()
    }

    fn contains_key(&self, name: &str) -> bool {
        self.by_name.contains_key(name)
    }

    fn in_order(&self) -> impl Iterator<Item = (&'a str, &'a Map<String, Value>)> {
        self.order.iter().filter_map(|name| Some((*name, self.get(name)?)))
    }

    fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    fn len(&self) -> usize {
        self.order.len()
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoLlmConfig => f.write_str(
                "the assistant has no `llm_config` to put tools into: choose its provider and model on the platform, then push again",
            ),
            Self::ToolsAreNoList => f.write_str(
                "the assistant's `llm_config.tools` is no list, so nothing was changed: set it right on the platform, then push again",
            ),
            Self::NameTaken { name, kind } => write!(
                f,
                "the assistant has a tool `{name}` of the type `{kind}`, which is no webhook tool: rename this program's `{name}`, or remove the other on the platform"
            ),
            Self::NameTwice { name } => write!(
                f,
                "the assistant has two tools named `{name}`: remove one of them on the platform, then push again"
            ),
            Self::Masked { path } => write!(
                f,
                "the platform shows only a mask for `{path}`, and writing that back would replace the secret: remove that secret on the platform, push, and set it again"
            ),
            Self::PruneEverything => f.write_str(
                "this program has no tools, so `--prune` would remove every one from the assistant: if its tools are in a library crate, name that once (`use my_tools as _;`)",
            ),
            Self::UnreadableDefinition => f.write_str("a tool of this program has no name, so nothing was changed"),
        }
    }
}

impl Error for Refusal {}

#[cfg(test)]
mod tests;
