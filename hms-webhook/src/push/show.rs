//! A plan in words: what `push` prints.

use std::fmt;

use super::{
    compare::Difference,
    plan::{Action, Plan, ToolPlan, Why},
};
use crate::rest::text::{one_line, printable};

/// The longest pair of values that is shown on one line.
const SHORT: usize = 60;
/// The longest value that is shown; a parameter's schema can be a page.
const LONG: usize = 600;

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.tools.iter().try_for_each(|tool| tool.fmt(f))?;
        self.settings.iter().try_for_each(|setting| show_difference(f, "  ~ ", setting))?;
        self.show_sum(f)
    }
}

impl fmt::Display for ToolPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = one_line(&self.name, 64);
        match &self.action {
            Action::Add { description } => writeln!(f, "  + {name}: {}", one_line(description, 100))?,
            Action::Change(differences) => {
                writeln!(f, "  ~ {name}")?;
                differences.iter().try_for_each(|difference| show_difference(f, "      ", difference))?;
            }
            Action::Remove => writeln!(f, "  - {name}")?,
            Action::Keep => writeln!(f, "  = {name}")?,
            Action::LeaveAlone(why) => writeln!(f, "    {name} is left alone: {why}")?,
        }
        match &self.note {
            Some(note) => writeln!(f, "      {}", one_line(note, LONG)),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Type(kind) => write!(f, "of the type `{}`, which is no webhook tool", one_line(kind, 64)),
            Self::ForeignUrl(url) => write!(f, "its calls go to {}", one_line(url, 200)),
            Self::NotPruned => f.write_str("not in this program (`--prune` removes it)"),
        }
    }
}

impl Plan {
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

/// On one line where both values are short, one under the other where they are not.
fn show_difference(f: &mut fmt::Formatter<'_>, indent: &str, difference: &Difference) -> fmt::Result {
    let shown = |value: &Option<String>| value.as_deref().map_or_else(|| "(none)".into(), |text| one_line(text, LONG));
    let (path, before, after) =
        (printable(difference.path.chars()), shown(&difference.before), shown(&difference.after));
    if before.chars().count() + after.chars().count() <= SHORT {
        return writeln!(f, "{indent}{path}: {before} → {after}");
    }
    let deeper = " ".repeat(indent.len() + 2);
    writeln!(f, "{indent}{path}:\n{deeper}- {before}\n{deeper}+ {after}")
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
                { "name": "theirs", "url": "https://n8n.example.com/x\u{1b}[2J" },
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
            plan.to_string(),
            "    end_call is left alone: of the type `end_call`, which is no webhook tool
  ~ find_slot
      description:
        - \"Find.\"
        + \"Find free workshop slots for a day, in the order of time.\"
      parameters.properties.day.format: (none) → \"date\"
  = ping
  - gone
    theirs is left alone: its calls go to https://n8n.example.com/x\\u{1b}[2J
  + book: Book a slot. Ask for the day first.
  ~ webhook_events: [\"tool-calls\"] → [\"tool-calls\",\"status-update\"]
  ~ webhook_secret: (masked, so it cannot be compared) → (will be set)
1 tool to add, 1 tool to change, 1 tool to remove, 2 settings to change
"
        );
    }
}
