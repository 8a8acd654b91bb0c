//! Commands to a call, over a socket to a stand-in of the platform's REST API.

use std::time::Duration;

use hms_webhook::control::{CallCommand, CallControl, ControlError};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

const KEY: &str = "fl_live_do_not_show_me";

/// Sends one command to a platform that answers with exactly these bytes; gives back the request and the outcome.
async fn send(call: &str, command: CallCommand, answer: &'static str) -> (String, Result<(), ControlError>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let api_url = format!("http://{}/api/v1", listener.local_addr().unwrap());
    let platform = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        // A command ends with the brace that closes it; none of these has another one.
        while !request.ends_with(b"}") {
            assert!(stream.read_buf(&mut request).await.unwrap() > 0);
        }
        stream.write_all(answer.as_bytes()).await.unwrap();
        String::from_utf8(request).unwrap()
    });
    let outcome = CallControl::with_api_url(KEY, &api_url).unwrap().send(call, &command).await;
    (platform.await.unwrap(), outcome)
}

const DONE: &str = "HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\n{\"success\":true}";

#[tokio::test]
async fn a_command_is_one_request_with_the_key_and_the_calls_id() {
    let (request, outcome) = send("call-_+31_a b", CallCommand::say("Hello."), DONE).await;
    outcome.unwrap();
    assert!(request.starts_with("POST /api/v1/calls/call-_%2B31_a%20b/control HTTP/1.1\r\n"), "{request}");
    assert!(request.contains(&format!("authorization: Bearer {KEY}\r\n")), "{request}");
    assert!(request.ends_with(r#"{"type":"say","content":"Hello.","end_after":false}"#), "{request}");
}

#[tokio::test]
async fn each_command_has_the_documented_form() {
    for (command, json) in [
        (CallCommand::say_and_end("Bye."), r#"{"type":"say","content":"Bye.","end_after":true}"#),
        (CallCommand::inform("x"), r#"{"type":"inject-context","content":"x","trigger_response":false}"#),
        (CallCommand::inform_and_respond("x"), r#"{"type":"inject-context","content":"x","trigger_response":true}"#),
        (CallCommand::end_call(), r#"{"type":"end-call"}"#),
        (CallCommand::end_call().with_message("Bye."), r#"{"type":"end-call","message":"Bye."}"#),
        (CallCommand::transfer("sip:desk@example.com"), r#"{"type":"transfer","destination":"sip:desk@example.com"}"#),
    ] {
        let (request, outcome) = send("c-1", command, DONE).await;
        outcome.unwrap();
        assert!(request.ends_with(json), "{request}");
    }
}

#[tokio::test]
async fn a_refusal_says_what_to_do_and_never_the_key() {
    let answer = "HTTP/1.1 404 Not Found\r\nContent-Length: 61\r\n\r\n{\"error\":\"no call for fl_live_do_not_show_me\",\"message\":\"gone\"}";
    let error = send("c-1", CallCommand::end_call(), answer).await.1.unwrap_err();
    assert_eq!(error.status().unwrap(), 404);
    assert!(!error.may_have_been_carried_out());
    let text = format!("{error} {error:?}");
    assert!(text.contains("there is no such call") && !text.contains(KEY), "{text}");
}

#[tokio::test]
async fn a_rate_limit_says_how_long_to_wait() {
    let answer = "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n";
    let error = send("c-1", CallCommand::say("x"), answer).await.1.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
    assert!(!error.may_have_been_carried_out(), "a 429 is answered before anything is done");
}

#[tokio::test]
async fn a_lost_answer_leaves_open_what_happened_and_is_not_sent_again() {
    // The stand-in takes one connection only: a second try would fail in another way.
    let error = send("c-1", CallCommand::say("x"), "").await.1.unwrap_err();
    assert!(error.may_have_been_carried_out() && error.status().is_none(), "{error}");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let answer = "HTTP/1.1 307 Temporary Redirect\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n";
    let error = send("c-1", CallCommand::say("x"), answer).await.1.unwrap_err();
    assert!(error.to_string().contains("not followed"), "{error}");
}

#[tokio::test]
async fn what_cannot_work_is_said_before_anything_is_sent() {
    for url in ["http://api.example.com", "api.example.com", "https://api.example.com?x"] {
        assert!(CallControl::with_api_url(KEY, url).is_err(), "{url}");
    }
    let problem = CallControl::new("a\nb").unwrap_err().to_string();
    assert!(problem.contains("HMS_API_KEY") && !problem.contains('\n'), "{problem}");
    let control = CallControl::new(KEY).unwrap();
    assert!(control.send("", &CallCommand::end_call()).await.unwrap_err().to_string().contains("id is empty"));
    assert!(!format!("{control:?}").contains(KEY));
}
