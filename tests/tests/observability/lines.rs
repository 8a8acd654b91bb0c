//! Which tool call each line of the log belongs to.

use std::{fs::File, time::Duration};

use serde_json::{Value, json};

use super::{Program, support::tool_calls};

/// The lines of a call of `tool` that the user's code has logged, once there are `count`.
async fn lines_of(tool: &str, count: usize, filter: &str) -> Vec<Value> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let program = Program::start_logging(&[("RUST_LOG", filter)], || File::create(&path).unwrap().into()).await;
    program.deliver(&tool_calls(&[("good", "{}"), (tool, "{}")])).await;
    for _ in 0..400 {
        let log = std::fs::read_to_string(&path).unwrap();
        // The last one may not be written to its end.
        let lines = log.lines().filter_map(|line| serde_json::from_str(line).ok());
        let lines: Vec<Value> = lines.filter(|line: &Value| line["target"] == "observed").collect();
        if lines.len() >= count {
            return lines;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("there are less than {count} lines in {}", std::fs::read_to_string(&path).unwrap());
}

/// Looks at the span of a call of `tool`.
fn is_span_of(tool: &str, span: &Value) {
    let mut span = span.clone();
    let fields = span.as_object_mut().unwrap();
    assert!(fields.remove("call").unwrap().as_str().unwrap().starts_with("c-1"));
    assert!(!fields.remove("tool_call_id").unwrap().as_str().unwrap().is_empty());
    assert_eq!(span, json!({ "span": "tool", "name": tool }));
}

#[tokio::test]
async fn every_line_of_a_tool_names_its_call() {
    let lines = lines_of("logs", 5, "info").await;
    assert_eq!(
        lines.iter().map(|line| line["message"].as_str().unwrap()).collect::<Vec<_>>(),
        ["itself", "in its second turn", "in a span of its own", "in a task of its own", "at the end"]
    );
    for line in &lines {
        let (tool, within) = line["spans"].as_array().unwrap().split_first().unwrap();
        is_span_of("logs", tool);
        match line["message"] == "in a span of its own" {
            true => assert_eq!(within, [json!({ "span": "within" })]),
            false => assert_eq!(within, [] as [Value; 0]),
        }
    }
}

#[tokio::test]
async fn a_line_from_a_thread_names_its_call() {
    let lines = lines_of("logs_on_a_thread", 1, "info").await;
    is_span_of("logs_on_a_thread", &lines[0]["spans"][0]);
}

#[tokio::test]
async fn who_asks_for_no_spans_gets_none() {
    let lines = lines_of("logs", 5, "off,observed=info").await;
    assert!(
        lines.iter().all(|line| line["spans"].get(0).is_none_or(|outermost| outermost["span"] != "tool")),
        "{lines:?}"
    );
}
