//! Keeping what was delivered and what was answered, without what must not be kept: `serve --record`.
//!
//! A delivery is handed to a thread of its own when its answer is made; it redacts and writes, and nobody waits for it.

mod file;
mod writer;

use std::{
    io,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    thread,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use http::StatusCode;
use tokio::{
    sync::{mpsc, oneshot},
    time::Instant,
};
use tracing::warn;

pub(crate) use self::file::{Recorded, folder};
use self::writer::Writer;
use crate::{log_limit::LogLimit, redact::Redactor};

/// How many deliveries may wait to be written, and how long they may be together. More are not recorded.
const WAITING: usize = 256;
const WAITING_BYTES: usize = 16 * 1024 * 1024;

/// Where answered deliveries are handed in. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Recorder {
    sender: mpsc::Sender<Message>,
    waiting: Arc<AtomicUsize>,
    left_out: Arc<LogLimit>,
}

/// A delivery and its answer.
#[derive(Debug)]
struct Answered {
    /// When the head of the request had come.
    at: SystemTime,
    body: Bytes,
    status: StatusCode,
    reply: Bytes,
    time: Duration,
}

impl Answered {
    fn size(&self) -> usize {
        self.body.len() + self.reply.len()
    }
}

#[derive(Debug)]
enum Message {
    Answered(Answered),
    /// Tell when all before it is written.
    Finish(oneshot::Sender<()>),
}

impl Recorder {
    /// Records into `folder`, which is made for its owner only if it is not there.
    ///
    /// # Errors
    /// When it cannot be made or written to; the text says what to do.
    pub(crate) fn start(folder: PathBuf, redactor: Redactor) -> Result<Self, String> {
        let shown = folder.display().to_string();
        let failed = |error: io::Error| {
            format!("deliveries cannot be recorded in `{shown}`: {error}; name a folder that can be written")
        };
        let mut writer = Writer::open(folder, redactor).map_err(failed)?;
        let (sender, mut receiver) = mpsc::channel(WAITING);
        let waiting = Arc::new(AtomicUsize::new(0));
        let still_waiting = waiting.clone();
        let write = move || {
            while let Some(message) = receiver.blocking_recv() {
                match message {
                    Message::Answered(answered) => {
                        let size = answered.size();
                        writer.write(answered);
                        still_waiting.fetch_sub(size, Relaxed);
                    }
                    Message::Finish(done) => {
                        // Who asked may have gone.
                        let _ = done.send(());
                    }
                }
            }
        };
        thread::Builder::new().name("recording".into()).spawn(write).map_err(failed)?;
        Ok(Self { sender, waiting, left_out: Arc::default() })
    }

    /// Hands in a delivery that was answered. It never waits: what is too much is left out.
    pub(crate) fn record(&self, body: Bytes, status: StatusCode, reply: Bytes, time: Duration) {
        let at = SystemTime::now().checked_sub(time).unwrap_or(SystemTime::UNIX_EPOCH);
        let answered = Answered { at, body, status, reply, time };
        let size = answered.size();
        let has_room = self.waiting.fetch_add(size, Relaxed) + size <= WAITING_BYTES;
        if has_room && self.sender.try_send(Message::Answered(answered)).is_ok() {
            return;
        }
        self.waiting.fetch_sub(size, Relaxed);
        if self.left_out.line(Instant::now()).is_some() {
            warn!("a delivery was not recorded: more come than can be written");
        }
    }

    /// Waits until all is written that was handed in before.
    pub(crate) async fn finish(&self) {
        let (done, finished) = oneshot::channel();
        if self.sender.send(Message::Finish(done)).await.is_ok() {
            let _ = finished.await;
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::redact::Secrets;

    #[tokio::test]
    async fn what_is_too_much_is_left_out_and_the_next_is_kept() {
        let kept = std::env::temp_dir().join(format!("hms-webhook-recording-{}", std::process::id()));
        let redactor = Redactor::new(Secrets::new(Vec::new(), Vec::new(), Vec::new()), &[]);
        let recorder = Recorder::start(kept.clone(), redactor).unwrap();
        for body in [vec![b' '; WAITING_BYTES + 1], br#"{"message":{"type":"status-update"}}"#.to_vec()] {
            recorder.record(body.into(), StatusCode::OK, Bytes::from_static(b"{}"), Duration::ZERO);
        }
        recorder.finish().await;
        let recorded = folder(&kept).unwrap();
        std::fs::remove_dir_all(&kept).unwrap();
        assert_eq!(recorded.iter().map(|(_, one)| one.about()).collect::<Vec<_>>(), ["status-update"]);
        assert_eq!(recorder.waiting.load(Relaxed), 0);
    }
}
