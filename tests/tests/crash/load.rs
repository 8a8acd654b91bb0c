//! Clients that deliver to a server that is killed again and again, and write down what it has promised.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::{
    net::TcpStream,
    sync::watch,
    time::{sleep, timeout},
};

use crate::{
    journal::Journal,
    support::{PATH, hmac, message, now},
};

/// Longer than an answer takes; what is not answered was not promised.
const PATIENCE: Duration = Duration::from_secs(5);
/// Between two deliveries of a client, so that the test does not need a machine of its own.
const PAUSE: Duration = Duration::from_millis(2);
/// A client sends what it has sent again as long as it is among so many.
const REMEMBERED: usize = 60;

#[derive(Debug, Clone)]
enum Delivery {
    StatusUpdate(String),
    Report(String),
    ToolCall(String),
}

impl Delivery {
    fn body(&self) -> Bytes {
        let about = |id: &str, text: String| text.replace("c-1", id);
        let text = match self {
            Self::StatusUpdate(id) => about(id, message("status-update", "")),
            Self::Report(id) => about(id, message("end-of-call-report", r#","duration_seconds":3"#)),
            Self::ToolCall(id) => message(
                "tool-calls",
                &format!(
                    r#","tool_call_list":[{{"id":"{id}","type":"function","function":{{"name":"book","arguments":{{}}}}}}]"#
                ),
            ),
        };
        text.into()
    }

    /// Writes down what the server has promised by its answer.
    fn note(&self, answer: &[u8], journal: &Journal) {
        match self {
            Self::StatusUpdate(id) | Self::Report(id) => journal.acknowledged(id),
            Self::ToolCall(id) => {
                let answer: Value = serde_json::from_slice(answer).unwrap();
                if answer["results"][0]["result"]["result"] == **id {
                    journal.answered(id);
                }
            }
        }
    }
}

/// What a client sends.
struct Plan {
    name: usize,
    dice: fastrand::Rng,
    sent: Vec<Delivery>,
}

impl Plan {
    /// The next delivery, of which the server that runs now has had so many.
    fn next(&mut self, deliveries: usize) -> Delivery {
        // A new server first gets again what the one before it may have half done.
        let is_new = deliveries < 4;
        if !self.sent.is_empty() && (is_new || self.dice.u8(..4) == 0) {
            let back = self.dice.usize(..self.sent.len().min(if is_new { 8 } else { REMEMBERED }));
            return self.sent[self.sent.len() - 1 - back].clone();
        }
        let id = format!("{}-{}", self.name, self.sent.len());
        let delivery = match self.dice.u8(..4) {
            0 => Delivery::StatusUpdate(format!("status-{id}")),
            1 => Delivery::Report(format!("report-{id}")),
            _ => Delivery::ToolCall(format!("tool-{id}")),
        };
        self.sent.push(delivery.clone());
        delivery
    }
}

/// Delivers one thing after the other to what listens at `address`, which may change, until there is nothing any more.
pub(crate) async fn client(
    name: usize,
    dice: fastrand::Rng,
    mut address: watch::Receiver<Option<SocketAddr>>,
    secret: String,
    journal: Arc<Journal>,
) {
    let mut plan = Plan { name, dice, sent: Vec::new() };
    loop {
        let Ok(Some(server)) = address.wait_for(Option::is_some).await.map(|address| *address) else { return };
        if let Some(mut connection) = connect(server).await {
            for deliveries in 0.. {
                let delivery = plan.next(deliveries);
                let Some(answer) = deliver(&mut connection, &delivery, &secret).await else { break };
                delivery.note(&answer, &journal);
                if address.has_changed().unwrap_or(true) {
                    break;
                }
                sleep(PAUSE).await;
            }
        }
        // It was killed; another one comes.
        sleep(PAUSE).await;
    }
}

async fn connect(server: SocketAddr) -> Option<SendRequest<Full<Bytes>>> {
    let stream = TcpStream::connect(server).await.ok()?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await.ok()?;
    tokio::spawn(connection);
    Some(sender)
}

/// The body of the answer; `None` when there is none, and when the delivery was refused.
async fn deliver(connection: &mut SendRequest<Full<Bytes>>, delivery: &Delivery, secret: &str) -> Option<Bytes> {
    let (timestamp, body) = (now().to_string(), delivery.body());
    let signature = hmac(secret, &[timestamp.as_bytes(), b".", &body].concat());
    let request = http::Request::post(PATH)
        .header("Host", "localhost")
        .header("X-Webhook-Timestamp", timestamp)
        .header("X-Webhook-Signature", format!("sha256={signature}"))
        .body(Full::new(body))
        .unwrap();
    let exchange = async {
        let answer = connection.send_request(request).await.ok()?;
        let is_accepted = answer.status().is_success();
        let body = answer.into_body().collect().await.ok()?.to_bytes();
        is_accepted.then_some(body)
    };
    timeout(PATIENCE, exchange).await.ok()?
}
