//! What happened, in order: the effects that the server had, and the answers that the client got, in one file.

use std::{
    collections::BTreeSet,
    fs::{File, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
};

use tokio::sync::Notify;

/// A file to which the server and the client append lines. A line is written by one write, so the order of the lines
/// is that of the events; an answer is written down after it came, so what stands behind it did happen after it.
pub(crate) struct Journal {
    path: PathBuf,
    file: File,
    /// The server has promised something just now.
    promised: Notify,
}

impl Journal {
    pub(crate) fn create(path: &Path) -> Self {
        let file = OpenOptions::new().create_new(true).append(true).open(path).unwrap();
        Self { path: path.to_owned(), file, promised: Notify::new() }
    }

    /// The server has acknowledged the event.
    pub(crate) fn acknowledged(&self, id: &str) {
        self.write("acknowledged", id);
        self.promised.notify_waiters();
    }

    /// The server has answered the tool call with its result.
    pub(crate) fn answered(&self, id: &str) {
        self.write("answered", id);
        self.promised.notify_waiters();
    }

    /// Waits for the server's next promise.
    pub(crate) async fn next_promise(&self) {
        self.promised.notified().await;
    }

    fn write(&self, what: &str, id: &str) {
        (&self.file).write_all(format!("{what} {id}\n").as_bytes()).unwrap();
    }

    pub(crate) fn read(&self) -> Findings {
        Findings::of(&std::fs::read_to_string(&self.path).unwrap())
    }
}

#[derive(Debug, Default)]
pub(crate) struct Findings {
    /// How many lines there are.
    pub(crate) lines: usize,
    pub(crate) acknowledged: usize,
    pub(crate) handled: usize,
    pub(crate) answered: usize,
    pub(crate) effects: usize,
    /// Events that were acknowledged and never handled.
    pub(crate) lost: BTreeSet<String>,
    /// Tool calls that ran again after they had been answered, or were answered and never ran.
    pub(crate) wrong: BTreeSet<String>,
}

impl Findings {
    fn of(text: &str) -> Self {
        let mut findings = Self::default();
        let [mut acknowledged, mut handled, mut answered, mut done] = [const { BTreeSet::new() }; 4];
        for line in text.lines() {
            findings.lines += 1;
            match line.split_once(' ').unwrap() {
                ("acknowledged", id) => {
                    acknowledged.insert(id);
                }
                ("handled", id) => {
                    findings.handled += 1;
                    handled.insert(id);
                }
                ("answered", id) => {
                    answered.insert(id);
                    if !done.contains(id) {
                        findings.wrong.insert(id.to_owned());
                    }
                }
                ("effect", id) => {
                    findings.effects += 1;
                    done.insert(id);
                    if answered.contains(id) {
                        findings.wrong.insert(id.to_owned());
                    }
                }
                _ => panic!("`{line}` in the journal"),
            }
        }
        findings.acknowledged = acknowledged.len();
        findings.answered = answered.len();
        findings.lost = acknowledged.difference(&handled).map(|id| (*id).to_owned()).collect();
        findings
    }
}

#[test]
fn the_journal_is_judged_by_its_order() {
    let judge = |text: &str| {
        let Findings { lost, wrong, .. } = Findings::of(&text.replace(", ", "\n"));
        (lost.into_iter().collect::<Vec<_>>().join(" "), wrong.into_iter().collect::<Vec<_>>().join(" "))
    };
    let pair = |lost: &str, wrong: &str| (lost.to_owned(), wrong.to_owned());
    assert_eq!(judge("handled a, acknowledged a, acknowledged b, handled c, handled b"), pair("", ""));
    assert_eq!(judge("acknowledged a, acknowledged b, handled b"), pair("a", ""));
    assert_eq!(judge("effect a, effect a, answered a, effect b, answered a"), pair("", ""));
    assert_eq!(judge("effect a, answered a, effect b, answered b, effect a"), pair("", "a"));
    assert_eq!(judge("answered a, effect b"), pair("", "a"));
}
