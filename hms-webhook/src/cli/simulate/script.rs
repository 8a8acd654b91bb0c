//! What a call consists of: its steps and what is expected of each, from a file or made from the program's tools.

use std::time::{Duration, SystemTime};

use serde_json::{Map, Value, json};

use super::{
    strict_toml::{At, Lines},
    variables,
};
use crate::{
    sample_event::report,
    schema::{ToolDefinition, sample::current_sample},
};

/// A phone call as it is to be played.
#[derive(Debug, Default)]
pub(super) struct Script {
    /// For messages; `None` for the call that is made where no file is named.
    pub(super) file: Option<String>,
    pub(super) call: Caller,
    pub(super) variables: Map<String, Value>,
    pub(super) steps: Vec<Step>,
}

/// Who calls.
#[derive(Debug, Default)]
pub(super) struct Caller {
    pub(super) id: Option<String>,
    pub(super) caller: Option<String>,
    pub(super) web_call: bool,
    pub(super) metadata: Option<Value>,
}

/// One delivery, and what is expected of its answer.
#[derive(Debug, Clone, Default)]
pub(super) struct Step {
    /// Its place among the steps, from 1 on.
    pub(super) number: usize,
    pub(super) line: usize,
    pub(super) event: String,
    pub(super) pause: Duration,
    pub(super) calls: Vec<ToolCall>,
    /// Members of `message` beside those that every event has.
    pub(super) message: Value,
    pub(super) repeat: u32,
    pub(super) retry: u32,
    pub(super) retry_pause: Duration,
    pub(super) expect: Expectations,
}

#[derive(Debug, Clone, Default)]
pub(super) struct ToolCall {
    pub(super) tool: String,
    pub(super) arguments: Value,
    pub(super) result: Option<At<Value>>,
    pub(super) result_lines: Lines,
    pub(super) error: Option<At<ErrorExpected>>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum ErrorExpected {
    None,
    Any,
    /// With this in its text.
    With(String),
}

#[derive(Debug, Clone, Default)]
pub(super) struct Expectations {
    pub(super) status: Option<At<u32>>,
    pub(super) within: Option<At<Duration>>,
    pub(super) reply: Option<At<Value>>,
    pub(super) reply_lines: Lines,
    /// Of an assistant-request.
    pub(super) error: Option<At<ErrorExpected>>,
    /// Whether a repeated delivery must get the answer of the first.
    pub(super) same: Option<At<bool>>,
}

impl Script {
    /// The call that is played where no file is named: every tool once, with arguments made from its schema.
    pub(super) fn of_every_tool(tools: &[ToolDefinition]) -> Self {
        let step = |event: &str, message| Step { event: event.into(), message, repeat: 1, ..Step::default() };
        let status = |status: &str| step("status-update", json!({ "call": { "status": status } }));
        let call = |tool: &ToolDefinition| ToolCall {
            tool: tool.name.clone(),
            arguments: current_sample(&tool.parameters, SystemTime::now()),
            ..ToolCall::default()
        };
        let calls = tools.iter().map(|tool| Step { calls: vec![call(tool)], ..step("tool-calls", json!({})) });
        let begin = [step("assistant-request", json!({})), status("in-progress")];
        let end = [status("ended"), step("end-of-call-report", report())];
        Self { steps: numbered(begin.into_iter().chain(calls).chain(end)), ..Self::default() }
    }
}

pub(super) fn numbered(steps: impl Iterator<Item = Step>) -> Vec<Step> {
    steps.enumerate().map(|(index, step)| Step { number: index + 1, ..step }).collect()
}

impl Step {
    /// Whether the script says anything of its answer.
    pub(super) fn has_expectations(&self) -> bool {
        let Expectations { status, within, reply, error, same, .. } = &self.expect;
        let of_results = self.calls.iter().any(|call| call.result.is_some() || call.error.is_some());
        let of_repeats = same.as_ref().is_some_and(|same| same.value);
        status.is_some() || within.is_some() || reply.is_some() || error.is_some() || of_repeats || of_results
    }

    /// What it is about, beside its event: tools, or the new status.
    pub(super) fn about(&self) -> String {
        let tools: Vec<_> = self.calls.iter().map(|call| call.tool.as_str()).collect();
        match self.message["call"]["status"].as_str() {
            Some(status) if self.event == "status-update" => status.into(),
            _ => tools.join(" + "),
        }
    }
}

impl ErrorExpected {
    /// Puts in the variables' values.
    pub(super) fn fill(&mut self, variables: &Map<String, Value>) {
        if let Self::With(part) = self {
            *part = variables::filled_text(part, variables);
        }
    }
}
