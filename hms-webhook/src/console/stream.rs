//! Server-sent events: what a page is told without asking.

use std::{collections::BTreeSet, sync::Arc};

use bytes::Bytes;
use http::{HeaderValue, Response, header};
use http_body_util::{BodyExt, channel::Channel};
use serde::Serialize;
use serde_json::json;
use tokio::{
    sync::broadcast::error::{RecvError, TryRecvError},
    time::{Duration, interval, sleep},
};
use tokio_util::sync::CancellationToken;

use super::{
    answer::Answer,
    feed::{Feed, News},
};

/// Shows a page that its server is still there, and this side that the page is.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// How long what happens is gathered before it is told. A delivery changes several times in a few milliseconds.
const PACE: Duration = Duration::from_millis(50);

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
    let mut pending = Pending::all(&feed);
    let mut heartbeat = interval(HEARTBEAT);
    loop {
        pending.tell(&feed, &mut sender).await?;
        tokio::select! {
            _ = heartbeat.tick() => sender.send_data(Bytes::from_static(b": still here\n\n")).await?,
            told = news.recv() => {
                if matches!(told, Err(RecvError::Closed)) {
                    return Ok(());
                }
                pending.note(told.ok(), &feed);
                // More of the same follows at once, and is told once.
                sleep(PACE).await;
                loop {
                    match news.try_recv() {
                        Ok(told) => pending.note(Some(told), &feed),
                        Err(TryRecvError::Lagged(_)) => pending.note(None, &feed),
                        Err(TryRecvError::Empty | TryRecvError::Closed) => break,
                    }
                }
            }
        }
    }
}

/// What a page does not know yet.
#[derive(Debug, Default)]
struct Pending {
    forgotten: u64,
    deliveries: BTreeSet<u64>,
}

impl Pending {
    fn all(feed: &Feed) -> Self {
        let (forgotten, ids) = feed.ids();
        Self { forgotten, deliveries: ids.into_iter().collect() }
    }

    /// `None`: there was more than could be kept for this page; what is known now makes up for what it missed.
    fn note(&mut self, told: Option<News>, feed: &Feed) {
        match told {
            Some(News::Delivery(id)) => {
                self.deliveries.insert(id);
            }
            Some(News::Forgotten { up_to }) => self.forgotten = up_to,
            None => *self = Self::all(feed),
        }
    }

    async fn tell(&mut self, feed: &Feed, sender: &mut Sender) -> Result<(), http_body_util::channel::SendError> {
        let Self { forgotten, deliveries } = std::mem::take(self);
        if forgotten > 0 {
            sender.send_data(event("forgotten", &json!({ "up_to": forgotten }))).await?;
        }
        for id in deliveries {
            if let Some(event) = feed.read(id, |record| event("delivery", record)) {
                sender.send_data(event).await?;
            }
        }
        Ok(())
    }
}

/// JSON has no line breaks, so one line of data is enough.
fn event(name: &str, data: &impl Serialize) -> Bytes {
    let data = serde_json::to_string(data).unwrap_or_else(|_| "{}".into());
    format!("event: {name}\ndata: {data}\n\n").into()
}

#[cfg(test)]
mod tests {
    use tokio::time::timeout;

    use super::*;
    use crate::console::feed::Record;

    const PATIENCE: Duration = Duration::from_secs(10);

    /// What a page is told until it knows of delivery `last`.
    async fn told(answer: Answer, last: u64) -> String {
        let mut body = answer.into_body();
        let mut told = String::new();
        while !told.contains(&format!(r#"{{"id":{last},"#)) {
            let frame = timeout(PATIENCE, body.frame()).await.expect("it says nothing").unwrap().unwrap();
            told.push_str(std::str::from_utf8(frame.data_ref().unwrap()).unwrap());
        }
        told
    }

    #[tokio::test]
    async fn a_page_that_was_too_slow_learns_what_is_forgotten() {
        let feed = Arc::new(Feed::default());
        let page = open(feed.clone(), CancellationToken::new(), "one");
        feed.begin(Record::default());
        tokio::task::yield_now().await;
        // More than is kept for a page that does not read.
        for _ in 1..700 {
            feed.begin(Record::default());
        }
        let told = told(page, 700).await;
        assert!(told.contains("event: forgotten\ndata: {\"up_to\":400}"), "{told}");
    }

    #[tokio::test]
    async fn a_page_that_comes_back_learns_what_is_forgotten() {
        let feed = Arc::new(Feed::default());
        for _ in 0..310 {
            feed.begin(Record::default());
        }
        let told = told(open(feed, CancellationToken::new(), "one"), 310).await;
        assert!(told.contains("event: forgotten\ndata: {\"up_to\":10}"), "{told}");
    }

    #[tokio::test]
    async fn what_changes_often_is_told_once() {
        let feed = Arc::new(Feed::default());
        let page = open(feed.clone(), CancellationToken::new(), "one");
        tokio::task::yield_now().await;
        let id = feed.begin(Record::default());
        (0..100).for_each(|change| feed.note(id, |record| record.bytes = change));
        feed.begin(Record::default());
        let told = told(page, 2).await;
        assert!(told.matches("event: delivery").count() <= 4 && told.contains(r#""bytes":99"#), "{told}");
    }
}
