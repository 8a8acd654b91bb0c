//! Secrets: those of this program wherever they are, and what looks like one.

use std::{
    fmt, fs,
    path::PathBuf,
    time::{Duration, Instant},
};

use regex_lite::{Captures, Regex};

use super::fields;
use crate::signature::{Secret, Signer};

pub(super) const STAND_IN: &str = "[secret]";

/// A shorter one would be found in half of all texts.
const SHORTEST: usize = 4;

/// The secrets of this program.
pub(crate) struct Secrets {
    values: Vec<String>,
    /// What each signs a certain text with: of those whose own text is not known any more.
    tags: Vec<String>,
    files: Vec<PathBuf>,
    read: Option<Instant>,
    forms: Vec<Regex>,
    /// The user and the password in an address.
    user: Option<Regex>,
    /// A name and its value in an address.
    query: Option<Regex>,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets(..)")
    }
}

impl Secrets {
    /// Those of these texts, those in these files, and those that can only be compared with.
    pub(crate) fn new(values: Vec<String>, files: Vec<PathBuf>, keyed: Vec<Secret>) -> Self {
        let forms = [
            r"(?i)bearer\s+[A-Za-z0-9._~+/=-]{8,}",
            r"(?i)\bauthorization\s*[:=]\s*(basic|digest|token|apikey)\s+[^\s,;]+",
            r"\b[Bb]asic\s+[A-Za-z0-9+/]{6,}={1,2}",
            r"sha256=[0-9A-Fa-f]{64}",
            r"\bfl_[a-z]+_[A-Za-z0-9]+",
        ];
        let mut secrets = Self {
            values: Vec::new(),
            tags: keyed.into_iter().map(tag).collect(),
            files,
            read: None,
            forms: forms.into_iter().filter_map(|form| Regex::new(form).ok()).collect(),
            user: Regex::new(r#"(://)[^\s/?#"<>]*@"#).ok(),
            query: Regex::new(r#"([?&;#])([^\s?&;#="<>]+)=([^\s&;#"<>]+)"#).ok(),
        };
        values.iter().for_each(|value| secrets.add(value));
        // What is known as a text need not be compared with each word.
        let known: Vec<_> = secrets.values.iter().map(|value| tag(Secret::new(value))).collect();
        secrets.tags.retain(|tag| !known.contains(tag));
        secrets
    }

    /// Reads the files, which may have been changed; what was in them before stays known.
    pub(super) fn refresh(&mut self) {
        if self.read.is_some_and(|read| read.elapsed() < Duration::from_secs(1)) {
            return;
        }
        self.read = Some(Instant::now());
        let texts: Vec<_> = self.files.iter().filter_map(|file| fs::read_to_string(file).ok()).collect();
        texts.iter().for_each(|text| self.add(text.trim_end_matches(['\r', '\n'])));
    }

    fn add(&mut self, value: &str) {
        if value.len() >= SHORTEST && !self.values.iter().any(|known| known == value) {
            self.values.push(value.into());
        }
    }

    /// Takes the secrets out of a line of text.
    pub(crate) fn take_out(&self, text: &str) -> String {
        let mut text = self.take_out_own(text.to_owned());
        for form in &self.forms {
            if form.is_match(&text) {
                text = form.replace_all(&text, STAND_IN).into_owned();
            }
        }
        self.take_out_of_addresses(text)
    }

    /// Takes out what is a secret of this program.
    pub(super) fn take_out_own(&self, mut text: String) -> String {
        for value in &self.values {
            if text.contains(value) {
                text = text.replace(value, STAND_IN);
            }
        }
        if self.tags.is_empty() { text } else { self.take_out_words(&text) }
    }

    fn take_out_of_addresses(&self, mut text: String) -> String {
        if let Some(user) = &self.user
            && text.contains("://")
        {
            text = user.replace_all(&text, format!("${{1}}{STAND_IN}@")).into_owned();
        }
        if let Some(query) = &self.query
            && text.contains('=')
        {
            let value = |found: &Captures<'_>| match &found[2] {
                name if fields::is_secret_of_address(name) => format!("{}{name}={STAND_IN}", &found[1]),
                _ => found[0].to_owned(),
            };
            text = query.replace_all(&text, value).into_owned();
        }
        text
    }

    /// A secret that was given in the program's code is not kept as a text, but whether a word is it can be told.
    fn take_out_words(&self, text: &str) -> String {
        if self.is_secret(text) {
            return STAND_IN.into();
        }
        let is_between = |letter: char| !(letter.is_alphanumeric() || "_-+/=.~".contains(letter));
        let pieces = text.split_inclusive(is_between).map(|piece| {
            let word = piece.trim_end_matches(is_between);
            if self.is_secret(word) { format!("{STAND_IN}{}", &piece[word.len()..]) } else { piece.into() }
        });
        pieces.collect()
    }

    fn is_secret(&self, word: &str) -> bool {
        word.len() >= SHORTEST && self.tags.contains(&tag(Secret::new(word)))
    }
}

fn tag(secret: Secret) -> String {
    Signer::new(secret).sign("0", b"")
}
