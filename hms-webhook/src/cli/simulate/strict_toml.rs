//! Reading TOML strictly: every fault with the line that it is in, all of them at once.

use std::{cell::RefCell, collections::BTreeMap, time::Duration};

use serde_json::{Map, Value};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use crate::words::{nearest, shorten};

/// What is wrong with a file.
pub(super) struct Faults<'a> {
    file: &'a str,
    text: &'a str,
    found: RefCell<Vec<(usize, String)>>,
}

impl<'a> Faults<'a> {
    pub(super) fn new(file: &'a str, text: &'a str) -> Self {
        Self { file, text, found: RefCell::default() }
    }

    /// Which line the byte `start` is in.
    pub(super) fn line(&self, start: usize) -> usize {
        1 + self.text.bytes().take(start).filter(|byte| *byte == b'\n').count()
    }

    pub(super) fn note(&self, line: usize, fault: impl Into<String>) {
        self.found.borrow_mut().push((line, fault.into()));
    }

    /// All faults, one line each, by their places.
    pub(super) fn into_lines(self) -> Vec<String> {
        let mut found = self.found.into_inner();
        found.sort();
        found.dedup();
        found.into_iter().map(|(line, fault)| format!("{}:{line}: {fault}", self.file)).collect()
    }
}

/// A value and the line that it is in.
#[derive(Debug, Clone)]
pub(super) struct At<T> {
    pub(super) line: usize,
    pub(super) value: T,
}

/// The lines of a value's parts by their paths, such as `.hours[1]`.
#[derive(Debug, Clone, Default)]
pub(super) struct Lines(BTreeMap<String, usize>);

impl Lines {
    /// The line of the part at `path`, or of the nearest one around it that is written.
    pub(super) fn of(&self, mut path: &str) -> Option<usize> {
        loop {
            if let Some(line) = self.0.get(path) {
                return Some(*line);
            }
            path = &path[..path.rfind(['.', '['])?];
        }
    }

    fn add(&mut self, path: String, value: &Spanned<DeValue<'_>>, faults: &Faults<'_>) {
        match value.get_ref() {
            DeValue::Table(members) => {
                members.iter().for_each(|(name, value)| self.add(format!("{path}.{}", name.get_ref()), value, faults));
            }
            DeValue::Array(items) => {
                let items = items.iter().enumerate();
                items.for_each(|(index, item)| self.add(format!("{path}[{index}]"), item, faults));
            }
            _ => {}
        }
        self.0.insert(path, faults.line(value.span().start));
    }
}

/// A table whose members are read one by one.
#[derive(Clone, Copy)]
pub(super) struct Table<'a> {
    members: &'a DeTable<'a>,
    /// Where its members are, for messages; such as `expect.`.
    prefix: &'static str,
    pub(super) line: usize,
    /// One of its members is not known, and may be what another is missing.
    pub(super) is_misspelt: bool,
    faults: &'a Faults<'a>,
}

impl<'a> Table<'a> {
    /// A table that has these members and no others.
    pub(super) fn new(
        members: &'a DeTable<'a>,
        prefix: &'static str,
        line: usize,
        faults: &'a Faults<'a>,
        known: &[&str],
    ) -> Self {
        let mut is_misspelt = false;
        for name in members.keys().filter(|name| !known.contains(&name.get_ref().as_ref())) {
            is_misspelt = true;
            let unknown = name.get_ref();
            let meant = nearest(unknown, known.iter().copied())
                .map(|nearest| format!(", did you mean `{prefix}{nearest}`?"))
                .unwrap_or_else(|| ".".into());
            let (unknown, known) = (shorten(unknown), known.join("`, `"));
            let line = faults.line(name.span().start);
            faults.note(line, format!("there is no key `{prefix}{unknown}`{meant} The keys here are `{known}`"));
        }
        Self { members, prefix, line, is_misspelt, faults }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    fn find(&self, name: &str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.members.iter().find(|(known, _)| known.get_ref() == name).map(|(_, value)| value)
    }

    /// A member that `read` takes; it is a fault where that gives `None`.
    fn read<T>(&self, name: &str, form: &str, read: impl FnOnce(&'a DeValue<'a>, usize) -> Option<T>) -> Option<At<T>> {
        let found = self.find(name)?;
        let line = self.faults.line(found.span().start);
        let value = read(found.get_ref(), line);
        if value.is_none() {
            self.faults.note(line, format!("`{}{name}` must be {form}", self.prefix));
        }
        value.map(|value| At { line, value })
    }

    pub(super) fn text(&self, name: &str) -> Option<At<String>> {
        self.read(name, "a text", |value, _| value.as_str().map(str::to_owned))
    }

    pub(super) fn flag(&self, name: &str) -> Option<At<bool>> {
        self.read(name, "true or false", |value, _| value.as_bool())
    }

    pub(super) fn number(&self, name: &str, from: u32, to: u32) -> Option<At<u32>> {
        self.read(name, &format!("a number from {from} to {to}"), |value, _| {
            let number = value.as_integer()?;
            u32::from_str_radix(number.as_str(), number.radix()).ok().filter(|number| (from..=to).contains(number))
        })
    }

    pub(super) fn duration(&self, name: &str) -> Option<At<Duration>> {
        self.read(name, "a time such as \"2s\" or \"250ms\"", |value, _| {
            humantime::parse_duration(value.as_str()?).ok()
        })
    }

    /// Any value, as JSON.
    pub(super) fn value(&self, name: &str) -> Option<At<Value>> {
        self.read(name, "a value that JSON has too", |value, _| as_json(value))
    }

    /// Where the parts of a value are written.
    pub(super) fn lines(&self, name: &str) -> Lines {
        let mut lines = Lines::default();
        if let Some(value) = self.find(name) {
            lines.add(String::new(), value, self.faults);
        }
        lines
    }

    pub(super) fn object(&self, name: &str) -> Option<At<Map<String, Value>>> {
        self.read(name, "a table", |value, _| match as_json(value)? {
            Value::Object(members) => Some(members),
            _ => None,
        })
    }

    pub(super) fn table(&self, name: &str, prefix: &'static str, known: &[&str]) -> Option<Table<'a>> {
        let faults = self.faults;
        self.read(name, "a table", |value, line| Some(Table::new(value.as_table()?, prefix, line, faults, known)))
            .map(|table| table.value)
    }

    /// The tables of `[[name]]`.
    pub(super) fn tables(&self, name: &str, prefix: &'static str, known: &[&str]) -> Vec<Table<'a>> {
        let faults = self.faults;
        let tables = self.read(name, "a list of tables", |value, _| {
            let tables = value.as_array()?.iter().map(|item| {
                let line = faults.line(item.span().start);
                Some(Table::new(item.get_ref().as_table()?, prefix, line, faults, known))
            });
            tables.collect::<Option<Vec<_>>>()
        });
        tables.map(|tables| tables.value).unwrap_or_default()
    }
}

/// `None` for numbers that JSON has not: those over 64 bits, infinity, and what is none.
fn as_json(value: &DeValue<'_>) -> Option<Value> {
    Some(match value {
        DeValue::String(text) => text.as_ref().into(),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix()).ok()?.into(),
        DeValue::Float(number) => {
            let number = number.as_str().parse().ok()?;
            serde_json::Number::from_f64(number)?.into()
        }
        DeValue::Boolean(flag) => (*flag).into(),
        DeValue::Datetime(moment) => moment.to_string().into(),
        DeValue::Array(items) => Value::Array(items.iter().map(|item| as_json(item.get_ref())).collect::<Option<_>>()?),
        DeValue::Table(members) => {
            let members =
                members.iter().map(|(name, value)| Some((name.get_ref().to_string(), as_json(value.get_ref())?)));
            Value::Object(members.collect::<Option<_>>()?)
        }
    })
}
