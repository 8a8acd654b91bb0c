//! A plan in words: what `push` prints.

use std::fmt;

use reqwest::Url;

use super::{
    compare::Difference,
    plan::{Action, Plan, ToolPlan, Why},
};
use crate::rest::text::{one_line, printable};

/// The longest pair of values that is shown on one line.
const SHORT: usize = 60;
/// The longest value that is shown; a parameter's schema can be a page.
const LONG: usize = 600;

/// A plan with `hide` over each of its texts before that is cut: half a secret could not be found any more.
pub(super) struct Shown<'a> {
    plan: &'a Plan,
    hide: &'a dyn Fn(&str) -> String,
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.plan.tools.iter().try_for_each(|tool| self.show_tool(f, tool))?;
        self.plan.settings.iter().try_for_each(|setting| self.show_difference(f, "  ~ ", setting))?;
        self.plan.show_sum(f)
    }
}

impl Shown<'_> {
    fn line(&self, text: &str, longest: usize) -> String {
        one_line(&(self.hide)(text), longest)
    }

    fn show_tool(&self, f: &mut fmt::Formatter<'_>, tool: &ToolPlan) -> fmt::Result {
        let name = self.line(&tool.name, 64);
        match &tool.action {
            Action::Add { description } => writeln!(f, "  + {name}: {}", self.line(description, 100))?,
            Action::Change(differences) => {
                writeln!(f, "  ~ {name}")?;
                differences.iter().try_for_each(|difference| self.show_difference(f, "      ", difference))?;
            }
            Action::Remove => writeln!(f, "  - {name}")?,
            Action::Keep => writeln!(f, "  = {name}")?,
            Action::LeaveAlone(why) => writeln!(f, "    {name} is left alone: {}", self.why(why))?,
        }
        match &tool.note {
            Some(note) => writeln!(f, "      {}", self.line(note, LONG)),
            None => Ok(()),
        }
    }

    fn why(&self, why: &Why) -> String {
        match why {
            Why::Type(kind) => format!("of the type `{}`, which is no webhook tool", self.line(kind, 64)),
            Why::ForeignUrl(url) => format!("its calls go to {}", self.line(&foreign_url(url), 200)),
            Why::NotPruned => "not in this program (`--prune` removes it)".into(),
        }
    }

    /// On one line where both values are short, one under the other where they are not.
    fn show_difference(&self, f: &mut fmt::Formatter<'_>, indent: &str, difference: &Difference) -> fmt::Result {
        let shown =
            |value: &Option<String>| value.as_deref().map_or_else(|| "(none)".into(), |text| self.line(text, LONG));
        let (path, before, after) =
            (printable((self.hide)(&difference.path).chars()), shown(&difference.before), shown(&difference.after));
        if before.chars().count() + after.chars().count() <= SHORT {
            return writeln!(f, "{indent}{path}: {before} → {after}");
        }
        let deeper = " ".repeat(indent.len() + 2);
        writeln!(f, "{indent}{path}:\n{deeper}- {before}\n{deeper}+ {after}")
    }
}

impl Plan {
    /// What is printed of it, with `hide` over what the platform says.
    pub(super) fn shown<'a>(&'a self, hide: &'a dyn Fn(&str) -> String) -> Shown<'a> {
        Shown { plan: self, hide }
    }

    fn show_sum(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return writeln!(f, "no difference");
        }
        let count = |of: fn(&Action) -> bool| self.tools.iter().filter(|tool| of(&tool.action)).count();
        let counts = [
            (count(|action| matches!(action, Action::Add { .. })), "to add"),
            (count(|action| matches!(action, Action::Change(_))), "to change"),
            (count(|action| matches!(action, Action::Remove)), "to remove"),
        ];
        let mut parts: Vec<_> = counts
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count} {} {what}", if count == 1 { "tool" } else { "tools" }))
            .collect();
        match self.settings.len() {
            0 => {}
            1 => parts.push("1 setting to change".into()),
            count => parts.push(format!("{count} settings to change")),
        }
        writeln!(f, "{}", parts.join(", "))
    }
}

/// Where the calls of a tool go that is not ours, without what may hold a secret of its owner.
pub(super) fn foreign_url(url: &str) -> String {
    let Ok(mut parsed) = Url::parse(url) else {
        return if url.contains(['@', '?', '#']) { "…".into() } else { url.to_owned() };
    };
    let names_user = !parsed.username().is_empty() || parsed.password().is_some();
    let goes_on = parsed.query().is_some() || parsed.fragment().is_some();
    // A URL that cannot hold a user has none.
    let _ = parsed.set_username("").and_then(|()| parsed.set_password(None));
    parsed.set_query(None);
    parsed.set_fragment(None);
    let shown = if names_user { parsed.as_str().replacen("://", "://…@", 1) } else { parsed.into() };
    if goes_on { shown + "…" } else { shown }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{assistant::Assistant, plan::Wanted};
    use super::*;
    use crate::rest::Credential;

    #[test]
    fn a_plan_reads_well_and_shows_no_secret() {
        let assistant = Assistant::read(json!({ "assistant": {
            "webhook_url": "https://hooks.example.com/voice",
            "webhook_secret": "••••••",
            "webhook_events": ["tool-calls"],
            "llm_config": { "tools": [
                { "type": "end_call" },
                { "name": "find_slot", "description": "Find.", "parameters": { "type": "object", "properties": { "day": { "type": "string" } } } },
                { "name": "ping", "description": "Answer." },
                { "name": "gone", "url": "https://hooks.example.com/voice" },
                { "name": "theirs", "url": "https://user:hush@n8n.example.com:8443/x\u{1b}[2J?token=hush#hush" },
            ] },
        } }))
        .unwrap();
        let definitions = [
            json!({ "name": "book", "description": "Book a slot.\nAsk for the day first." }),
            json!({ "name": "find_slot", "description": "Find free workshop slots for a day, in the order of time.", "parameters": { "type": "object", "properties": { "day": { "type": "string", "format": "date" } } } }),
            json!({ "name": "ping", "description": "Answer." }),
        ];
        let wanted = Wanted {
            events: Some(vec!["tool-calls".into(), "status-update".into()]),
            secret: Some(Credential::new("hush".into())),
            prune: true,
            ..Wanted::default()
        };
        let plan = Plan::new(&assistant, &definitions, &wanted).unwrap();
        assert_eq!(
            plan.shown(&str::to_owned).to_string(),
            "    end_call is left alone: of the type `end_call`, which is no webhook tool
  ~ find_slot
      description:
        - \"Find.\"
        + \"Find free workshop slots for a day, in the order of time.\"
      parameters.properties.day.format: (none) → \"date\"
  = ping
  - gone
    theirs is left alone: its calls go to https://…@n8n.example.com:8443/x%1B[2J…
  + book: Book a slot. Ask for the day first.
  ~ webhook_events: [\"tool-calls\"] → [\"tool-calls\",\"status-update\"]
  ~ webhook_secret: (masked, so it cannot be compared) → (will be set)
1 tool to add, 1 tool to change, 1 tool to remove, 2 settings to change
"
        );
    }

    #[test]
    fn of_a_foreign_url_only_what_is_no_secret_is_shown() {
        for (url, shown) in [
            ("https://user@n8n.example.com", "https://…@n8n.example.com/"),
            ("https://:hush@n8n.example.com", "https://…@n8n.example.com/"),
            ("http://n8n.example.com:81/w?hush", "http://n8n.example.com:81/w…"),
            ("https://n8n.example.com/w#hush", "https://n8n.example.com/w…"),
            ("https://user:hush/@n8n.example.com:x", "…"),
            ("the account's webhook URL", "the account's webhook URL"),
        ] {
            assert_eq!(foreign_url(url), shown);
        }
    }
}
