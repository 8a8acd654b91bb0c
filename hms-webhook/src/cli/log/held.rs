//! Lines that are written several at once.

use std::{
    fmt::{self, Write as _},
    io::{self, Write},
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::{self, Thread},
    time::Duration,
};

use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

/// More than this is not held.
const MOST: usize = 16 * 1024;

/// Where the log goes, with lines that wait to be written to it.
#[derive(Clone)]
pub(super) struct Held(Arc<Mutex<Lines>>);

struct Lines {
    end: Box<dyn Write + Send>,
    waiting: String,
    /// The thread that writes what waits, if lines may wait.
    writer: Option<Thread>,
}

impl Held {
    pub(super) fn new(end: impl Write + Send + 'static) -> Self {
        Self(Arc::new(Mutex::new(Lines { end: Box::new(end), waiting: String::new(), writer: None })))
    }

    /// From now on lines may wait, for `delay` at most.
    pub(super) fn write_every(&self, delay: Duration) {
        let held = self.clone();
        let writer = thread::Builder::new().name("log".into()).spawn(move || {
            loop {
                thread::park();
                thread::sleep(delay);
                held.lines().write();
            }
        });
        // Without the thread each line is written at once.
        self.lines().writer = writer.ok().map(|writer| writer.thread().clone());
    }

    /// Writes what waits, and lets nothing wait from now on.
    pub(super) fn write_at_once(&self) {
        let mut lines = self.lines();
        lines.writer = None;
        lines.write();
    }

    /// Takes the line that `write` adds to what waits, and whether it may wait as well.
    pub(super) fn add(&self, waits: bool, write: impl FnOnce(&mut String) -> fmt::Result) {
        self.lines().add(waits, write);
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lines {
    fn add(&mut self, waits: bool, write: impl FnOnce(&mut String) -> fmt::Result) {
        let before = self.waiting.len();
        if write(&mut self.waiting).is_err() {
            // A line that cannot be written has nobody to tell.
            self.waiting.truncate(before);
        }
        match &self.writer {
            Some(writer) if waits && self.waiting.len() < MOST => {
                if before == 0 {
                    writer.unpark();
                }
            }
            _ => self.write(),
        }
    }

    fn write(&mut self) {
        // A log that cannot be written has nobody to tell.
        let _ = self.end.write_all(self.waiting.as_bytes());
        self.waiting.clear();
        if self.waiting.capacity() > 4 * MOST {
            mem::take(&mut self.waiting);
        }
    }
}

impl<'a> MakeWriter<'a> for Held {
    type Writer = OneLine<'a>;

    fn make_writer(&'a self) -> OneLine<'a> {
        OneLine { held: self, waits: true }
    }

    fn make_writer_for(&'a self, metadata: &Metadata<'_>) -> OneLine<'a> {
        OneLine { held: self, waits: *metadata.level() > Level::WARN }
    }
}

/// Takes one line, which `tracing_subscriber` writes in one piece.
pub(super) struct OneLine<'a> {
    held: &'a Held,
    /// It is no warning.
    waits: bool,
}

impl Write for OneLine<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.held.add(self.waits, |waiting| waiting.write_str(&String::from_utf8_lossy(line)));
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
