//! From the text of a script to its steps: what may be written where, and that what is named is there.

use std::time::{Duration, SystemTime};

use serde_json::{Map, Value, json};
use toml::de::DeTable;

use super::{
    script::{Caller, ErrorExpected, Expectations, Script, Step, ToolCall, numbered},
    strict_toml::{At, Faults, Table},
    variables,
};
use crate::{
    sample_event::report,
    schema::{ToolDefinition, sample::current_sample},
    words::{instead, shorten},
};

const TOP: &[&str] = &["call", "variables", "step"];
const CALL: &[&str] = &["id", "caller", "web_call", "metadata"];
const STEP: &[&str] =
    &["event", "tool", "arguments", "calls", "status", "message", "pause", "repeat", "retry", "retry_pause", "expect"];
const TOOL_CALL: &[&str] = &["tool", "arguments", "expect"];
const EXPECT: &[&str] = &["status", "within", "result", "error", "reply", "same"];
const EXPECT_OF_CALL: &[&str] = &["result", "error"];
const EVENTS: [&str; 4] = ["assistant-request", "tool-calls", "status-update", "end-of-call-report"];

/// Against what a script is read.
pub(super) struct Program<'a> {
    pub(super) tools: &'a [ToolDefinition],
    /// Types of events that it has handlers for, beside the platform's four.
    pub(super) events: &'a [&'static str],
}

impl Script {
    /// Reads the `text` of `file`; `given` are variables of the command line, which go before those of the file.
    ///
    /// # Errors
    /// Every fault, one line each.
    pub(super) fn read(
        file: &str,
        text: &str,
        given: &Map<String, Value>,
        program: &Program<'_>,
    ) -> Result<Self, Vec<String>> {
        let faults = Faults::new(file, text);
        let (document, errors) = DeTable::parse_recoverable(text);
        for error in errors {
            let line = faults.line(error.span().map_or(0, |span| span.start));
            faults.note(line, format!("this is not TOML: {}", error.message().replace('\n', " ")));
        }
        let script = {
            let top = Table::new(document.get_ref(), "", 1, &faults, TOP);
            let mut variables = top.object("variables").map(|variables| variables.value).unwrap_or_default();
            variables.extend(given.clone());
            let reader = Reader { faults: &faults, program, variables: &variables };
            let call = reader.caller(&top);
            let steps = numbered(top.tables("step", "", STEP).iter().map(|step| reader.step(step)));
            if steps.is_empty() && !top.has("step") {
                faults.note(1, "there is no step: write at least one `[[step]]`");
            }
            Self { file: Some(file.into()), call, variables, steps }
        };
        let faults = faults.into_lines();
        if faults.is_empty() { Ok(script) } else { Err(faults) }
    }
}

struct Reader<'a> {
    faults: &'a Faults<'a>,
    program: &'a Program<'a>,
    variables: &'a Map<String, Value>,
}

impl Reader<'_> {
    fn caller(&self, top: &Table<'_>) -> Caller {
        let Some(table) = top.table("call", "call.", CALL) else { return Caller::default() };
        let text = |name| table.text(name).map(|text| self.named(text).value);
        let web_call = table.flag("web_call").is_some_and(|flag| flag.value);
        if web_call && table.has("caller") {
            self.faults
                .note(table.line, "`call.caller` and `call.web_call` do not go together: a web call has no number");
        }
        let metadata =
            table.object("metadata").map(|At { line, value }| self.filled(At { line, value: value.into() }).value);
        Caller { id: text("id"), caller: text("caller"), web_call, metadata }
    }

    fn step(&self, table: &Table<'_>) -> Step {
        let line = table.line;
        let is_open = !table.has("tool") && !table.has("calls");
        if table.is_misspelt && is_open && table.text("event").is_none_or(|event| event.value == "tool-calls") {
            // What else seems to be missing is what is misspelt.
            return Step::default();
        }
        let event = self.event(table);
        let is_tool_calls = event == "tool-calls";
        let expect = table.table("expect", "expect.", EXPECT);
        let mut calls: Vec<ToolCall> =
            table.tables("calls", "calls.", TOOL_CALL).iter().map(|call| self.tool_call(call)).collect();
        let is_single = table.has("tool");
        if is_single {
            let mut call = self.call_of(table);
            if let Some(expect) = &expect {
                self.expect_of_call(expect, &mut call);
            }
            if table.has("calls") {
                self.faults.note(line, "`tool` is for one call, and `calls` for several: keep one of them");
            }
            calls.push(call);
        } else if is_tool_calls && calls.is_empty() {
            self.faults.note(line, "no tool is named: write `tool = \"…\"`, or several `[[step.calls]]`");
        }
        self.only(is_tool_calls, table, &["tool", "arguments", "calls"], "tool-calls", &event);
        self.only(event == "status-update", table, &["status"], "status-update", &event);
        if is_tool_calls && !is_single && table.has("arguments") {
            self.faults.note(line, "`arguments` are those of `tool`, which is not there");
        }
        let status = table.text("status").map(|text| self.named(text).value);
        let mut message = table.object("message").map_or_else(Map::new, |members| {
            match self.filled(At { line: members.line, value: members.value.into() }).value {
                Value::Object(members) => members,
                _ => Map::new(),
            }
        });
        if event == "status-update" {
            let call = message.entry("call").or_insert_with(|| json!({}));
            let status = status.unwrap_or_else(|| "in-progress".into());
            call.as_object_mut().map(|call| call.entry("status").or_insert(status.into()));
        }
        if event == "end-of-call-report"
            && let Value::Object(made) = report()
        {
            made.into_iter().for_each(|(name, value)| {
                message.entry(name).or_insert(value);
            });
        }
        let times = |name| table.number(name, 1, 1000).map(|number| number.value);
        Step {
            number: 0,
            line,
            pause: table.duration("pause").map_or(Duration::ZERO, |pause| pause.value),
            calls,
            message: message.into(),
            repeat: times("repeat").unwrap_or(1),
            retry: times("retry").unwrap_or(0),
            retry_pause: table.duration("retry_pause").map_or(Duration::from_secs(1), |pause| pause.value),
            expect: expect.map(|expect| self.expectations(&expect, &event, is_single)).unwrap_or_default(),
            event,
        }
    }

    fn event(&self, table: &Table<'_>) -> String {
        let Some(event) = table.text("event") else {
            if !table.has("event") && !table.has("tool") && !table.has("calls") {
                self.faults.note(table.line, "this step sends nothing: write `event = \"…\"` or `tool = \"…\"`");
            }
            return "tool-calls".into();
        };
        let known = EVENTS.iter().chain(self.program.events).copied();
        if !known.clone().any(|known| known == event.value) {
            let (unknown, instead) = (shorten(&event.value), instead(&event.value, known, "events"));
            self.faults.note(event.line, format!("there is no event `{unknown}`{instead}"));
        }
        event.value
    }

    fn only(&self, here: bool, table: &Table<'_>, keys: &[&str], of: &str, event: &str) {
        for key in keys.iter().filter(|key| !here && table.has(key)) {
            self.faults.note(table.line, format!("`{key}` is of `{of}`, not of `{}`", shorten(event)));
        }
    }

    fn tool_call(&self, table: &Table<'_>) -> ToolCall {
        let mut call = self.call_of(table);
        if let Some(expect) = table.table("expect", "calls.expect.", EXPECT_OF_CALL) {
            self.expect_of_call(&expect, &mut call);
        }
        if !table.has("tool") && !table.is_misspelt {
            self.faults.note(table.line, "`calls.tool` is missing: name the tool");
        }
        call
    }

    fn call_of(&self, table: &Table<'_>) -> ToolCall {
        let name = table.text("tool");
        let known = name.as_ref().and_then(|name| self.program.tools.iter().find(|tool| tool.name == name.value));
        // What another program's server has is not known here.
        if let (Some(name), None, false) = (&name, known, self.program.tools.is_empty()) {
            let known = self.program.tools.iter().map(|tool| tool.name.as_str());
            let (unknown, instead) = (shorten(&name.value), instead(&name.value, known, "tools"));
            self.faults.note(name.line, format!("there is no tool `{unknown}`{instead}"));
        }
        let arguments = match table.object("arguments") {
            Some(At { line, value }) => self.filled(At { line, value: value.into() }).value,
            None => known.map_or_else(|| json!({}), |tool| current_sample(&tool.parameters, SystemTime::now())),
        };
        ToolCall { tool: name.map(|name| name.value).unwrap_or_default(), arguments, ..ToolCall::default() }
    }

    fn expect_of_call(&self, expect: &Table<'_>, call: &mut ToolCall) {
        call.result = expect.value("result").map(|value| self.filled(value));
        call.result_lines = expect.lines("result");
        call.error = self.error(expect);
        if let (Some(result), Some(_)) = (&call.result, &call.error) {
            self.faults.note(result.line, "`expect.result` and `expect.error` do not go together: keep one of them");
        }
    }

    fn error(&self, expect: &Table<'_>) -> Option<At<ErrorExpected>> {
        let At { line, value } = self.filled(expect.value("error")?);
        let value = match value {
            Value::Bool(true) => ErrorExpected::Any,
            Value::Bool(false) => ErrorExpected::None,
            Value::String(text) => ErrorExpected::With(text),
            _ => {
                self.faults.note(line, "`expect.error` must be true, false, or a part of its text");
                return None;
            }
        };
        Some(At { line, value })
    }

    fn expectations(&self, expect: &Table<'_>, event: &str, is_single: bool) -> Expectations {
        let is_greeting = event == "assistant-request";
        if !is_single {
            for key in
                ["result", "error"].into_iter().filter(|key| expect.has(key) && !(is_greeting && *key == "error"))
            {
                let place = if event == "tool-calls" { "write it below each of `calls`" } else { "use `expect.reply`" };
                self.faults.note(expect.line, format!("`expect.{key}` is of one tool's result: {place}"));
            }
        }
        Expectations {
            status: expect.number("status", 100, 599),
            within: expect.duration("within"),
            reply: expect.value("reply").map(|value| self.filled(value)),
            reply_lines: expect.lines("reply"),
            error: if is_greeting { self.error(expect) } else { None },
            same: expect.flag("same"),
        }
    }

    /// Checks that the variables in a value are there.
    fn filled(&self, value: At<Value>) -> At<Value> {
        for name in variables::named_in(&value.value) {
            if !variables::is_known(&name, self.variables) {
                let known = self.variables.keys().map(String::as_str).chain(variables::OWN);
                let (name, instead) = (shorten(&name), instead(&name, known, "variables"));
                self.faults.note(value.line, format!("there is no variable `{name}`{instead}"));
            }
        }
        value
    }

    fn named(&self, text: At<String>) -> At<String> {
        self.filled(At { line: text.line, value: text.value.clone().into() });
        text
    }
}
