//! Server-sent events: what a page is told without asking.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Response, header};
use http_body_util::{BodyExt, channel::Channel};
use serde::Serialize;
use serde_json::json;
use tokio::{
    sync::broadcast::error::RecvError,
    time::{Duration, interval},
};
use tokio_util::sync::CancellationToken;

use super::{
    answer::Answer,
    feed::{Feed, News},
};

/// Shows a page that its server is still there, and this side that the page is.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// Tells all that is known, and then what is new, until the page is left or the server stops.
pub(super) fn open(feed: Arc<Feed>, closing: CancellationToken, instance: &str) -> Answer {
    let (sender, body) = Channel::new(64);
    let hello = event("hello", &json!({ "instance": instance }));
    tokio::spawn(async move {
        let _ = closing.run_until_cancelled(tell(feed, sender, hello)).await;
    });
    let mut answer = Response::new(body.boxed_unsync());
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    answer
}

type Sender = http_body_util::channel::Sender<Bytes, std::convert::Infallible>;

/// Ends with an error when nobody listens any more.
async fn tell(feed: Arc<Feed>, mut sender: Sender, hello: Bytes) -> Result<(), http_body_util::channel::SendError> {
    let mut news = feed.follow();
    sender.send_data(hello).await?;
    tell_all(&feed, &mut sender).await?;
    let mut heartbeat = interval(HEARTBEAT);
    loop {
        tokio::select! {
            _ = heartbeat.tick() => sender.send_data(Bytes::from_static(b": still here\n\n")).await?,
            told = news.recv() => match told {
                Ok(News::Delivery(id)) => {
                    let record = feed.read(id, |record| event("delivery", record));
                    if let Some(event) = record {
                        sender.send_data(event).await?;
                    }
                }
                Ok(News::Forgotten { up_to }) => {
                    sender.send_data(event("forgotten", &json!({ "up_to": up_to }))).await?;
                }
                // This page was too slow; what is known now makes up for what it missed.
                Err(RecvError::Lagged(_)) => tell_all(&feed, &mut sender).await?,
                Err(RecvError::Closed) => return Ok(()),
            },
        }
    }
}

async fn tell_all(feed: &Feed, sender: &mut Sender) -> Result<(), http_body_util::channel::SendError> {
    for id in feed.ids() {
        if let Some(event) = feed.read(id, |record| event("delivery", record)) {
            sender.send_data(event).await?;
        }
    }
    Ok(())
}

/// JSON has no line breaks, so one line of data is enough.
fn event(name: &str, data: &impl Serialize) -> Bytes {
    let data = serde_json::to_string(data).unwrap_or_else(|_| "{}".into());
    format!("event: {name}\ndata: {data}\n\n").into()
}
