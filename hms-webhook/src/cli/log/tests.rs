#![allow(clippy::unwrap_used)]

use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
    time::UNIX_EPOCH,
};

use serde_json::{Value, json};
use tracing::{info, info_span, subscriber::with_default, warn};

use super::{style::Colours, *};

#[derive(Clone, Default)]
struct End(Arc<Mutex<Vec<u8>>>);

impl Write for End {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl End {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    fn held(&self) -> Held {
        Held::new(self.clone())
    }
}

fn form(end: Held, is_json: bool) -> Form {
    Form { end, is_json, colours: Colours(false), width: || None, is_seen: false }
}

fn say_all_sorts() {
    let outer = info_span!("delivery", event = "tool-calls", call = %"c-1");
    let _outer = outer.enter();
    let _inner = info_span!("empty").entered();
    info!(milliseconds = 3_u64, late = false, "answered {}", "twice");
    warn!(cause = "a \"quote\"\n", "line");
}

/// What is written as lines of JSON.
fn as_json(say: impl FnOnce()) -> Vec<Value> {
    let end = End::default();
    with_default(Registry::default().with(json_lines(&form(end.held(), true))), say);
    end.text()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

#[test]
fn lines_for_people_look_like_those_of_tracing_subscriber() {
    let (ours, theirs) = (End::default(), End::default());
    with_default(Registry::default().with(lines(&form(ours.held(), false))), say_all_sorts);
    let end = theirs.clone();
    let layer = fmt::layer().with_ansi(false).with_writer(move || end.clone());
    with_default(Registry::default().with(layer), say_all_sorts);

    let (ours, theirs) = (ours.text(), theirs.text());
    assert_eq!(ours.lines().count(), 2);
    for (ours, theirs) in ours.lines().zip(theirs.lines()) {
        const TIME: usize = "2026-01-13T12:00:00.000000Z".len();
        assert_eq!(ours[TIME..], theirs[TIME..]);
        let shape = |text: &str| text[..TIME].replace(|it: char| it.is_ascii_digit(), "0");
        assert_eq!(shape(ours), shape(theirs));
        // The same hour, so that it is a time and that of now.
        assert!(ours[..13] == theirs[..13] || ours[..10] <= theirs[..10], "{ours} {theirs}");
    }
}

#[test]
fn lines_for_programs_are_json_with_everything_in_it() {
    let mut said = as_json(say_all_sorts);
    assert_eq!(said.len(), 2);
    for line in &mut said {
        let time = line.as_object_mut().unwrap().remove("timestamp").unwrap();
        assert_eq!(humantime::parse_rfc3339(time.as_str().unwrap()).map(|_| ()), Ok(()), "{time}");
    }
    let spans = json!([{"span": "delivery", "event": "tool-calls", "call": "c-1"}, {"span": "empty"}]);
    let target = module_path!();
    assert_eq!(
        said,
        [
            json!({"level": "INFO", "target": target, "message": "answered twice", "milliseconds": 3, "late": false, "spans": spans}),
            json!({"level": "WARN", "target": target, "message": "line", "cause": "a \"quote\"\n", "spans": spans}),
        ]
    );
}

#[test]
fn the_line_of_a_delivery_is_the_same_by_either_way() {
    let usual = handled::Line {
        time: UNIX_EPOCH + Duration::from_micros(1_768_305_600_000_123),
        event: "tool-calls",
        tool: Some("lookup_order"),
        outcome: "answered",
        attempt: None,
        call: "0b6f3a52-9d7e-4c1b-8a44-5f2f6f1f9c10",
        key: Some("current"),
        milliseconds: 2,
        allowed_milliseconds: Some(9000),
    };
    let ugly = "\u{1b}[31m \"\\ \u{0}\r\n\u{85} é 🦀";
    let odd = handled::Line {
        time: UNIX_EPOCH,
        event: ugly,
        tool: None,
        outcome: ugly,
        attempt: Some(2),
        call: ugly,
        key: None,
        milliseconds: u64::MAX,
        allowed_milliseconds: None,
    };
    for (line, time) in [(usual, "2026-01-13T12:00:00.000123Z"), (odd, "1970-01-01T00:00:00.000000Z")] {
        let end = End::default();
        with_default(Registry::default().with(json_lines(&form(end.held(), true))), || line.tell());
        let mut written = String::new();
        json::write_delivery(&mut written, &line).unwrap();
        const TIME: usize = r#"{"timestamp":"2026-01-13T12:00:00.000000Z"#.len();
        assert_eq!(written[TIME..], end.text()[TIME..]);
        assert_eq!(written[..TIME], format!(r#"{{"timestamp":"{time}"#));
        // Who listens otherwise asks the clock.
        let shape = |text: &str| text[..TIME].replace(|it: char| it.is_ascii_digit(), "0");
        assert_eq!(shape(&written), shape(&end.text()));
    }
}

#[test]
fn whatever_is_logged_a_line_of_json_can_be_read() {
    let ugly = "\u{1b}[31m \"\\ \u{0}\r\n\u{85} é 🦀";
    let error = io::Error::other(ugly);
    let said = as_json(|| {
        let _span = info_span!("tool", name = "lookup", span = ugly, late = tracing::field::Empty).entered();
        tracing::Span::current().record("late", -1_i64);
        info!(
            target: "a \"target\"",
            level = ugly, timestamp = 1, target = ?ugly, spans = %ugly, r#type = true, "é\"" = 1.5, nothing = f64::NAN,
            huge = u128::MAX, cause = &error as &dyn std::error::Error, "{ugly}"
        );
    });
    let [line] = &said[..] else { panic!("{said:?}") };
    assert_eq!(line["message"], ugly);
    assert_eq!((&line["level"], &line["level_"]), (&json!("INFO"), &json!(ugly)));
    assert_eq!((&line["target"], &line["target_"]), (&json!("a \"target\""), &json!(format!("{ugly:?}"))));
    assert_eq!((&line["timestamp_"], &line["spans_"], &line["type"]), (&json!(1), &json!(ugly), &json!(true)));
    assert_eq!((&line["é\""], &line["nothing"], &line["cause"]), (&json!(1.5), &Value::Null, &json!(ugly)));
    assert_eq!(line["spans"], json!([{"span": "tool", "name": "lookup", "span_": ugly, "late": -1}]));
}

#[test]
fn no_line_for_people_commands_their_terminal() {
    let end = End::default();
    let error = io::Error::other("\u{1b}]0;c\u{7}");
    with_default(Registry::default().with(lines(&form(end.held(), false))), || {
        let _span = info_span!("tool", name = %"\u{1b}[1m").entered();
        info!(field = %"\u{9b}31m", cause = &error as &dyn std::error::Error, "{}\u{8}\r\tit's é", "\u{1b}[2J");
    });
    let text = end.text();
    let (line, rest) = text.split_once('\n').unwrap();
    assert_eq!(rest, "");
    assert!(!line.contains(|it: char| it.is_control() && it != '\t'), "{line:?}");
    assert!(line.contains(r"\u{1b}[2J\u{8}\r") && line.contains("\tit's é"), "{line:?}");
}

#[test]
fn a_line_waits_until_a_warning_or_the_end() {
    let end = End::default();
    let held = end.held();
    held.write_every(Duration::from_secs(3600));
    let flush = Flush(held.clone());
    with_default(Registry::default().with(json_lines(&form(held, true))), || {
        info!("first");
        assert_eq!(end.text(), "");
        warn!("second");
        assert_eq!(end.text().lines().count(), 2);
        info!("third");
        assert_eq!(end.text().lines().count(), 2);
        drop(flush);
        assert!(end.text().contains("third"));
        info!("fourth");
        assert!(end.text().contains("fourth"));
    });
}

#[test]
fn a_line_is_written_though_nothing_follows() {
    let end = End::default();
    let held = end.held();
    held.write_every(Duration::from_millis(1));
    with_default(Registry::default().with(lines(&form(held, false))), || info!("alone"));
    while end.text().is_empty() {
        std::thread::yield_now();
    }
    assert!(end.text().ends_with("alone\n"));
}
