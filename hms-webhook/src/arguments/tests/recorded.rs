//! What spans show of the arguments.

use std::{
    fmt::Debug,
    sync::{Arc, Mutex},
};

use tracing::{
    Subscriber,
    field::{Empty, Field, Visit},
    info_span,
    span::{Id, Record},
    subscriber::with_default,
};
use tracing_subscriber::{
    Layer, Registry,
    layer::{Context, SubscriberExt},
};

use super::{super::record::FIELD, *};

#[derive(Clone, Default)]
struct Shown(Arc<Mutex<Vec<String>>>);

impl<S: Subscriber> Layer<S> for Shown {
    fn on_record(&self, _: &Id, values: &Record<'_>, _: Context<'_, S>) {
        values.record(&mut self.clone());
    }
}

impl Visit for Shown {
    fn record_str(&mut self, field: &Field, value: &str) {
        assert_eq!(field.name(), FIELD);
        self.0.lock().unwrap().push(value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        panic!("{} is no text: {value:?}", field.name());
    }
}

/// What the span of a call shows in the end.
fn shown_of(tool: &ToolSpec, json: &str) -> Vec<String> {
    let shown = Shown::default();
    with_default(Registry::default().with(shown.clone()), || {
        info_span!("tool", arguments = Empty).in_scope(|| arguments(tool, json).complete());
    });
    shown.0.lock().unwrap().clone()
}

#[test]
fn a_span_shows_what_it_may_as_it_was_read_and_nothing_of_a_call_that_is_refused() {
    let all = [
        Argument::<Option<String>>::new("article", "").record().spec(),
        Argument::<Option<String>>::new("remark", "").spec(),
        Argument::<Option<u8>>::new("count", "").record().spec(),
    ];
    let shown = |json: &str| shown_of(&tool(&all), json);
    assert_eq!(shown(r#"{"remark":"x","article":"A-1042"}"#), [r#"{"article":"A-1042"}"#]);
    assert_eq!(shown(r#"{"count":"7","article":"A-1042"}"#), [r#"{"article":"A-1042","count":7}"#]);
    assert!(shown(r#"{"remark":"x"}"#).is_empty());
    assert!(shown(r#"{"remark":[],"article":"A-1042"}"#).is_empty());
    assert!(shown_of(&tool(&all[1..2]), r#"{"remark":"x"}"#).is_empty());
}

#[test]
fn of_a_long_value_a_span_shows_the_begin() {
    let article = [Argument::<String>::new("article", "").record().spec()];
    for (length, end) in [(254, "\"}"), (255, "…}")] {
        let [shown] = &shown_of(&tool(&article), &format!("{{\"article\":\"{}\"}}", "é".repeat(length)))[..] else {
            panic!("it is shown once");
        };
        assert!(shown.starts_with("{\"article\":\"éé") && shown.ends_with(end), "{shown}");
    }
}
