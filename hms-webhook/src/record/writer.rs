//! From a delivery and its answer to a file.

use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::{self, Write},
    path::PathBuf,
};

use serde_json::Value;
use tokio::time::Instant;
use tracing::warn;

use super::{Answered, Recorded};
use crate::{log_limit::LogLimit, redact::Redactor};

/// How many deliveries are recorded, and how long they may be together: a disk is not filled.
const DELIVERIES: usize = 10_000;
const BYTES: usize = 1024 * 1024 * 1024;

/// The longest name of an event or a tool in the name of a file.
const NAME: usize = 40;

#[derive(Debug)]
pub(super) struct Writer {
    folder: PathBuf,
    redactor: Redactor,
    written: usize,
    bytes: usize,
    is_full: bool,
    failures: LogLimit,
}

impl Writer {
    pub(super) fn open(folder: PathBuf, redactor: Redactor) -> io::Result<Self> {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&folder)?;
        let writer = Self { folder, redactor, written: 0, bytes: 0, is_full: false, failures: LogLimit::default() };
        // What cannot be written is better known before the first delivery comes.
        let probe = writer.folder.join(".writable");
        writer.create(&probe, b"")?;
        fs::remove_file(probe)?;
        Ok(writer)
    }

    /// Writes a file; what keeps it from being written is logged.
    pub(super) fn write(&mut self, answered: Answered) {
        if self.written >= DELIVERIES || self.bytes >= BYTES {
            if !std::mem::replace(&mut self.is_full, true) {
                let folder = self.folder.display();
                warn!("no more deliveries are recorded in {folder}: {} are enough for one run", self.written);
            }
            return;
        }
        let at = humantime::format_rfc3339_millis(answered.at).to_string();
        let recorded = self.redacted(answered, at.clone());
        let name = self.name(&recorded, &at);
        let path = self.folder.join(&name);
        // Written aside first, so that nobody reads half of it.
        let aside = self.folder.join(format!("{name}.part"));
        let result = serde_json::to_vec_pretty(&recorded).map_err(io::Error::from).and_then(|mut text| {
            text.push(b'\n');
            self.bytes += text.len();
            self.create(&aside, &text)?;
            fs::rename(&aside, &path)
        });
        self.written += 1;
        if let Err(error) = result {
            // What is there of it is no use. It may not be there at all.
            let _ = fs::remove_file(&aside);
            if self.failures.line(Instant::now()).is_some() {
                warn!("a delivery was not recorded: {} cannot be written: {error}", path.display());
            }
        }
    }

    fn redacted(&mut self, answered: Answered, at: String) -> Recorded {
        let json = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).unwrap_or_default();
        let (mut body, mut reply) = (json(&answered.body), json(&answered.reply));
        self.redactor.redact(&mut [&mut body, &mut reply]);
        let message = &body["message"];
        let calls = message["tool_call_list"].as_array().or_else(|| message["toolCallList"].as_array());
        let names = calls.into_iter().flatten().filter_map(|call| call["function"]["name"].as_str());
        Recorded {
            at,
            event: message["type"].as_str().unwrap_or_default().into(),
            tools: names.map(str::to_owned).collect(),
            status: answered.status.as_u16(),
            milliseconds: (answered.time.as_secs_f64() * 1e6).round() / 1e3,
            body,
            reply,
        }
    }

    /// Names sort by time; the number keeps those of one moment apart.
    fn name(&self, recorded: &Recorded, at: &str) -> String {
        let plain = |text: &str| {
            let letters = text.chars().filter(|letter| letter.is_ascii_alphanumeric() || "-_".contains(*letter));
            letters.take(NAME).collect::<String>()
        };
        let moment: String = at.chars().filter(|letter| !"-:".contains(*letter)).collect();
        let mut name = format!("{moment}-{:05}-{}", self.written + 1, plain(&recorded.event));
        if let Some(tool) = recorded.tools.first() {
            name = format!("{name}-{}", plain(tool));
        }
        name + ".json"
    }

    fn create(&self, path: &std::path::Path, text: &[u8]) -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(path)?.write_all(text)
    }
}
