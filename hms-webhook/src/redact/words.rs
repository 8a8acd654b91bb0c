//! Names and texts, and what stands in their place.

pub(super) fn person(number: usize) -> String {
    format!("Person {number}")
}

/// As long as what it stands for, if that is long enough, so that a limit of a length still holds.
pub(super) fn text(number: usize, length: usize) -> String {
    let short = format!("[text {number}]");
    let missing = length.saturating_sub(short.chars().count());
    format!("[text {number}{}]", ".".repeat(missing))
}

/// Whether all of `text` stands for something that is not known any more.
pub(super) fn is_stand_in(text: &str) -> bool {
    let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let inner = text.strip_prefix("[text ").and_then(|text| text.strip_suffix(']'));
    text == super::secrets::STAND_IN
        || inner.is_some_and(|inner| number(inner.trim_end_matches('.')))
        || text.strip_prefix("Person ").is_some_and(number)
}

/// Words before a name that are none.
const TITLES: [&str; 16] = [
    "mrs", "mr", "ms", "miss", "dr", "the", "van", "von", "der", "den", "het", "heer", "meneer", "mevrouw", "and",
    "for",
];

/// Names, and words of them, that are looked for in texts; the longest first, as a word of a name would break it apart.
#[derive(Debug, Default)]
pub(super) struct Names(Vec<Name>);

#[derive(Debug)]
struct Name {
    written: String,
    folded: String,
    number: usize,
}

/// Which spellings of a name are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spelling {
    AsWritten,
    AnyCase,
}

/// A text without regard to case.
pub(super) fn folded(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).collect()
}

impl Names {
    pub(super) fn add(&mut self, name: &str, number: usize) {
        let words = name.split(|letter: char| !letter.is_alphanumeric());
        let words = words.filter(|word| !TITLES.contains(&&*folded(word)));
        let words = words.chain([name]).filter(|word| word.contains(char::is_alphabetic));
        let words = words.filter(|word| word.chars().count() >= 3 && !"person".contains(&folded(word)));
        for word in words {
            let order = |known: &Name| word.len().cmp(&known.written.len()).then_with(|| (*known.written).cmp(word));
            if let Err(place) = self.0.binary_search_by(order) {
                self.0.insert(place, Name { written: word.into(), folded: folded(word), number });
            }
        }
    }

    pub(super) fn take_out(&self, mut text: String, spelling: Spelling) -> String {
        let mut lower = None;
        for name in &self.0 {
            let is_there = match spelling {
                Spelling::AsWritten => text.contains(&name.written),
                Spelling::AnyCase => lower.get_or_insert_with(|| folded(&text)).contains(&name.folded),
            };
            if is_there {
                text = name.replaced(&text, spelling);
                lower = None;
            }
        }
        text
    }
}

impl Name {
    fn replaced(&self, text: &str, spelling: Spelling) -> String {
        let mut done = String::new();
        let mut rest = text;
        while let Some(letter) = rest.chars().next() {
            let found = if done.ends_with(char::is_alphanumeric) { None } else { self.found_first(rest) };
            let found = found.filter(|found| {
                let after = &rest[found.len()..];
                let is_as_written = *found == self.written;
                // A customer called Max is not in `max_duration`.
                let is_in_identifier = done.ends_with('_') || after.starts_with('_');
                !after.starts_with(char::is_alphanumeric)
                    && (is_as_written || spelling == Spelling::AnyCase && !is_in_identifier)
            });
            let length = match found {
                Some(found) => {
                    done.push_str(&person(self.number));
                    found.len()
                }
                None => {
                    done.push(letter);
                    letter.len_utf8()
                }
            };
            rest = &rest[length..];
        }
        done
    }

    /// What `text` begins with, if that is this name in any case.
    fn found_first<'a>(&self, text: &'a str) -> Option<&'a str> {
        let mut wanted = self.folded.chars();
        for (at, letter) in text.char_indices() {
            if wanted.as_str().is_empty() {
                return Some(&text[..at]);
            }
            if !letter.to_lowercase().all(|letter| wanted.next() == Some(letter)) {
                return None;
            }
        }
        wanted.as_str().is_empty().then_some(text)
    }
}
