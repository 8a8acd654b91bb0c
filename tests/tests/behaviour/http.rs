//! What HTTP allows a client to do.

use hms_webhook::{App, tool, tools};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::json;
use std::time::Duration;
use tokio::net::TcpStream;

use crate::support::{PATH, SECRET, Server, now, signature_headers, signed_request, tool_calls};

/// Say it again.
#[tool]
async fn echo(
    /** What to say. */
    text: String,
) -> String {
    text
}

async fn server() -> Server {
    Server::start(App::new().tools(tools![echo])).await
}

fn call(text: &str) -> String {
    tool_calls(&[("echo", &json!({ "text": text }).to_string())])
}

#[tokio::test]
async fn a_connection_serves_one_request_after_another() {
    let server = server().await;
    let mut connection = server.connect().await;
    for text in ["one", "two", "three"] {
        connection.send(signed_request(call(text).as_bytes())).await;
        assert_eq!(connection.answer().await.result(), json!({ "result": text }));
    }
}

#[tokio::test]
async fn requests_may_be_sent_without_waiting_for_answers() {
    let server = server().await;
    let mut connection = server.connect().await;
    let requests = ["one", "two", "three"].map(|text| signed_request(call(text).as_bytes()));
    connection.send(requests.concat()).await;
    for text in ["one", "two", "three"] {
        assert_eq!(connection.answer().await.result(), json!({ "result": text }));
    }
}

#[tokio::test]
async fn a_request_may_come_byte_by_byte() {
    let server = server().await;
    let mut connection = server.connect().await;
    for byte in signed_request(call("slowly").as_bytes()) {
        connection.send([byte]).await;
        tokio::task::yield_now().await;
    }
    assert_eq!(connection.answer().await.result(), json!({ "result": "slowly" }));
}

#[tokio::test]
async fn a_body_may_come_in_chunks() {
    let server = server().await;
    let body = call("in chunks");
    let headers = signature_headers(SECRET, &now().to_string(), body.as_bytes());
    let mut request = format!("POST {PATH} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n{headers}\r\n");
    for chunk in body.as_bytes().chunks(7) {
        request.push_str(&format!("{:x}\r\n{}\r\n", chunk.len(), str::from_utf8(chunk).unwrap()));
    }
    request.push_str("0\r\n\r\n");
    assert_eq!(server.exchange(request).await.result(), json!({ "result": "in chunks" }));
}

#[tokio::test]
async fn a_client_may_ask_before_it_sends_the_body() {
    let server = server().await;
    let body = call("continued");
    let headers = signature_headers(SECRET, &now().to_string(), body.as_bytes());
    let length = body.len();
    let mut connection = server.connect().await;
    connection
        .send(format!(
            "POST {PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\nExpect: 100-continue\r\n{headers}\r\n"
        ))
        .await;
    assert_eq!(connection.answer().await.status, 100);
    connection.send(body).await;
    assert_eq!(connection.answer().await.result(), json!({ "result": "continued" }));

    let announced =
        format!("POST {PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2000000\r\nExpect: 100-continue\r\n\r\n");
    assert_eq!(server.exchange(announced).await.status, 413, "a body that is too long is not asked for");
}

#[tokio::test]
async fn http_2_is_spoken_on_the_same_port_and_answers_many_at_once() {
    let server = server().await;
    let stream = TokioIo::new(TcpStream::connect(server.address).await.unwrap());
    let (sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), stream).await.unwrap();
    tokio::spawn(connection);
    let answers = (0..20).map(|number| {
        let mut sender = sender.clone();
        async move {
            let body = call(&number.to_string());
            let timestamp = now().to_string();
            let signature = crate::support::hmac(SECRET, format!("{timestamp}.{body}").as_bytes());
            let request = http::Request::post(format!("http://localhost{PATH}"))
                .header("x-webhook-timestamp", timestamp)
                .header("x-webhook-signature", signature)
                .body(Full::new(bytes::Bytes::from(body)))
                .unwrap();
            let response = sender.send_request(request).await.unwrap();
            assert_eq!(response.status(), 200);
            assert_eq!(response.version(), http::Version::HTTP_2);
            let body = response.into_body().collect().await.unwrap().to_bytes();
            let json: serde_json::Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(json["results"][0]["result"]["result"], number.to_string());
        }
    });
    futures::future::join_all(answers).await;
}

#[tokio::test]
async fn health_checks_need_no_signature() {
    let server = server().await;
    for (path, status) in [("/healthz", "ok"), ("/readyz", "ready")] {
        let answer = server.exchange(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")).await;
        assert_eq!((answer.status, answer.json()), (200, json!({ "status": status })), "{path}");
    }
}

#[tokio::test]
async fn who_sends_nothing_or_half_a_head_is_hung_up_on() {
    let app = App::new().tools(tools![echo]).head_timeout(Duration::from_millis(100));
    let server = Server::start(app).await;
    for beginning in ["", "P", "PRI * HTTP/2.0\r\n", "POST /webhooks", "POST / HTTP/1.1\r\nHost: localhost\r\n"] {
        let mut connection = server.connect().await;
        connection.send(beginning).await;
        match connection.try_answer().await {
            None => {}
            Some(answer) => assert_eq!(answer.status, 408, "{beginning:?}"),
        }
    }
}
