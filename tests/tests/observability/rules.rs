//! The alerts and the dashboard speak of metrics, labels and words that a server really exposes.

use std::collections::{BTreeMap, BTreeSet};

use hms_webhook::store::JobState;
use serde_json::Value;

use crate::{ALERTS, DASHBOARD, PAGE, outcomes::words};

/// The labels that Prometheus itself adds.
const ADDED: [&str; 2] = ["instance", "job"];

type Labels = BTreeMap<String, BTreeSet<String>>;

/// The parts of `text` between backticks.
fn quoted(text: &str) -> BTreeSet<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The labels of each metric, as the page's table has them.
fn documented() -> Labels {
    let rows = PAGE.lines().filter(|line| line.starts_with("| `hms_webhook_"));
    let labels = rows.map(|row| {
        let cells: Vec<_> = row.split('|').collect();
        (cells[1].trim().trim_matches('`').to_owned(), quoted(cells[3]))
    });
    labels.collect()
}

/// The labels of each metric in what Prometheus reads; of histograms without the bounds of their buckets.
fn exposed(text: &str) -> Labels {
    let mut labels = Labels::new();
    for line in text.lines().filter(|line| line.starts_with("hms_webhook_")) {
        let (name, rest) = line.split_at(line.find(['{', ' ']).unwrap());
        let name = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
        let of_it = labels.entry(name.to_owned()).or_default();
        let pairs = rest.strip_prefix('{').and_then(|rest| rest.split_once('}')).map_or("", |(pairs, _)| pairs);
        of_it.extend(pairs.split("\",").filter_map(|pair| Some(pair.split_once('=')?.0.to_owned())));
        of_it.remove("le");
    }
    labels
}

/// A selector of series in an expression: a metric, and which words a label of it may have.
#[derive(Debug, PartialEq)]
struct Selector<'a> {
    metric: &'a str,
    matched: Vec<(&'a str, Vec<&'a str>)>,
}

fn selectors(expression: &str) -> Vec<Selector<'_>> {
    let starts = expression.match_indices("hms_webhook_").map(|(at, _)| &expression[at..]);
    starts
        .map(|text| {
            let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
            let (metric, rest) = text.split_at(end);
            let pairs = rest.strip_prefix('{').and_then(|rest| rest.split_once('}')).map_or("", |(pairs, _)| pairs);
            let matched = pairs.split("\",").filter(|pair| !pair.is_empty()).map(|pair| {
                let (label, words) = pair.split_at(pair.find(['=', '!']).unwrap());
                (label, words.trim_start_matches(['=', '!', '~']).trim_matches('"').split('|').collect())
            });
            Selector { metric, matched: matched.collect() }
        })
        .collect()
}

/// The labels by which an expression groups its series.
fn grouped(expression: &str) -> Vec<&str> {
    let lists = expression.split(" by (").skip(1).map(|rest| rest.split(')').next().unwrap());
    lists.flat_map(|list| list.split(", ")).collect()
}

/// The labels that a text names, as Grafana writes `{{tool}}` and Prometheus `{{ $labels.tool }}`.
fn named(text: &str) -> Vec<&str> {
    let parts = text.split("{{").skip(1).map(|rest| rest.split("}}").next().unwrap().trim());
    parts.map(|part| part.trim_start_matches("$labels.")).collect()
}

/// What is wrong with an expression, and with the text that is shown of its series.
fn faults(expression: &str, shown: &str, exposed: &Labels) -> Vec<String> {
    let mut faults = Vec::new();
    let mut known = BTreeSet::from(ADDED.map(str::to_owned));
    let selectors = selectors(expression);
    if selectors.is_empty() {
        faults.push("there is no metric".to_owned());
    }
    for Selector { metric, matched } in selectors {
        let (name, is_bucket) = metric.strip_suffix("_bucket").map_or((metric, false), |name| (name, true));
        let Some(labels) = exposed.get(name) else {
            faults.push(format!("there is no metric {metric}"));
            continue;
        };
        known.extend(labels.iter().cloned());
        known.extend(is_bucket.then(|| "le".to_owned()));
        for (label, wanted) in matched {
            let words = possible(name, label);
            let odd = wanted.into_iter().filter(|word| !words.contains(word));
            faults.extend(odd.map(|word| format!("{label} of {name} is never {word}")));
        }
    }
    let grouped = grouped(expression);
    faults.extend(grouped.iter().filter(|label| !known.contains(**label)).map(|label| format!("no label {label}")));
    // An aggregation keeps the labels that it groups by only.
    let kept: BTreeSet<&str> = match expression.contains("sum") || expression.contains("max by") {
        true => grouped.into_iter().collect(),
        false => known.iter().map(String::as_str).collect(),
    };
    faults.extend(named(shown).iter().filter(|label| !kept.contains(**label)).map(|label| format!("{label} is gone")));
    faults
}

/// The words that a label of a metric can have. Those of the page are each made to happen by a test.
fn possible(metric: &str, label: &str) -> Vec<&'static str> {
    match (metric, label) {
        ("hms_webhook_tool_calls_total", "outcome") => words("- `outcome` of a tool call:"),
        ("hms_webhook_assistant_requests_total", "outcome") => words("- `outcome` of an assistant-request:"),
        ("hms_webhook_events_total", "outcome") => words("- `outcome` of an event:"),
        ("hms_webhook_refusals_total", "reason") => {
            [words("- `reason` of a refusal of a signature:"), words("- `reason` of any other:")].concat()
        }
        ("hms_webhook_events_in_store", "state") => JobState::ALL.iter().map(|state| state.as_str()).collect(),
        ("hms_webhook_deliveries_total", "status") => vec!["200", "503"],
        _ => Vec::new(),
    }
}

/// Each expression with the texts that are shown of it.
fn expressions() -> Vec<(String, String)> {
    let mut found = Vec::new();
    let dashboard: Value = serde_json::from_str(DASHBOARD).unwrap();
    for panel in dashboard["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().unwrap() {
            let text = |member: &str| target[member].as_str().unwrap().to_owned();
            found.push((text("expr"), text("legendFormat")));
        }
    }
    for rule in ALERTS.split("- alert: ").skip(1) {
        let line = |start: &str| rule.lines().find_map(|line| line.trim().strip_prefix(start)).unwrap().to_owned();
        found.push((line("expr: "), line("summary: ")));
    }
    found
}

/// Looks at the page's table, the dashboard and the alerts beside what a server has exposed.
pub(crate) fn are_of_what_is_exposed(text: &str) {
    let exposed = exposed(text);
    assert_eq!(documented(), exposed, "the page's table");
    let expressions = expressions();
    assert!(expressions.len() > 16, "{expressions:?}");
    for (expression, shown) in expressions {
        assert_eq!(faults(&expression, &shown, &exposed), [""; 0], "{expression} as {shown}");
    }
}

#[test]
fn a_rule_of_something_that_is_not_exposed_is_found() {
    let exposed = exposed(
        "hms_webhook_tool_calls_total{tool=\"a\",outcome=\"late\"} 1\n\
         hms_webhook_tool_deadline_ratio_bucket{tool=\"a\",le=\"0.1\"} 1\n\
         hms_webhook_requests_in_flight 0\n",
    );
    let of = |expression: &str, shown: &str| faults(expression, shown, &exposed);
    let calls = "hms_webhook_tool_calls_total";
    for (expression, shown) in [
        (format!("sum by (tool) (rate({calls}{{outcome=~\"late|failed\"}}[5m]))"), "{{ $labels.tool }}"),
        ("sum by (le, tool) (rate(hms_webhook_tool_deadline_ratio_bucket[5m]))".into(), "{{tool}}"),
        ("hms_webhook_requests_in_flight > 1".into(), "{{ $labels.instance }}"),
    ] {
        assert_eq!(of(&expression, shown), [""; 0]);
    }
    for (expression, shown, fault) in [
        ("rate(hms_webhook_tool_call_total[5m])".into(), "", "there is no metric hms_webhook_tool_call_total"),
        (format!("{calls}{{outcome=\"later\"}}"), "", "outcome of hms_webhook_tool_calls_total is never later"),
        (
            format!("{calls}{{outcome!~\"late|told|gone\"}}"),
            "",
            "outcome of hms_webhook_tool_calls_total is never gone",
        ),
        (format!("{calls}{{tool=\"a\",state=\"late\"}}"), "", "state of hms_webhook_tool_calls_total is never late"),
        (format!("sum by (tools) (rate({calls}[5m]))"), "", "no label tools"),
        (format!("sum by (le, tool) (rate({calls}[5m]))"), "", "no label le"),
        (format!("sum by (tool) (rate({calls}[5m]))"), "{{outcome}}", "outcome is gone"),
        (format!("rate({calls}[5m])"), "{{reason}}", "reason is gone"),
        ("up == 0".into(), "", "there is no metric"),
    ] {
        assert!(of(&expression, shown).iter().any(|it| it == fault), "{fault}: {:?}", of(&expression, shown));
    }
}
