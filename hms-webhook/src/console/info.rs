//! What a page is told of the app: its tools, its handlers, its limits.

use serde_json::{Value, json};

use super::samples;
use crate::{
    App,
    app::{ASSISTANT_REQUEST_LIMIT, TOOL_CALLS_LIMIT},
    handler::{HandlerRun, Location},
    schema::ToolDefinition,
};

pub(super) fn describe(app: &App, definitions: &[ToolDefinition]) -> Value {
    let budgets = app.settings.budgets;
    let tools: Vec<_> = app
        .tool_specs()
        .iter()
        .zip(definitions)
        .map(|(spec, definition)| {
            let mut tool = json!(definition);
            tool["example"] = samples::arguments(definition);
            // Nobody waits for a background tool, so only a deadline of its own bounds it.
            let deadline = if spec.background {
                spec.deadline
            } else {
                Some(spec.deadline.map_or(budgets.tool_calls, |own| own.min(budgets.tool_calls)))
            };
            tool["deadline_ms"] = json!(deadline.map(|deadline| deadline.as_secs_f64() * 1000.0));
            tool["location"] = json!(place(spec.location));
            tool
        })
        .collect();
    let handlers: Vec<_> = app
        .handler_specs()
        .iter()
        .map(|spec| {
            let event = match spec.run {
                HandlerRun::AssistantRequest(_) => "assistant-request",
                HandlerRun::StatusUpdate(_) => "status-update",
                HandlerRun::EndOfCallReport(_) => "end-of-call-report",
                HandlerRun::Event(kind, _) => kind,
            };
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
        "profiles": [{ "name": "plain", "title": "Plain", "about": "As the platform takes them." }],
        "inbox": false,
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
