//! The commands `tools` and `call` as somebody at a keyboard or a CI job sees them: exit codes, and what goes to which
//! stream.

use std::{
    env, fs,
    path::PathBuf,
    process::{self, Command},
};

use hms_webhook::{App, assert_tools_snapshot, tool, tools};
use serde_json::{Value, json};

struct Seen {
    code: Option<i32>,
    output: String,
    errors: String,
}

/// Runs `garage …` with an empty environment and without a terminal.
fn garage(arguments: &[&str]) -> Seen {
    let output = Command::new(env!("CARGO_BIN_EXE_garage")).args(arguments).env_clear().output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Seen { code: output.status.code(), output: text(output.stdout), errors: text(output.stderr) }
}

/// A file of this test's own.
struct File(PathBuf);

impl File {
    fn new(name: &str) -> Self {
        Self(env::temp_dir().join(format!("garage-{}-{name}.json", process::id())))
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

#[test]
fn the_definitions_are_json_on_standard_output() {
    let seen = garage(&["tools", "--json"]);
    assert_eq!((seen.code, &*seen.errors), (Some(0), ""));
    let definitions: Value = serde_json::from_str(&seen.output).unwrap();
    assert_eq!(definitions[0]["name"], "find_slot");
    assert_eq!(definitions[0]["parameters"]["type"], "object");
}

#[test]
fn people_get_a_table_without_colours_in_a_pipe() {
    let seen = garage(&["tools"]);
    assert_eq!((seen.code, &*seen.errors), (Some(0), ""));
    let lines: Vec<_> = seen.output.lines().collect();
    assert!(lines[0].starts_with("TOOL") && lines[0].contains("ARGUMENTS") && lines[0].ends_with("DESCRIPTION"));
    assert!(lines[1].starts_with("find_slot    day, limit?  Find"), "{}", lines[1]);
    assert!(!seen.output.contains('\u{1b}'));
}

#[test]
fn a_file_is_checked_and_each_change_called_breaking_or_compatible() {
    let file = File::new("check");
    let written = garage(&["tools", "--write", file.path()]);
    assert_eq!((written.code, &*written.output), (Some(0), ""));
    let same = garage(&["tools", "--check", file.path()]);
    assert_eq!((same.code, &*same.output), (Some(0), ""));

    let mut definitions: Value = serde_json::from_str(&fs::read_to_string(&file.0).unwrap()).unwrap();
    definitions[0]["description"] = "Something else.".into();
    definitions[0]["parameters"]["properties"]["day"] = json!({ "type": ["string", "integer"] });
    fs::write(&file.0, definitions.to_string()).unwrap();
    let other = garage(&["tools", "--check", file.path()]);
    assert_eq!(other.code, Some(1));
    let lines: Vec<_> = other.output.lines().collect();
    assert!(lines[0].starts_with("compatible  find_slot: description \"Something else.\" → "), "{}", other.output);
    assert!(
        lines[1].starts_with("breaking    find_slot.day: type [\"string\",\"integer\"] → \"string\""),
        "{}",
        other.output
    );
    assert!(other.errors.contains("--write"), "{}", other.errors);
}

#[test]
fn what_cannot_be_checked_is_one_line_that_says_what_to_do() {
    let foreign = File::new("foreign");
    fs::write(&foreign.0, r#"{"name":"find_slot"}"#).unwrap();
    for file in [foreign.path(), "/no/such/file.json"] {
        let seen = garage(&["tools", "--check", file]);
        assert_eq!((seen.code, &*seen.output), (Some(1), ""));
        assert_eq!(seen.errors.lines().count(), 1, "{}", seen.errors);
        assert!(seen.errors.contains(file) && seen.errors.contains("tools --write"), "{}", seen.errors);
    }
    let unwritable = garage(&["tools", "--write", "/no/such/folder/tools.json"]);
    assert_eq!((unwritable.code, unwritable.errors.lines().count()), (Some(1), 1), "{}", unwritable.errors);
}

#[test]
fn a_call_prints_what_the_model_would_hear() {
    let seen = garage(&["call", "find_slot", r#"{"day":"Monday","limit":"2"}"#]);
    assert_eq!((seen.code, &*seen.errors), (Some(0), ""));
    assert!(serde_json::from_str::<Value>(&seen.output).unwrap().is_object(), "{}", seen.output);
    let refused = garage(&["call", "find_slot", r#"{"limit":"two"}"#]);
    assert_eq!(refused.code, Some(2));
    let heard: Value = serde_json::from_str(&refused.output).unwrap();
    for part in ["`day` is missing", "`limit` must be"] {
        assert!(heard["error"].as_str().unwrap().contains(part), "{heard}");
    }
}

#[test]
fn a_call_that_cannot_be_made_is_one_line_that_says_what_to_do() {
    for (arguments, part) in [
        (["call", "find_slt", "{}"], "did you mean `find_slot`?"),
        (["call", "find_slot", "{day: Monday}"], "not JSON"),
        (["call", "find_slot", ""], "not JSON"),
    ] {
        let seen = garage(&arguments);
        assert_eq!((seen.code, &*seen.output), (Some(1), ""), "{arguments:?}");
        assert_eq!(seen.errors.lines().count(), 1, "{}", seen.errors);
        assert!(seen.errors.contains(part), "{}", seen.errors);
    }
}

#[test]
fn the_help_of_each_command_documents_its_exit_codes() {
    for command in ["tools", "call"] {
        let seen = garage(&[command, "--help"]);
        assert_eq!((seen.code, &*seen.errors), (Some(0), ""));
        assert!(seen.output.contains("Exit codes:"), "{}", seen.output);
    }
}

/// Say how many bays are free.
#[tool]
fn free_bays(
    /// The day.
    #[arg(length = 3..=9)]
    day: String,
) -> usize {
    day.len()
}

#[test]
fn a_snapshot_holds_while_the_tools_stay_what_they_are() {
    assert_tools_snapshot!(App::new().tools(tools![free_bays]), "tests/behaviour/free_bays.json");
}

#[test]
#[should_panic(expected = "breaking    free_bays.day: maxLength 10 → 9")]
fn a_snapshot_fails_with_what_has_changed() {
    let file = File::new("snapshot");
    let committed = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/behaviour/free_bays.json")).unwrap();
    fs::write(&file.0, committed.replace("\"maxLength\": 9", "\"maxLength\": 10")).unwrap();
    assert_tools_snapshot!(App::new().tools(tools![free_bays]), file.path());
}

#[test]
#[should_panic(expected = "UPDATE_TOOLS_SNAPSHOT=1")]
fn a_snapshot_that_is_not_there_says_how_to_make_it() {
    assert_tools_snapshot!(App::new().tools(tools![free_bays]), "no-such-file.json");
}
