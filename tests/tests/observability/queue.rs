//! What waits in the store, as Prometheus sees it.

use std::time::Duration;

use hms_webhook::store::{NewEvent, Sqlite, Store};

use crate::{Program, support::message};

fn event(call: &str, kind: &str, handler: &str) -> NewEvent {
    NewEvent {
        key: call.into(),
        remembered_for: Duration::from_secs(600),
        kind: kind.into(),
        call_id: call.into(),
        body: message(kind, "").into(),
        trace: None,
        handlers: vec![handler.into()],
    }
}

#[tokio::test]
async fn the_events_in_the_store_are_counted_by_state() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.sqlite3");
    let store = Sqlite::open(&path).unwrap();
    for (number, retry) in [3600, 3600, 3600, 0, 0].into_iter().enumerate() {
        store.append(vec![event(&format!("call-{number}"), "status-update", "note")]).await.unwrap();
        let job = store.lease(1).await.unwrap().jobs.remove(0);
        let retry = (retry > 0).then_some(Duration::from_secs(retry));
        store.fail(job.id, "no network", retry).await.unwrap();
    }
    store.append(vec![event("call-stuck", "stuck", "never_ends")]).await.unwrap();
    store.append(vec![event("call-of-old", "status-update", "that_is_gone")]).await.unwrap();
    drop(store);

    let setting = format!("sqlite:{}", path.display());
    let program = Program::start_with(&[("HMS_WEBHOOK_STORE", &setting)]).await;
    program.scrape(r#"hms_webhook_events_total{event="other",outcome="dead"} 1"#).await;
    // The store is asked again only after a while, and the one of old is a dead letter then.
    for line in [
        r#"hms_webhook_events_in_store{state="dead"} 3"#,
        r#"hms_webhook_events_in_store{state="waiting"} 3"#,
        r#"hms_webhook_events_in_store{state="running"} 1"#,
    ] {
        program.scrape(line).await;
    }
}

#[tokio::test]
async fn events_of_a_handler_of_ones_own_are_counted_by_their_type() {
    let program = Program::start().await;
    program.deliver(&message("line-is-bad", "")).await;
    program.scrape(r#"hms_webhook_events_total{event="line-is-bad",outcome="handled"} 1"#).await;
    // Of what a sender may call anything, the type is no label.
    program.scrape(r#"hms_webhook_deliveries_total{event="other",key="current",status="200"} 1"#).await;
}
