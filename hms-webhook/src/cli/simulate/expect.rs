//! Whether an answer is what a step expects: what the platform needs of every answer, and what the script says.

use std::time::Duration;

use serde_json::Value;

use super::{
    script::{ErrorExpected, Step},
    strict_toml::Lines,
};
use crate::{
    cli::{
        difference::{Further, differences},
        target::Answer,
    },
    testing::error_of,
    words::{shown, shown_apart},
};

/// One thing that is not as expected.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Fault {
    /// Of the script; that of the step where nothing was written.
    pub(super) line: usize,
    pub(super) what: String,
}

/// What is wrong with the `answer` to a step, for which the platform waits up to `limit`.
pub(super) fn check(step: &Step, answer: &Answer, limit: Option<Duration>) -> Vec<Fault> {
    let mut faults = Faults { step, list: Vec::new() };
    let (status, expect) = (answer.status.as_u16(), &step.expect);
    let is_well = match &expect.status {
        Some(wanted) => u32::from(status) == wanted.value,
        None => answer.status.is_success(),
    };
    if !is_well {
        let wanted = expect.status.as_ref().map_or("a status of 2xx".into(), |wanted| wanted.value.to_string());
        faults.note(expect.status.as_ref().map(|at| at.line), format!("status: expected {wanted}, got {status}"));
    }
    let allowed = expect.within.as_ref().map(|within| within.value).or(limit);
    if let Some(allowed) = allowed.filter(|allowed| answer.time > *allowed) {
        let (took, allowed) = (answer.time.as_millis(), allowed.as_millis());
        faults.note(
            expect.within.as_ref().map(|at| at.line),
            format!("within: expected an answer within {allowed} ms, it took {took} ms"),
        );
    }
    let reply = answer.json();
    if let Some(wanted) = &expect.reply {
        faults.differ(&expect.reply_lines, "reply", &wanted.value, &reply);
    }
    if answer.status.is_success() {
        match step.event.as_str() {
            "tool-calls" => faults.results(&reply),
            "assistant-request" => faults.greeting(&reply),
            _ => {}
        }
    } else if is_well && step.calls.iter().any(|call| call.result.is_some()) {
        faults.note(None, "result: there is none in an answer that is no 2xx");
    }
    faults.list
}

struct Faults<'a> {
    step: &'a Step,
    list: Vec<Fault>,
}

impl Faults<'_> {
    fn note(&mut self, line: Option<usize>, what: impl Into<String>) {
        self.list.push(Fault { line: line.unwrap_or(self.step.line), what: what.into() });
    }

    fn differ(&mut self, lines: &Lines, place: &str, wanted: &Value, found: &Value) {
        for difference in differences(place, wanted, found, Further::Allowed) {
            let (wanted, found) = shown_apart(difference.expected.as_ref(), difference.found.as_ref());
            let line = lines.of(&difference.path[place.len()..]);
            self.note(line, format!("{}: expected {wanted}, got {found}", difference.path));
        }
    }

    /// One result for each call, in their order (PROTOCOL.md §3.2).
    fn results(&mut self, reply: &Value) {
        let results = reply["results"].as_array().map(Vec::as_slice).unwrap_or_default();
        let calls = &self.step.calls;
        if results.len() != calls.len() {
            return self.note(None, format!("results: expected {}, got {}", calls.len(), results.len()));
        }
        for (index, (call, result)) in calls.iter().zip(results).enumerate() {
            let id = super::run::tool_call_id(self.step, index);
            if result["tool_call_id"] != *id {
                self.note(
                    None,
                    format!("results[{index}].tool_call_id: expected \"{id}\", got {}", result["tool_call_id"]),
                );
            }
            let (result, error) = (&result["result"], error_of(&result["result"]));
            let place = if calls.len() == 1 { String::new() } else { format!("{}: ", call.tool) };
            if let Some(wanted) = &call.result {
                // What is no object is wrapped on the way.
                let inner =
                    result.as_object().filter(|object| object.len() == 1).and_then(|object| object.get("result"));
                let found = inner.filter(|_| !wanted.value.is_object()).unwrap_or(result);
                self.differ(&call.result_lines, &format!("{place}result"), &wanted.value, found);
            }
            if let Some(wanted) = &call.error {
                self.error(wanted.line, &place, &wanted.value, error);
            }
        }
    }

    /// An unexpected rejection ends the call, so that nothing else of it would be tested.
    fn greeting(&mut self, reply: &Value) {
        let (rejection, expect) = (reply["error"].as_str(), &self.step.expect);
        match &expect.error {
            Some(wanted) => self.error(wanted.line, "", &wanted.value, rejection),
            None if expect.reply.as_ref().is_some_and(|wanted| wanted.value.get("error").is_some()) => {}
            None => {
                if let Some(text) = rejection {
                    self.note(None, format!("the call was rejected: {}", shown(Some(&text.into()))));
                }
            }
        }
    }

    fn error(&mut self, line: usize, place: &str, wanted: &ErrorExpected, found: Option<&str>) {
        let got = found.map_or("none".into(), |text| shown(Some(&text.into())));
        let wanted = match wanted {
            ErrorExpected::None if found.is_some() => "none".to_owned(),
            ErrorExpected::Any if found.is_none() => "one".to_owned(),
            ErrorExpected::With(part) if !found.is_some_and(|text| text.contains(part)) => {
                format!("one with {}", shown(Some(&part.as_str().into())))
            }
            _ => return,
        };
        self.note(Some(line), format!("{place}error: expected {wanted}, got {got}"));
    }
}
