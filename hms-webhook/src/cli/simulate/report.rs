//! What was played: a time line of one call, a summary of many, JSON for programs.

use std::{collections::BTreeMap, fmt::Write, time::Duration};

use anstyle::{AnsiColor, Style};
use serde_json::{Value, json};

use super::{
    expect::Fault,
    run::{Again, Delivered, Unanswered},
    script::{Script, Step},
};
use crate::words::shown;

/// What became of one call.
#[derive(Debug, Default)]
pub(super) struct CallRun {
    pub(super) number: u32,
    pub(super) deliveries: Vec<Delivered>,
    /// How many steps were played, where it did not break off.
    pub(super) played: Option<usize>,
    /// Why it ended before its last step, without an answer.
    pub(super) broken_off: Option<Unanswered>,
}

impl CallRun {
    /// Notes how many steps were played, or why no more were.
    pub(super) fn end(&mut self, ended: Result<usize, Unanswered>) {
        match ended {
            Ok(played) => self.played = Some(played),
            Err(unanswered) => self.broken_off = Some(unanswered),
        }
    }
}

const BAD: Style = AnsiColor::Red.on_default().bold();
const GOOD: Style = AnsiColor::Green.on_default();
const DIM: Style = Style::new().dimmed();

/// The deliveries of one call as lines under each other.
#[derive(Debug)]
pub(super) struct TimeLine<'a> {
    script: &'a Script,
    event_width: usize,
    about_width: usize,
}

impl<'a> TimeLine<'a> {
    pub(super) fn new(script: &'a Script) -> Self {
        let widest = |width: fn(&Step) -> usize| script.steps.iter().map(width).max().unwrap_or_default();
        Self {
            script,
            event_width: widest(|step| step.event.chars().count()),
            about_width: widest(|step| step.about().chars().count()),
        }
    }

    /// One line, and one more for each thing that is wrong.
    pub(super) fn row(&self, delivered: &Delivered) -> String {
        let step = &self.script.steps[delivered.step];
        let (events, abouts) = (self.event_width, self.about_width);
        let start = format!("{:.3}", delivered.start.as_secs_f64());
        let time = format!("{} ms", delivered.time.as_millis());
        let limit = delivered.limit.map_or(String::new(), |limit| format!("of {} s", limit.as_secs()));
        let again = match delivered.again {
            None => "",
            Some(Again::Repeat) => "again ",
            Some(Again::Retry) => "retried ",
        };
        let (style, mark) = match (delivered.faults.is_empty(), delivered.is_retried) {
            (true, true) => (DIM, "↻"),
            (true, false) => (GOOD, "✓"),
            (false, _) => (BAD, "✗"),
        };
        let status = delivered.status;
        let mut text = format!(
            "{start:>9} s  {style}{mark}{style:#} {:<events$}  {:<abouts$}  {status}  {time:>8} {limit:<7}  {DIM}{again}{}{DIM:#}",
            step.event,
            step.about(),
            told(&delivered.reply),
        );
        text.push('\n');
        for fault in &delivered.faults {
            let _ = writeln!(text, "{:13}{BAD}{}{BAD:#}", "", self.script.placed(fault));
        }
        text
    }
}

/// The results of tools, or else the whole reply, cut short.
fn told(reply: &Value) -> String {
    let results = reply["results"].as_array().into_iter().flatten();
    let results: Vec<_> = results.map(|result| shown(result.get("result"))).collect();
    if results.is_empty() { shown(Some(reply)) } else { results.join("  ") }
}

impl Script {
    /// A fault with its place in the script.
    fn placed(&self, fault: &Fault) -> String {
        match &self.file {
            Some(file) => format!("{}  ({file}:{})", fault.what, fault.line),
            None => fault.what.clone(),
        }
    }
}

/// All that was played.
#[derive(Debug)]
pub(super) struct Report<'a> {
    pub(super) script: &'a Script,
    pub(super) runs: &'a [CallRun],
    pub(super) time: Duration,
}

/// What is told of each event, and of each tool.
#[derive(Debug, Default)]
struct Row {
    count: usize,
    /// Of those that were answered.
    times: Vec<Duration>,
    failed: usize,
    limit: Option<Duration>,
}

/// How many different faults of many calls are shown.
const FAULTS: usize = 20;

impl Report<'_> {
    pub(super) fn faults(&self) -> usize {
        let of_run = |run: &CallRun| {
            let of_deliveries: usize = run.deliveries.iter().map(|delivered| delivered.faults.len()).sum();
            of_deliveries + self.unseen(run).count() + usize::from(run.broken_off.is_some())
        };
        self.runs.iter().map(of_run).sum()
    }

    /// The steps that came after a rejection, with which the platform ends a call.
    fn not_played(&self, run: &CallRun) -> &[Step] {
        run.played.and_then(|played| self.script.steps.get(played..)).unwrap_or_default()
    }

    /// What a step expected that was not played, as one fault with the step's number.
    fn unseen(&self, run: &CallRun) -> impl Iterator<Item = (usize, Fault)> {
        let what = "not played, so nothing that it expects was seen: the call was rejected before";
        let steps = self.not_played(run).iter().filter(|step| step.has_expectations());
        steps.map(move |step| (step.number, Fault { line: step.line, what: what.into() }))
    }

    /// How many steps were not played, if any, as a line.
    fn left_out(&self) -> Option<String> {
        let counts: Vec<_> =
            self.runs.iter().map(|run| self.not_played(run).len()).filter(|steps| *steps > 0).collect();
        let rejected = match (self.runs.len(), counts.len()) {
            (_, 0) => return None,
            (1, _) => "the call was rejected".into(),
            (_, 1) => "1 call was rejected".into(),
            (_, calls) => format!("{calls} calls were rejected"),
        };
        Some(format!("{rejected}: {} not played", count(counts.iter().sum(), "step was", "steps were")))
    }

    /// By event and tool; a delivery of several tools counts for each of them.
    fn rows(&self) -> BTreeMap<(usize, &str, &str), Row> {
        let order = |event: &str| self.script.steps.iter().position(|step| step.event == event).unwrap_or_default();
        let mut rows: BTreeMap<_, Row> = BTreeMap::new();
        let answered = self
            .runs
            .iter()
            .flat_map(|run| &run.deliveries)
            .map(|delivered| (delivered.step, Some(delivered.time), !delivered.faults.is_empty(), delivered.limit));
        let unanswered = self.runs.iter().filter_map(|run| run.broken_off.as_ref());
        let unanswered = unanswered.map(|unanswered| (unanswered.step, None, true, unanswered.limit));
        for (step, time, is_failed, limit) in answered.chain(unanswered) {
            let step = &self.script.steps[step];
            let tools = step.calls.iter().map(|call| call.tool.as_str());
            let mut names: Vec<_> = tools.chain(step.calls.is_empty().then_some("")).collect();
            names.sort_unstable();
            names.dedup();
            for name in names {
                let row = rows.entry((order(&step.event), step.event.as_str(), name)).or_default();
                row.count += 1;
                row.times.extend(time);
                row.failed += usize::from(is_failed);
                row.limit = limit;
            }
        }
        rows.values_mut().for_each(|row| row.times.sort_unstable());
        rows
    }

    /// What was not as expected, and in how many deliveries.
    fn grouped(&self) -> Vec<(String, usize)> {
        let mut counts: BTreeMap<_, usize> = BTreeMap::new();
        for run in self.runs {
            let faults = run.deliveries.iter().flat_map(|delivered| &delivered.faults);
            faults.for_each(|fault| *counts.entry((fault.line, self.script.placed(fault))).or_default() += 1);
            for (_, fault) in self.unseen(run) {
                *counts.entry((fault.line, self.script.placed(&fault))).or_default() += 1;
            }
            if let Some(unanswered) = &run.broken_off {
                *counts.entry((usize::MAX, unanswered.error.to_string())).or_default() += 1;
            }
        }
        counts.into_iter().map(|((_, text), count)| (text, count)).collect()
    }

    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        if let [run] = self.runs {
            for (_, fault) in self.unseen(run) {
                let _ = writeln!(text, "{BAD}✗{BAD:#} {}", self.script.placed(&fault));
            }
            if let Some(Unanswered { error, .. }) = &run.broken_off {
                let _ = writeln!(text, "{BAD}{error}{BAD:#}");
            }
        } else {
            text.push_str(&self.table());
            let faults = self.grouped();
            for (what, count) in faults.iter().take(FAULTS) {
                let _ = writeln!(text, "{BAD}✗{BAD:#} {count} × {what}");
            }
            if faults.len() > FAULTS {
                let _ = writeln!(text, "… and {} more", faults.len() - FAULTS);
            }
        }
        if let Some(left_out) = self.left_out() {
            let _ = writeln!(text, "{left_out}");
        }
        let deliveries: usize = self.runs.iter().map(|run| run.deliveries.len()).sum();
        let (played, sent) = (count(self.runs.len(), "call", "calls"), count(deliveries, "delivery", "deliveries"));
        let (style, verdict) = match self.faults() {
            0 => (GOOD, "all as expected".into()),
            faults => (BAD, format!("{} not as expected", count(faults, "thing", "things"))),
        };
        let time = self.time.as_secs_f64();
        let _ = writeln!(text, "{played}, {sent} in {time:.1} s: {style}{verdict}{style:#}");
        text
    }

    fn table(&self) -> String {
        let heading = ["EVENT", "TOOL", "COUNT", "FAILED", "P50", "P99", "MAX", "DEADLINE"].map(str::to_owned);
        let mut lines = vec![heading];
        for ((_, event, tool), row) in self.rows() {
            let time = |percent| {
                percentile(&row.times, percent).map_or("-".into(), |time| format!("{:.1} ms", milliseconds(time)))
            };
            lines.push([
                event.into(),
                if tool.is_empty() { "-".into() } else { tool.into() },
                row.count.to_string(),
                row.failed.to_string(),
                time(50),
                time(99),
                time(100),
                row.limit.map_or("-".into(), |limit| format!("{} ms", limit.as_millis())),
            ]);
        }
        let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or_default();
        let widths: Vec<_> = (0..lines[0].len()).map(width).collect();
        let mut text = String::new();
        for line in &lines {
            for (column, (cell, width)) in line.iter().zip(&widths).enumerate() {
                let _ = match column {
                    0 => write!(text, "{cell:<width$}"),
                    1 => write!(text, "  {cell:<width$}"),
                    _ => write!(text, "  {cell:>width$}"),
                };
            }
            text.push('\n');
        }
        text
    }

    pub(super) fn json(&self) -> Value {
        let rows = self.rows().into_iter().map(|((_, event, tool), row)| {
            json!({
                "event": event,
                "tool": Some(tool).filter(|tool| !tool.is_empty()),
                "count": row.count,
                "failed": row.failed,
                "p50_ms": percentile(&row.times, 50).map(milliseconds),
                "p99_ms": percentile(&row.times, 99).map(milliseconds),
                "max_ms": percentile(&row.times, 100).map(milliseconds),
                "deadline_ms": row.limit.map(milliseconds),
            })
        });
        let faults = self.runs.iter().flat_map(|run| {
            let of_deliveries = run.deliveries.iter().flat_map(|delivered| {
                delivered.faults.iter().map(|fault| (Some(delivered.step + 1), Some(fault.line), fault.what.clone()))
            });
            let unseen = self.unseen(run).map(|(step, fault)| (Some(step), Some(fault.line), fault.what));
            let broken_off = run
                .broken_off
                .as_ref()
                .map(|unanswered| (Some(unanswered.step + 1), None, unanswered.error.to_string()));
            of_deliveries.chain(unseen).chain(broken_off).map(|(step, line, what)| {
                json!({ "call": run.number, "step": step, "line": line.filter(|line| *line > 0), "what": what })
            })
        });
        let mut json = json!({
            "calls": self.runs.len(),
            "seconds": self.time.as_secs_f64(),
            "summary": rows.collect::<Vec<_>>(),
            "steps_not_played": self.runs.iter().map(|run| self.not_played(run).len()).sum::<usize>(),
            "faults": faults.collect::<Vec<_>>(),
        });
        if let [run] = self.runs {
            json["deliveries"] = run.deliveries.iter().map(|delivered| self.delivery(delivered)).collect();
        }
        json
    }

    fn delivery(&self, delivered: &Delivered) -> Value {
        let step = &self.script.steps[delivered.step];
        json!({
            "step": delivered.step + 1,
            "event": step.event,
            "tools": step.calls.iter().map(|call| &call.tool).collect::<Vec<_>>(),
            "again": delivered.again.map(|again| match again {
                Again::Repeat => "repeat",
                Again::Retry => "retry",
            }),
            "start_ms": milliseconds(delivered.start),
            "milliseconds": milliseconds(delivered.time),
            "status": delivered.status,
            "reply": delivered.reply,
        })
    }
}

fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

/// The time within which so many of a hundred were answered, if any was; `times` are sorted.
fn percentile(times: &[Duration], percent: usize) -> Option<Duration> {
    let rank = (times.len() * percent).div_ceil(100).max(1);
    times.get(rank - 1).copied()
}

fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_times_that_were_measured() {
        let times: Vec<_> = (1..=200).map(Duration::from_millis).collect();
        let shown = [50, 99, 100].map(|percent| percentile(&times, percent).map(|time| time.as_millis()));
        assert_eq!(shown, [Some(100), Some(198), Some(200)]);
        assert_eq!(percentile(&times[..1], 99), Some(times[0]));
        assert_eq!(percentile(&[], 50), None);
    }
}
