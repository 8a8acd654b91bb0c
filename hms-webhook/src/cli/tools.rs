//! The command `tools`: what the model is told, for people, for programs, and beside a file.

use std::{
    error, fmt, fs, io,
    path::{Path, PathBuf},
};

use anstyle::{AnsiColor, Style};
use clap::Args;
use serde_json::Value;

use super::output;
use crate::{
    App, Profile,
    error::Result,
    schema::{
        ToolDefinition,
        changes::{Change, Effect, changes},
        file,
    },
};

/// The flags of `tools`.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(super) struct ToolsFlags {
    /// Print the definitions as JSON, as an assistant's `llm_config.tools` takes them
    #[arg(long, group = "what")]
    json: bool,
    /// Compare the definitions with a file that `--write` has written
    #[arg(long, value_name = "FILE", group = "what")]
    check: Option<PathBuf>,
    /// Write the definitions to a file
    #[arg(long, value_name = "FILE", group = "what")]
    write: Option<PathBuf>,
    #[command(flatten)]
    form: super::profile::Form,
}

const HELP: &str = "\
Without a flag, a table of the tools and their arguments.

A change is breaking where an assistant that still has the definitions of the file would call a tool in vain or \
misunderstand its answer, and compatible otherwise. A file that was written with `--profile` is compared with the same \
`--profile`.

Exit codes:
  0  done; of `--check`: the file says what this program says
  1  it could not be done; of `--check` also: the file says something else

Colours are used on a terminal only, and not where NO_COLOR is set.";

/// Runs the command; gives back the program's exit code.
pub(super) fn tools(app: &App, flags: &ToolsFlags) -> Result<i32> {
    let definitions = app.definitions_for(flags.form.profile)?;
    if let Some(file) = &flags.check {
        return check(app, &definitions, file, flags.form.profile);
    }
    if let Some(file) = &flags.write {
        file::write(file, &file::text(&definitions)).map_err(|error| FileError::Unwritable(file.clone(), error))?;
        output::tell(&format!("{} written to {}", count(definitions.len(), "tool"), file.display()));
    } else if flags.json {
        output::show(&file::text(&definitions))?;
    } else {
        // What may be left out is said by the plain form alone.
        let plain = if flags.form.profile == Profile::Plain { definitions } else { app.definitions()? };
        output::show(&table(&plain))?;
    }
    Ok(0)
}

/// Why a file could not be used. Each text is one line.
#[derive(Debug)]
enum FileError {
    Unreadable(PathBuf, io::Error),
    Foreign(PathBuf, String),
    Unwritable(PathBuf, io::Error),
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(file, error) => {
                let file = file.display();
                write!(f, "the file `{file}` cannot be read: {error}; ")?;
                match error.kind() {
                    io::ErrorKind::NotFound => write!(f, "`tools --write {file}` makes one"),
                    _ => f.write_str("name one that `tools --write` has written"),
                }
            }
            Self::Foreign(file, problem) => {
                let file = file.display();
                write!(f, "the file `{file}` cannot be compared: {problem}; `tools --write {file}` replaces it")
            }
            Self::Unwritable(file, error) => {
                let advice = match error.kind() {
                    io::ErrorKind::IsADirectory => "it is a folder: name a file in it",
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => "name one in a folder that is there",
                    _ => "name one in a folder in which you may write",
                };
                write!(f, "the file `{}` cannot be written: {error}; {advice}", file.display())
            }
        }
    }
}

impl error::Error for FileError {}

fn check(app: &App, definitions: &[ToolDefinition], file: &Path, profile: Profile) -> Result<i32> {
    let text = fs::read_to_string(file).map_err(|error| FileError::Unreadable(file.to_owned(), error))?;
    let before = file::read(&text).map_err(|problem| FileError::Foreign(file.to_owned(), problem))?;
    let changes = changes(&before, definitions, profile);
    if changes.is_empty() {
        output::tell(&format!("{} says what this program says", file.display()));
        return Ok(0);
    }
    output::show(&changes.iter().map(coloured).collect::<String>())?;
    let is_in = |other: &Profile| app.definitions_for(*other).is_ok_and(|definitions| definitions == before);
    if let Some(other) = Profile::NAMES.into_iter().map(|(_, other)| other).find(is_in) {
        let file = file.display();
        output::tell(&format!("{file} has the form of `{other}`: compare it with `--profile {other}`"));
        return Ok(1);
    }
    let breaking = changes.iter().filter(|change| change.effect == Effect::Breaking).count();
    output::tell(&format!(
        "{}, {breaking} of them breaking: `tools --write {}` accepts what this program says",
        count(changes.len(), "change"),
        file.display()
    ));
    Ok(1)
}

fn coloured(change: &Change) -> String {
    let style = match change.effect {
        Effect::Breaking => AnsiColor::Red.on_default().bold(),
        Effect::Compatible => AnsiColor::Green.on_default(),
    };
    format!("{style}{:<10}{style:#}  {}\n", change.effect, change.what)
}

/// A row for each tool: its name, its arguments, what it is for.
fn table(definitions: &[ToolDefinition]) -> String {
    const HEAD: [&str; 3] = ["TOOL", "ARGUMENTS", "DESCRIPTION"];
    let rows: Vec<[String; 3]> =
        definitions.iter().map(|tool| [tool.name.clone(), arguments(&tool.parameters), about(tool)]).collect();
    if rows.is_empty() {
        return "This program has no tools.\n".into();
    }
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.chain([HEAD[column].len()]).max().unwrap_or_default()
    };
    let (names, arguments) = (width(0), width(1));
    let bold = Style::new().bold();
    let mut text = format!("{bold}{:<names$}  {:<arguments$}  {}{bold:#}\n", HEAD[0], HEAD[1], HEAD[2]);
    for [name, argument, about] in &rows {
        text.push_str(format!("{name:<names$}  {argument:<arguments$}  {about}").trim_end());
        text.push('\n');
    }
    text
}

/// The names of the arguments, with a `?` behind those that may be left out.
fn arguments(parameters: &Value) -> String {
    let Some(properties) = parameters["properties"].as_object() else { return "an object".into() };
    let is_required =
        |name: &String| parameters["required"].as_array().is_some_and(|all| all.iter().any(|one| one == name));
    let shown: Vec<_> =
        properties.keys().map(|name| if is_required(name) { name.clone() } else { format!("{name}?") }).collect();
    if shown.is_empty() { "-".into() } else { shown.join(", ") }
}

/// The first paragraph of the description, whose lines are those of a comment.
fn about(tool: &ToolDefinition) -> String {
    let background = if tool.async_ { "(background) " } else { "" };
    let paragraph: Vec<_> = tool.description.lines().map(str::trim).take_while(|line| !line.is_empty()).collect();
    format!("{background}{}", paragraph.join(" "))
}

fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}
