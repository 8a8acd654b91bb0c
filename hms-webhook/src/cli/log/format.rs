//! In which form lines are written.

use std::{
    env,
    io::{self, IsTerminal},
};

use anstream::{AutoStream, ColorChoice};
use clap::ValueEnum;

use super::{held::Held, style::Colours};
use crate::cli::environment::Variables;

/// The form of the log's lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(in crate::cli) enum LogFormat {
    /// Aligned lines, in colours on a terminal unless NO_COLOR is set
    Human,
    /// A JSON object on each line
    Json,
    /// Human on a terminal, JSON otherwise
    #[default]
    Auto,
}

impl LogFormat {
    /// What `HMS_WEBHOOK_LOG_FORMAT` asks for; what it says wrongly is noted among the problems.
    pub(in crate::cli) fn from_environment(problems: &mut Vec<String>) -> Self {
        const NAME: &str = "HMS_WEBHOOK_LOG_FORMAT";
        let read = Variables { lookup: |name: &str| env::var_os(name) }.text(NAME).and_then(|text| match text {
            Some(text) => Self::from_str(&text, true)
                .map_err(|_| format!("{NAME} is `{text}`: set it to human, json or auto, or leave it out")),
            None => Ok(Self::default()),
        });
        read.unwrap_or_else(|problem| {
            problems.push(problem);
            Self::default()
        })
    }
}

/// Where the log goes and how it looks there.
pub(super) struct Form {
    pub(super) end: Held,
    pub(super) is_json: bool,
    pub(super) colours: Colours,
    /// How many columns there are, where somebody looks at it; it may change.
    pub(super) width: fn() -> Option<usize>,
    /// Somebody looks at it, so that each line is shown at once.
    pub(super) is_seen: bool,
}

impl LogFormat {
    /// The form of the log on standard error.
    pub(super) fn on_stderr(self) -> Form {
        let is_seen = io::stderr().is_terminal();
        let colours = AutoStream::choice(&io::stderr()) != ColorChoice::Never;
        Form {
            // It knows terminals that take no codes.
            end: if colours { Held::new(anstream::stderr()) } else { Held::new(io::stderr()) },
            is_json: match self {
                Self::Human => false,
                Self::Json => true,
                Self::Auto => !is_seen,
            },
            colours: Colours(colours),
            width: if is_seen { width_of_stderr } else { || None },
            is_seen,
        }
    }
}

fn width_of_stderr() -> Option<usize> {
    terminal_size::terminal_size_of(io::stderr()).map(|(terminal_size::Width(columns), _)| columns.into())
}
