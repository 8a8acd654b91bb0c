//! Clients that deliver to a server that is killed again and again, and write down what it has promised.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::{net::TcpStream, sync::watch, time::timeout};

use crate::{
    journal::Journal,
    support::{PATH, SECRET, hmac, message, now},
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

/// Delivers one thing after the other to whatever listens at `address`, until that is gone for good.
pub(crate) async fn client(
    name: usize,
    mut dice: fastrand::Rng,
    mut address: watch::Receiver<Option<SocketAddr>>,
    journal: Arc<Journal>,
) {
    let mut sent: Vec<Delivery> = Vec::new();
    let mut count = 0;
    loop {
        let Ok(Some(server)) = address.wait_for(Option::is_some).await.map(|address| *address) else { return };
        let Some(mut connection) = connect(server).await else {
            // It was killed; another one comes.
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        // A new server gets what the one before it may have half done.
        for number in 0.. {
            let again = !sent.is_empty() && (number < 4 || dice.u8(..4) == 0);
            let delivery = if again {
                sent[sent.len() - 1 - dice.usize(..sent.len().min(if number < 4 { 8 } else { REMEMBERED }))].clone()
            } else {
                count += 1;
                let id = format!("{name}-{count}");
                match dice.u8(..4) {
                    0 => Delivery::StatusUpdate(format!("status-{id}")),
                    1 => Delivery::Report(format!("report-{id}")),
                    _ => Delivery::ToolCall(format!("tool-{id}")),
                }
            };
            if !again {
                sent.push(delivery.clone());
            }
            let Some(answer) = deliver(&mut connection, &delivery).await else { break };
            delivery.note(&answer, &journal);
            tokio::time::sleep(PAUSE).await;
        }
    }
}

async fn connect(server: SocketAddr) -> Option<SendRequest<Full<Bytes>>> {
    let stream = TcpStream::connect(server).await.ok()?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await.ok()?;
    tokio::spawn(connection);
    Some(sender)
}

/// The body of the answer; `None` when there is none, and when the delivery was refused.
async fn deliver(connection: &mut SendRequest<Full<Bytes>>, delivery: &Delivery) -> Option<Bytes> {
    let (timestamp, body) = (now().to_string(), delivery.body());
    let signature = hmac(SECRET, &[timestamp.as_bytes(), b".", &body].concat());
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
