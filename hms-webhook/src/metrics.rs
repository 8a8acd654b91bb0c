//! What is counted and measured: the one list of names, units, labels and descriptions, and the functions that record.
//!
//! Without the feature `metrics` the functions do nothing. Labels are names of the program or words of this file, never
//! what came over the wire: no ids, no phone numbers, no arguments.

use std::sync::Arc;

use tokio::time::Instant;

use crate::{deadline::Deadline, event::Event, rejection::Rejection};

const DELIVERIES: &str = "hms_webhook_deliveries_total";
const REFUSALS: &str = "hms_webhook_refusals_total";
const IN_FLIGHT: &str = "hms_webhook_requests_in_flight";
const ASSISTANT_REQUESTS: &str = "hms_webhook_assistant_requests_total";
const ASSISTANT_REQUEST_SHARE: &str = "hms_webhook_assistant_request_deadline_ratio";
const TOOL_CALLS: &str = "hms_webhook_tool_calls_total";
const TOOL_SHARE: &str = "hms_webhook_tool_deadline_ratio";
const EVENTS: &str = "hms_webhook_events_total";
#[cfg(feature = "prometheus")]
const QUEUE: &str = "hms_webhook_events_in_store";

/// Tells the recorder what each metric is.
pub(crate) fn describe() {
    #[cfg(feature = "metrics")]
    {
        use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};
        describe_counter!(
            DELIVERIES,
            Unit::Count,
            "Signed deliveries that were taken, by event, key and status of the answer"
        );
        describe_counter!(REFUSALS, Unit::Count, "Requests and connections that were refused, by reason");
        describe_gauge!(IN_FLIGHT, Unit::Count, "Requests to the webhook that are being answered");
        describe_counter!(
            ASSISTANT_REQUESTS,
            Unit::Count,
            "Assistant-requests, by who answered: the handler or the fallback, or nobody as there was no time"
        );
        describe_histogram!(ASSISTANT_REQUEST_SHARE, "Time an assistant-request took, as a share of its deadline");
        describe_counter!(TOOL_CALLS, Unit::Count, "Tool calls that somebody waited for, by tool and outcome");
        describe_histogram!(TOOL_SHARE, "Time a tool call took, as a share of its deadline, by tool");
        describe_counter!(
            EVENTS,
            Unit::Count,
            "Attempts to handle events from the store, by type of event and outcome"
        );
        #[cfg(feature = "prometheus")]
        describe_gauge!(QUEUE, Unit::Count, "Events in the store, by state");
    }
}

/// Adds one to a counter.
fn count<const N: usize>(name: &'static str, labels: [(&'static str, &'static str); N]) {
    #[cfg(feature = "metrics")]
    metrics::counter!(name, &labels).increment(1);
    #[cfg(not(feature = "metrics"))]
    let _ = (name, labels);
}

/// Notes which share of the time from `received` to `deadline` is used up; 1 is all of it.
fn share<const N: usize>(
    name: &'static str,
    labels: [(&'static str, &'static str); N],
    received: Instant,
    deadline: Deadline,
) {
    #[cfg(feature = "metrics")]
    {
        let used = received.elapsed().as_secs_f64();
        let whole = used + deadline.remaining().as_secs_f64();
        metrics::histogram!(name, &labels).record(if whole > 0.0 { used / whole } else { 1.0 });
    }
    #[cfg(not(feature = "metrics"))]
    let _ = (name, labels, received, deadline);
}

/// The label of an event; what this version does not know is `other`, as a sender may call it anything.
pub(crate) fn event_label(event: &Event) -> &'static str {
    match event {
        Event::AssistantRequest(_) => "assistant-request",
        Event::ToolCalls(_) => "tool-calls",
        Event::StatusUpdate(_) => "status-update",
        Event::EndOfCallReport(_) => "end-of-call-report",
        _ => "other",
    }
}

/// A delivery that was signed with `key` was answered or refused.
pub(crate) fn delivery<T>(event: &'static str, key: Option<&Arc<str>>, answer: &Result<T, Rejection>) {
    let status = match answer {
        Ok(_) => "200",
        // What was taken is refused only for want of time or of the store.
        Err(_) => "503",
    };
    #[cfg(feature = "metrics")]
    {
        let key = key.map_or("none".into(), |key| metrics::SharedString::from(key.clone()));
        metrics::counter!(DELIVERIES, "event" => event, "key" => key, "status" => status).increment(1);
    }
    #[cfg(not(feature = "metrics"))]
    let _ = (DELIVERIES, event, key, status);
}

pub(crate) fn refused(rejection: &Rejection) {
    count(REFUSALS, [("reason", rejection.reason())]);
}

/// How an assistant-request went: `answered` by the handler, or by the `fallback`; or `refused`.
pub(crate) fn assistant_request(outcome: &'static str) {
    count(ASSISTANT_REQUESTS, [("outcome", outcome)]);
}

pub(crate) fn assistant_request_share(received: Instant, deadline: Deadline) {
    share(ASSISTANT_REQUEST_SHARE, [], received, deadline);
}

/// How a tool call went: `answered`, `told`, `arguments`, `failed`, `panicked`, `late`, `repeated` or `refused`.
pub(crate) fn tool_call(tool: &'static str, outcome: &'static str) {
    count(TOOL_CALLS, [("tool", tool), ("outcome", outcome)]);
}

pub(crate) fn tool_share(tool: &'static str, received: Instant, deadline: Deadline) {
    share(TOOL_SHARE, [("tool", tool)], received, deadline);
}

/// An attempt to handle an event ended: `handled`, `failed` or `dead`.
pub(crate) fn event(kind: &'static str, outcome: &'static str) {
    count(EVENTS, [("event", kind), ("outcome", outcome)]);
}

/// A request that is being answered, until this is dropped.
#[derive(Debug)]
pub(crate) struct InFlight(());

impl InFlight {
    pub(crate) fn begin() -> Self {
        #[cfg(feature = "metrics")]
        metrics::gauge!(IN_FLIGHT).increment(1.0);
        #[cfg(not(feature = "metrics"))]
        let _ = IN_FLIGHT;
        Self(())
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        #[cfg(feature = "metrics")]
        metrics::gauge!(IN_FLIGHT).decrement(1.0);
    }
}

/// What the store holds.
#[cfg(feature = "prometheus")]
pub(crate) fn queue(counts: crate::store::Counts) {
    for (state, count) in [("waiting", counts.waiting), ("running", counts.running), ("dead", counts.dead)] {
        metrics::gauge!(QUEUE, "state" => state).set(count as f64);
    }
}
