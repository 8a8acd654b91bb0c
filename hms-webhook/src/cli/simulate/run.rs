//! One call from its first delivery to its last.

use std::time::{Duration, Instant, SystemTime};

use serde_json::{Map, Value, json};

use super::{
    expect::{Fault, check},
    script::{Script, Step},
    variables::{filled, filled_text},
};
use crate::{
    cli::{
        send::{limit, new_call_id},
        target::{Answer, Line, SendError, Signing, Target},
    },
    sample_event::{SampleCall, tool_call},
    words::shown_apart,
};

/// One delivery of a call, and what became of it.
#[derive(Debug)]
pub(super) struct Delivered {
    pub(super) step: usize,
    /// Why the delivery was sent once more.
    pub(super) again: Option<Again>,
    /// It was not answered well, and is retried.
    pub(super) is_retried: bool,
    /// Since the call began.
    pub(super) start: Duration,
    pub(super) status: u16,
    pub(super) time: Duration,
    pub(super) limit: Option<Duration>,
    pub(super) reply: Value,
    pub(super) faults: Vec<Fault>,
}

/// A delivery that was not answered, with which a call ends.
#[derive(Debug)]
pub(super) struct Unanswered {
    pub(super) step: usize,
    pub(super) limit: Option<Duration>,
    pub(super) error: SendError,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Again {
    Repeat,
    Retry,
}

/// Plays call `number` and tells `seen` of each delivery; gives back how many steps were played, which are fewer where
/// the call was rejected.
///
/// # Errors
/// When a delivery is not answered; the call ends there.
pub(super) async fn run(
    script: &Script,
    number: u32,
    target: &Target,
    mut seen: impl FnMut(Delivered),
) -> Result<usize, Unanswered> {
    let mut variables = script.variables.clone();
    variables.insert("call".into(), number.into());
    variables.insert("null".into(), Value::Null);
    let id = script.call.id.as_ref().map_or_else(new_call_id, |id| filled_text(id, &variables));
    let mut call = SampleCall::new(id);
    if let Some(caller) = &script.call.caller {
        call.caller = Some(filled_text(caller, &variables));
    }
    if script.call.web_call {
        call.caller = None;
    }
    call.metadata = script.call.metadata.as_ref().map(|metadata| filled(metadata, &variables));

    let begun = Instant::now();
    let mut line = target.line();
    for (index, step) in script.steps.iter().enumerate() {
        tokio::time::sleep(step.pause).await;
        let step = &with_values(step, &variables);
        let body = body(step, &call);
        let limit = limit(&body);
        let body = body.to_string();
        let delivery = |again, start, answer: &Answer, faults| Delivered {
            step: index,
            again,
            is_retried: false,
            start,
            status: answer.status.as_u16(),
            time: answer.time,
            limit,
            reply: answer.json(),
            faults,
        };
        let unanswered = |error| Unanswered { step: index, limit, error };
        let mut retries = 0;
        let answer = loop {
            let start = begun.elapsed();
            let answer = line.deliver(body.as_bytes(), Signing::default()).await.map_err(unanswered)?;
            let is_well = answer.status.is_success() && limit.is_none_or(|limit| answer.time <= limit);
            let again = (retries > 0).then_some(Again::Retry);
            if is_well || retries == step.retry {
                seen(delivery(again, start, &answer, check(step, &answer, limit)));
                break answer;
            }
            seen(Delivered { is_retried: true, ..delivery(again, start, &answer, Vec::new()) });
            retries += 1;
            tokio::time::sleep(step.retry_pause).await;
        };
        let reply = answer.json();
        repeat(step, &mut line, body.as_bytes(), (&answer, limit), |answer, faults| {
            let start = begun.elapsed().saturating_sub(answer.time);
            seen(delivery(Some(Again::Repeat), start, answer, faults));
        })
        .await
        .map_err(unanswered)?;
        // What the platform makes of an `error` beside another status is not documented (PROTOCOL.md §3.1).
        if step.event == "assistant-request" && answer.status.is_success() {
            // The platform ends a call that is rejected, and repeats metadata in every later event (PROTOCOL.md §4).
            if reply["error"].is_string() {
                return Ok(index + 1);
            }
            let given = ["assistant", "assistant_override"].into_iter().map(|member| &reply[member]["metadata"]);
            call.metadata = given.into_iter().find(|metadata| metadata.is_object()).cloned().or(call.metadata);
        }
    }
    Ok(script.steps.len())
}

/// The same delivery once more, as often as the step asks for; each answer must hold as the `first` must.
async fn repeat(
    step: &Step,
    line: &mut Line<'_>,
    body: &[u8],
    (first, limit): (&Answer, Option<Duration>),
    mut seen: impl FnMut(&Answer, Vec<Fault>),
) -> Result<(), SendError> {
    for _ in 1..step.repeat {
        let answer = line.deliver(body, Signing::default()).await?;
        let mut faults = check(step, &answer, limit);
        let same = step.expect.same.as_ref();
        if same.is_none_or(|same| same.value) && (answer.status, answer.json()) != (first.status, first.json()) {
            let (before, now) = shown_apart(Some(&first.json()), Some(&answer.json()));
            faults.push(Fault {
                line: same.map_or(step.line, |same| same.line),
                what: format!(
                    "same: expected the first answer again, {} {before}, got {} {now}",
                    first.status.as_u16(),
                    answer.status.as_u16()
                ),
            });
        }
        seen(&answer, faults);
    }
    Ok(())
}

/// The step with the variables' values.
fn with_values(step: &Step, variables: &Map<String, Value>) -> Step {
    let mut step = step.clone();
    step.message = filled(&step.message, variables);
    for call in &mut step.calls {
        call.arguments = filled(&call.arguments, variables);
        if let Some(wanted) = &mut call.result {
            wanted.value = filled(&wanted.value, variables);
        }
        if let Some(wanted) = &mut call.error {
            wanted.value.fill(variables);
        }
    }
    if let Some(wanted) = &mut step.expect.reply {
        wanted.value = filled(&wanted.value, variables);
    }
    if let Some(wanted) = &mut step.expect.error {
        wanted.value.fill(variables);
    }
    step
}

/// The id of a tool call: one of its own for each in the call.
pub(super) fn tool_call_id(step: &Step, index: usize) -> String {
    format!("tool_{}_{}", step.number, index + 1)
}

fn body(step: &Step, call: &SampleCall) -> Value {
    let mut body = call.event(&step.event, json!({}));
    body["message"]["timestamp"] = humantime::format_rfc3339_millis(SystemTime::now()).to_string().into();
    if !step.calls.is_empty() {
        let calls = step.calls.iter().enumerate();
        let calls =
            calls.map(|(index, call)| tool_call(&tool_call_id(step, index), &call.tool, call.arguments.clone()));
        body["message"]["tool_call_list"] = calls.collect();
    }
    merge(&mut body["message"], &step.message);
    body
}

/// Puts the members of `from` into `into`, and those of objects into objects.
fn merge(into: &mut Value, from: &Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (name, value) in from {
                merge(into.entry(name).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from.clone(),
    }
}
