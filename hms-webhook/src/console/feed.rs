//! What is remembered of the latest deliveries, for the pages that are open and those that will be.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use bytes::Bytes;
use serde::Serialize;
use tokio::sync::broadcast;

use crate::redact::Secrets;

/// How many deliveries are remembered at most, and how long their bodies and answers may be together.
const DELIVERIES: usize = 300;
const BYTES: usize = 16 * 1024 * 1024;

/// One delivery, as far as it is known yet.
#[derive(Debug, Default, Serialize)]
pub(super) struct Record {
    pub(super) id: u64,
    /// Milliseconds since 1970.
    pub(super) at: u64,
    /// When the head of the request had come.
    #[serde(skip)]
    pub(super) begun: Begun,
    pub(super) from_console: bool,
    pub(super) method: String,
    pub(super) path: String,
    /// By which a page finds the delivery that it asked for.
    #[serde(skip)]
    pub(super) ticket: Option<String>,
    pub(super) headers: Vec<(String, String)>,
    /// As it is shown: without secrets.
    pub(super) body: String,
    /// As it came, to be sent again.
    #[serde(skip)]
    pub(super) came: Bytes,
    pub(super) bytes: usize,
    /// `None` where nothing had to be verified.
    pub(super) verified: Option<bool>,
    pub(super) verdict: String,
    pub(super) event: Option<String>,
    pub(super) call_id: Option<String>,
    pub(super) budget_ms: Option<f64>,
    pub(super) limit_ms: Option<f64>,
    pub(super) tools: Vec<ToolRun>,
    pub(super) handlers: Vec<HandlerRun>,
    /// By which its handlers are found, which run from the inbox.
    #[serde(skip)]
    pub(super) keys: Vec<String>,
    pub(super) status: Option<u16>,
    pub(super) reply: Option<String>,
    pub(super) answered_ms: Option<f64>,
    /// How it went, in the word that the log has for it.
    pub(super) outcome: Option<String>,
    pub(super) log: Vec<LogLine>,
}

/// One tool call of a delivery.
#[derive(Debug, Default, Serialize)]
pub(super) struct ToolRun {
    pub(super) tool_call_id: String,
    pub(super) name: String,
    /// JSON text.
    pub(super) arguments: String,
    pub(super) started_ms: f64,
    pub(super) ended_ms: Option<f64>,
    pub(super) deadline_ms: Option<f64>,
    pub(super) background: bool,
    pub(super) outcome: Option<String>,
    /// JSON text.
    pub(super) result: Option<String>,
}

/// One attempt of a handler that runs after the answer.
#[derive(Debug, Serialize)]
pub(super) struct HandlerRun {
    /// Of the span that it ran in.
    #[serde(skip)]
    pub(super) span: u64,
    pub(super) name: String,
    pub(super) attempt: u32,
    pub(super) started_ms: f64,
    pub(super) ended_ms: Option<f64>,
    pub(super) failed: bool,
}

/// One line that was logged while a delivery was handled.
#[derive(Debug, Serialize)]
pub(super) struct LogLine {
    pub(super) at_ms: f64,
    pub(super) level: &'static str,
    pub(super) target: String,
    pub(super) text: String,
}

/// The moment that the times of a record are counted from.
#[derive(Debug)]
pub(super) struct Begun(Instant);

impl Default for Begun {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Record {
    /// How long ago the delivery began, in milliseconds.
    pub(super) fn elapsed_ms(&self) -> f64 {
        self.begun.0.elapsed().as_secs_f64() * 1000.0
    }

    fn size(&self) -> usize {
        self.came.len() + self.body.len() + self.reply.as_ref().map_or(0, String::len)
    }
}

/// What happened.
#[derive(Debug, Clone, Copy)]
pub(super) enum News {
    /// More is known of the delivery of this number.
    Delivery(u64),
    Forgotten {
        up_to: u64,
    },
}

/// The latest deliveries, by their numbers.
#[derive(Debug)]
pub(crate) struct Feed {
    remembered: Mutex<Remembered>,
    /// What is never shown.
    secrets: Mutex<Secrets>,
    news: broadcast::Sender<News>,
}

#[derive(Debug, Default)]
struct Remembered {
    records: BTreeMap<u64, Record>,
    last: u64,
}

impl Default for Feed {
    fn default() -> Self {
        let secrets = Secrets::new(Vec::new(), Vec::new(), Vec::new());
        Self { remembered: Mutex::default(), secrets: Mutex::new(secrets), news: broadcast::Sender::new(256) }
    }
}

impl Feed {
    /// From now on shows nothing of these.
    pub(super) fn keep_secret(&self, secrets: Secrets) {
        *self.secrets() = secrets;
    }

    /// A JSON text as it is shown.
    pub(super) fn shown(&self, json: &[u8]) -> String {
        self.secrets().hide(&String::from_utf8_lossy(json))
    }

    /// A line as it is shown.
    pub(super) fn shown_line(&self, line: &str) -> String {
        self.secrets().take_out(line)
    }

    /// The value of a header as it is shown.
    pub(super) fn shown_header(&self, name: &str, value: &str) -> String {
        self.secrets().hide_named(name, value)
    }

    /// Remembers a new delivery, and gives it a number.
    pub(super) fn begin(&self, mut record: Record) -> u64 {
        let mut remembered = self.lock();
        remembered.last += 1;
        let id = remembered.last;
        record.id = id;
        remembered.records.insert(id, record);
        let mut size: usize = remembered.records.values().map(Record::size).sum();
        while remembered.records.len() > DELIVERIES || (size > BYTES && remembered.records.len() > 1) {
            let Some((up_to, old)) = remembered.records.pop_first() else { break };
            size -= old.size();
            let _ = self.news.send(News::Forgotten { up_to });
        }
        drop(remembered);
        let _ = self.news.send(News::Delivery(id));
        id
    }

    /// Notes what became of a delivery, if it is still remembered.
    pub(super) fn note(&self, id: u64, change: impl FnOnce(&mut Record)) {
        if let Some(record) = self.lock().records.get_mut(&id) {
            change(record);
            let _ = self.news.send(News::Delivery(id));
        }
    }

    /// Notes what became of one tool call of a delivery, `change` being told when.
    pub(super) fn note_tool(&self, id: u64, tool_call_id: &str, change: impl FnOnce(&mut ToolRun, f64)) {
        self.note(id, |record| {
            let now = record.elapsed_ms();
            if let Some(run) = record.tools.iter_mut().find(|run| run.tool_call_id == tool_call_id) {
                change(run, now);
            }
        });
    }

    pub(super) fn read<T>(&self, id: u64, look: impl FnOnce(&Record) -> T) -> Option<T> {
        self.lock().records.get(&id).map(look)
    }

    pub(super) fn id_of(&self, ticket: &str) -> Option<u64> {
        let remembered = self.lock();
        let mut newest_first = remembered.records.values().rev();
        newest_first.find(|record| record.ticket.as_deref() == Some(ticket)).map(|record| record.id)
    }

    /// The delivery that an event of this key came with.
    pub(super) fn of_key(&self, key: &str) -> Option<u64> {
        self.lock().records.values().find(|record| record.keys.iter().any(|known| known == key)).map(|record| record.id)
    }

    /// Up to which number nothing is remembered any more, and what is.
    pub(super) fn ids(&self) -> (u64, Vec<u64>) {
        let remembered = self.lock();
        let ids: Vec<_> = remembered.records.keys().copied().collect();
        (ids.first().map_or(remembered.last, |first| first - 1), ids)
    }

    /// Forgets what is there now.
    pub(super) fn forget(&self) {
        let mut remembered = self.lock();
        remembered.records.clear();
        let _ = self.news.send(News::Forgotten { up_to: remembered.last });
    }

    pub(super) fn follow(&self) -> broadcast::Receiver<News> {
        self.news.subscribe()
    }

    fn secrets(&self) -> MutexGuard<'_, Secrets> {
        self.secrets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, Remembered> {
        // No change leaves a record half made.
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
