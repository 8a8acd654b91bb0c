//! The other events: what is answered, and what their handlers get.

use std::sync::Mutex;

use hms_webhook::{
    App, AssistantReply, AssistantRequest, EndOfCallReport, StatusUpdate, UnknownEvent, assistant_request,
    end_of_call_report, event, handlers, status_update,
};
use serde_json::json;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::support::{Server, message};

struct Seen(UnboundedSender<String>);

impl Seen {
    fn new() -> (Self, UnboundedReceiver<String>) {
        let (sender, receiver) = unbounded_channel();
        (Self(sender), receiver)
    }
}

#[status_update]
async fn note_status(update: StatusUpdate, seen: &Seen) {
    let _ = seen.0.send(format!("status {}", update.context.call.status.as_ref().unwrap()));
}

#[status_update(tries = 1)]
fn note_status_too(update: StatusUpdate, seen: &Seen) -> Result<(), std::io::Error> {
    let _ = seen.0.send(format!("also {}", update.context.call.id));
    Err(std::io::Error::other("nobody hears of this but the log"))
}

#[end_of_call_report(tries = 1)]
async fn note_report(report: EndOfCallReport, seen: &Seen) -> Result<(), std::io::Error> {
    let _ = seen.0.send(format!("report {}", report.summary.as_deref().unwrap_or("without a summary")));
    panic!("nobody hears of this but the log")
}

#[event("call-held")]
async fn note_hold(event: UnknownEvent, seen: &Seen) {
    #[derive(serde::Deserialize)]
    struct Hold {
        seconds: u32,
    }
    let _ = seen.0.send(format!("held {}", event.read::<Hold>().unwrap().seconds));
}

#[tokio::test]
async fn notifications_are_acknowledged_and_reach_their_handlers() {
    let (seen, mut received) = Seen::new();
    let app = App::new().handlers(handlers![note_status, note_status_too, note_report, note_hold]).state(seen);
    let server = Server::start(app).await;
    let mut expect = async |body: String, expected: &[&str]| {
        let answer = server.deliver(&body).await;
        assert_eq!((answer.status, answer.json()), (200, json!({})), "{body}");
        let mut texts = Vec::new();
        for _ in expected {
            texts.push(received.recv().await.unwrap());
        }
        texts.sort();
        assert_eq!(texts, expected);
    };
    expect(message("status-update", ""), &["also c-1", "status in-progress"]).await;
    expect(message("end-of-call-report", r#","summary":"All well.","duration_seconds":3"#), &["report All well."])
        .await;
    let another_call = message("end-of-call-report", r#","summary":null"#).replace("c-1", "c-2");
    expect(another_call, &["report without a summary"]).await;
    expect(message("call-held", r#","seconds":20"#), &["held 20"]).await;
    expect(message("something-new", r#","seconds":20"#), &[]).await;
    expect(r#"{"message":{"type":"something-new"}}"#.into(), &[]).await;
    expect(r#"{"message":{"type":"call-held","seconds":4}}"#.into(), &["held 4"]).await;
}

#[tokio::test]
async fn handlers_of_the_same_name_are_told_apart() {
    mod one {
        use super::*;

        #[status_update]
        pub(super) async fn note(_update: StatusUpdate, seen: &Seen) {
            let _ = seen.0.send("one".into());
        }
    }
    mod other {
        use super::*;

        #[status_update]
        pub(super) async fn note(_update: StatusUpdate, seen: &Seen) {
            let _ = seen.0.send("other".into());
        }
    }

    let (seen, mut heard) = Seen::new();
    let server = Server::start(App::new().handlers(handlers![one::note, other::note]).state(seen)).await;
    assert_eq!(server.deliver(message("status-update", "")).await.status, 200);
    let mut names = [heard.recv().await.unwrap(), heard.recv().await.unwrap()];
    names.sort_unstable();
    assert_eq!(names, ["one", "other"]);
}

#[tokio::test]
async fn without_handlers_everything_is_answered_all_the_same() {
    let server = Server::start(App::new()).await;
    for kind in ["assistant-request", "status-update", "end-of-call-report", "something-new"] {
        let answer = server.deliver(message(kind, "")).await;
        assert_eq!((answer.status, answer.json()), (200, json!({})), "{kind}");
    }
}

#[tokio::test]
async fn the_assistant_request_handler_decides_on_the_answer() {
    struct Reply(Mutex<Option<AssistantReply>>);

    #[assistant_request]
    async fn answer(_request: AssistantRequest, reply: &Reply) -> AssistantReply {
        reply.0.lock().unwrap().take().unwrap_or_else(AssistantReply::saved)
    }

    for (reply, expected) in [
        (AssistantReply::saved(), json!({})),
        (AssistantReply::reject("We are closed."), json!({ "error": "We are closed." })),
    ] {
        let app = App::new().handlers(handlers![answer]).state(Reply(Mutex::new(Some(reply))));
        let answer = Server::start(app).await.deliver(message("assistant-request", "")).await;
        assert_eq!((answer.status, answer.json()), (200, expected));
    }
}

#[tokio::test]
async fn a_handler_that_fails_or_panics_is_covered_by_the_fallback() {
    #[assistant_request]
    async fn failing(_request: AssistantRequest) -> Result<AssistantReply, std::io::Error> {
        Err(std::io::Error::other("hunter2"))
    }
    #[assistant_request]
    async fn panicking(_request: AssistantRequest) -> AssistantReply {
        panic!("hunter2")
    }

    let apps = [
        (App::new().handlers(handlers![failing]), json!({})),
        (App::new().handlers(handlers![panicking]), json!({})),
        (
            App::new().handlers(handlers![failing]).fallback_reply(AssistantReply::reject("Sorry.")),
            json!({ "error": "Sorry." }),
        ),
        (App::new().fallback_reply(AssistantReply::reject("Sorry.")), json!({ "error": "Sorry." })),
    ];
    for (app, expected) in apps {
        let answer = Server::start(app).await.deliver(message("assistant-request", "")).await;
        assert_eq!((answer.status, answer.json()), (200, expected));
    }
}
