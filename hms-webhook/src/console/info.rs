//! What a page is told of the app: its tools, its handlers, its limits.

use std::{collections::HashMap, time::Duration};

use serde_json::{Value, json};

use super::{profiles, samples};
use crate::{
    App,
    app::{ASSISTANT_REQUEST_LIMIT, TOOL_CALLS_LIMIT},
    handler::{Location, ToolSpec},
    router::Budgets,
    schema::ToolDefinition,
};

/// How long what may take.
#[derive(Debug)]
pub(super) struct Limits {
    budgets: Budgets,
    /// By the name of a tool: its deadline, and whether it runs in the background.
    tools: HashMap<&'static str, (Option<Duration>, bool)>,
}

impl Limits {
    pub(super) fn new(app: &App) -> Self {
        let budgets = app.settings.budgets;
        let tools = app.tool_specs().iter().map(|spec| (spec.name, (deadline(spec, budgets), spec.background)));
        Self { budgets, tools: tools.collect() }
    }

    /// Within which time this server answers an event, and how long the platform waits, in milliseconds.
    pub(super) fn of_event(&self, event: Option<&str>) -> (Option<f64>, Option<f64>) {
        let (budget, limit) = match event {
            Some("assistant-request") => (self.budgets.assistant_request, ASSISTANT_REQUEST_LIMIT),
            Some("tool-calls") => (self.budgets.tool_calls, TOOL_CALLS_LIMIT),
            _ => return (None, None),
        };
        (Some(milliseconds(budget)), Some(milliseconds(limit)))
    }

    /// The deadline of a tool in milliseconds, and whether it runs in the background.
    pub(super) fn of_tool(&self, name: &str) -> (Option<f64>, bool) {
        let (deadline, background) = self.tools.get(name).copied().unwrap_or_default();
        (deadline.map(milliseconds), background)
    }
}

/// Nobody waits for a background tool, so only a deadline of its own bounds it.
fn deadline(spec: &ToolSpec, budgets: Budgets) -> Option<Duration> {
    let own = spec.deadline;
    if spec.background { own } else { Some(own.map_or(budgets.tool_calls, |own| own.min(budgets.tool_calls))) }
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

/// What a page is told of `app`.
pub(super) fn describe(app: &App, definitions: &[ToolDefinition]) -> Value {
    let budgets = app.settings.budgets;
    let tools: Vec<_> = app
        .tool_specs()
        .iter()
        .zip(definitions)
        .map(|(spec, definition)| {
            let mut tool = json!(definition);
            tool["example"] = samples::arguments(definition);
            tool["deadline_ms"] = json!(deadline(spec, budgets).map(milliseconds));
            tool["location"] = json!(place(spec.location));
            tool
        })
        .collect();
    let handlers: Vec<_> = app
        .handler_specs()
        .iter()
        .map(|spec| {
            let event = spec.event();
            json!({ "event": event, "location": place(spec.location) })
        })
        .collect();
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "name": program_name(),
        "signed": !app.settings.secrets.is_empty(),
        "limits": {
            "tool_calls_ms": budgets.tool_calls.as_millis(),
            "tool_calls_limit_ms": TOOL_CALLS_LIMIT.as_millis(),
            "assistant_request_ms": budgets.assistant_request.as_millis(),
            "assistant_request_limit_ms": ASSISTANT_REQUEST_LIMIT.as_millis(),
        },
        "tools": tools,
        "handlers": handlers,
        "samples": samples::events(),
        "profiles": profiles::list(),
        "inbox": true,
    })
}

fn program_name() -> String {
    let program = std::env::current_exe().ok();
    let name = program.as_deref().and_then(|path| path.file_stem()).map(|name| name.to_string_lossy().into_owned());
    name.unwrap_or_else(|| "hms-webhook".into())
}

/// Where to look in an editor.
fn place(location: Location) -> String {
    format!("{}:{}", location.file, location.line)
}
