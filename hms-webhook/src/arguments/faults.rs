//! What was wrong with the arguments of a call, as one line for the model.

use std::fmt::{self, Display};

use crate::shape::Escaped;

use super::scan::{self, Sort};

/// How many faults are said in full. A model mends a few at a time, and a hostile caller shall not decide how long an
/// answer gets.
const MOST: usize = 20;

#[derive(Debug, Default)]
pub(crate) struct Faults {
    said: Vec<String>,
    count: usize,
}

impl Faults {
    /// Notes a fault. The sentence, without a full stop, is only made if there is room for it.
    #[cold]
    pub(crate) fn note(&mut self, sentence: impl FnOnce() -> String) {
        if self.said.len() < MOST {
            self.said.push(sentence());
        }
        self.count += 1;
    }

    pub(crate) fn count(&self) -> usize {
        self.count
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub(crate) fn append(&mut self, other: Self) {
        let room = MOST - self.said.len();
        self.said.extend(other.said.into_iter().take(room));
        self.count += other.count;
    }
}

impl Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut before = "";
        for sentence in &self.said {
            write!(f, "{before}{sentence}")?;
            before = if sentence.ends_with('?') { " " } else { ". " };
        }
        match self.count - self.said.len() {
            0 => Ok(()),
            more => write!(f, "{before}There are {more} more faults"),
        }
    }
}

/// The way to a value; kept on the stack and written out only for a fault.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Path<'a> {
    Root,
    Member(&'a Path<'a>, &'a str),
    Item(&'a Path<'a>, usize),
}

impl<'a> Path<'a> {
    pub(crate) fn member(&'a self, name: &'a str) -> Self {
        Path::Member(self, name)
    }

    pub(crate) fn item(&'a self, index: usize) -> Self {
        Path::Item(self, index)
    }

    pub(crate) fn is_root(&self) -> bool {
        matches!(self, Path::Root)
    }

    fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Path::Root => Ok(()),
            Path::Member(Path::Root, name) => write!(f, "{}", Escaped(name)),
            Path::Member(parent, name) => {
                parent.write(f)?;
                write!(f, ".{}", Escaped(name))
            }
            Path::Item(parent, index) => {
                parent.write(f)?;
                write!(f, "[{index}]")
            }
        }
    }
}

/// As the subject of a sentence.
impl Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_root() {
            return f.write_str("the arguments");
        }
        f.write_str("`")?;
        self.write(f)?;
        f.write_str("`")
    }
}

/// "the string "many"": what fits after "got".
pub(crate) fn given(json: &str) -> String {
    match scan::sort(json) {
        Sort::Null | Sort::Boolean => json.to_owned(),
        Sort::Number => format!("the number {}", Escaped(json)),
        Sort::Text => match scan::string(json) {
            Some(content) => format!("the string \"{}\"", Escaped(&content)),
            None => "a string that is not valid Unicode".to_owned(),
        },
        Sort::List => "an array".to_owned(),
        Sort::Object => "an object".to_owned(),
    }
}

/// The known name that `name` was probably meant to be.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Longer ones are no slips of spelling, and comparing them takes time.
    const LONGEST: usize = 64;
    if name.len() > LONGEST {
        return None;
    }
    let folded = |text: &str| text.trim().to_lowercase().replace(['-', ' '], "_");
    let name = folded(name);
    let distance = |known: &str| strsim::damerau_levenshtein(&name, &folded(known));
    let near = |known: &str, distance: usize| distance <= (known.chars().count().max(name.chars().count()) / 3).max(1);
    let short = known.into_iter().filter(|known| known.len() <= LONGEST);
    let measured = short.map(|known| (distance(known), known)).filter(|(distance, known)| near(known, *distance));
    measured.min_by_key(|(distance, _)| *distance).map(|(_, known)| known)
}
