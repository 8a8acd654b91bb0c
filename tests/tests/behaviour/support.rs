//! A server over a real socket, and a client that writes exactly the bytes it is told to.

use std::{
    net::SocketAddr,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use hms_webhook::App;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
};

pub(crate) const SECRET: &str = "demo-secret-1";
pub(crate) const PATH: &str = "/webhooks/hms-sovereign";

/// Longer than anything here takes; only a server that hangs meets it.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running server. It ends with the test.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    pub(crate) task: JoinHandle<hms_webhook::Result<()>>,
}

impl Server {
    /// Serves `app` with [`SECRET`] on a free port.
    pub(crate) async fn start(app: App) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(app.secret(SECRET).serve_until(listener, async {
            let _ = stopped.await;
        }));
        Self { address, stop: Some(stop), task }
    }

    pub(crate) fn stop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
    }

    pub(crate) async fn connect(&self) -> Connection {
        Connection::to(self.address).await
    }

    /// Sends `request` on a connection of its own and reads the answer.
    pub(crate) async fn exchange(&self, request: impl AsRef<[u8]>) -> Answer {
        let mut connection = self.connect().await;
        connection.send(request).await;
        connection.answer().await
    }

    /// Delivers `body`, signed as the platform would.
    pub(crate) async fn deliver(&self, body: impl AsRef<[u8]>) -> Answer {
        self.exchange(signed_request(body.as_ref())).await
    }
}

/// One connection to a server.
pub(crate) struct Connection {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Connection {
    pub(crate) async fn to(address: SocketAddr) -> Self {
        Self { stream: TcpStream::connect(address).await.unwrap(), read: Vec::new() }
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        // A server that has refused already may have closed its side.
        let _ = self.stream.write_all(bytes.as_ref()).await;
    }

    /// Reads one answer.
    pub(crate) async fn answer(&mut self) -> Answer {
        self.try_answer().await.expect("an answer before the connection ends")
    }

    /// Reads one answer; `None` when the server ends the connection without one.
    pub(crate) async fn try_answer(&mut self) -> Option<Answer> {
        tokio::time::timeout(PATIENCE, self.read_answer()).await.expect("the server hangs")
    }

    async fn read_answer(&mut self) -> Option<Answer> {
        let head_end = loop {
            match self.read.windows(4).position(|window| window == b"\r\n\r\n") {
                Some(position) => break position + 4,
                None => self.read_more().await?,
            }
        };
        let head = String::from_utf8(self.read.drain(..head_end).collect()).unwrap();
        let answer = Answer { status: head[9..12].parse().unwrap(), head, body: String::new() };
        let length = answer.header("content-length").map_or(0, |length| length.parse().unwrap());
        while self.read.len() < length {
            self.read_more().await?;
        }
        let body = String::from_utf8(self.read.drain(..length).collect()).unwrap();
        Some(Answer { body, ..answer })
    }

    async fn read_more(&mut self) -> Option<()> {
        let count = self.stream.read_buf(&mut self.read).await.ok()?;
        (count > 0).then_some(())
    }

    /// Whether the server has ended the connection, without another byte.
    pub(crate) async fn is_ended(&mut self) -> bool {
        self.read.is_empty()
            && tokio::time::timeout(PATIENCE, self.read_more()).await.expect("the connection stays open").is_none()
    }
}

/// An answer as it came over the wire.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut fields = self.head.lines().filter_map(|line| line.split_once(':'));
        fields.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error} in the body of {self:?}"))
    }

    /// The result of the only tool call.
    pub(crate) fn result(&self) -> Value {
        assert_eq!(self.status, 200, "{self:?}");
        self.json()["results"][0]["result"].clone()
    }

    /// The error of the only tool call.
    pub(crate) fn tool_error(&self) -> String {
        self.result()["error"].as_str().unwrap_or_else(|| panic!("no error in {self:?}")).to_owned()
    }
}

/// HMAC-SHA256 as another implementation than the framework's computes it.
pub(crate) fn hmac(secret: &str, message: &[u8]) -> String {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret.as_bytes());
    ring::hmac::sign(&key, message).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}

/// The two headers of a signed delivery, each with its line break.
pub(crate) fn signature_headers(secret: &str, timestamp: &str, body: &[u8]) -> String {
    let message = [timestamp.as_bytes(), b".", body].concat();
    let signature = hmac(secret, &message);
    format!("X-Webhook-Timestamp: {timestamp}\r\nX-Webhook-Signature: sha256={signature}\r\n")
}

/// A whole request that delivers `body` with these header lines beside `Host` and `Content-Length`.
pub(crate) fn request_with(headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("POST {PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n{headers}\r\n", body.len());
    [head.as_bytes(), body].concat()
}

pub(crate) fn signed_request(body: &[u8]) -> Vec<u8> {
    request_with(&signature_headers(SECRET, &now().to_string(), body), body)
}

/// The body of a `tool-calls` event that calls these tools.
pub(crate) fn tool_calls(calls: &[(&str, &str)]) -> String {
    // Ids of their own, as on a real call: what comes again with the same one is a repetition.
    static LAST: AtomicUsize = AtomicUsize::new(0);
    let list: Vec<_> = calls
        .iter()
        .map(|(name, arguments)| {
            let number = LAST.fetch_add(1, Ordering::Relaxed);
            format!(
                r#"{{"id":"tool_{number}","type":"function","function":{{"name":"{name}","arguments":{arguments}}}}}"#
            )
        })
        .collect();
    message("tool-calls", &format!(r#","tool_call_list":[{}]"#, list.join(",")))
}

/// The body of an event, with `more` after the common members.
pub(crate) fn message(kind: &str, more: &str) -> String {
    let call = r#"{"id":"c-1","type":"inbound_phone_call","status":"in-progress"}"#;
    format!(r#"{{"message":{{"type":"{kind}","timestamp":"2026-02-03T09:15:00.000Z","call":{call}{more}}}}}"#)
}
