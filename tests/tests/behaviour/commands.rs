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
    // What may be left out may be left out in every form.
    assert_eq!(garage(&["tools", "--profile", "openai-strict"]).output, seen.output);
    let lines: Vec<_> = seen.output.lines().collect();
    assert!(lines[0].starts_with("TOOL") && lines[0].contains("ARGUMENTS") && lines[0].ends_with("DESCRIPTION"));
    assert!(lines[1].starts_with("find_slot    day, limit?  Find"), "{}", lines[1]);
    assert!(!seen.output.contains('\u{1b}'));
}

#[test]
#[cfg(target_os = "linux")]
fn a_terminal_gets_colours_unless_it_wants_none() {
    let file = File::new("colours");
    fs::write(&file.0, r#"[{"name": "gone", "description": "", "parameters": {}}]"#).unwrap();
    // `script` runs a command on a terminal of its own.
    let on_terminal = |command: &str, variables: &[(&str, &str)]| {
        let line = format!("{} {command}", env!("CARGO_BIN_EXE_garage"));
        let mut script = Command::new("script");
        script.args(["--quiet", "--return", "--command", &line, "/dev/null"]).env_clear();
        script.envs(variables.iter().copied()).env("PATH", env::var_os("PATH").unwrap());
        let output = script.stdin(process::Stdio::null()).output().expect("`script` of util-linux is there");
        String::from_utf8(output.stdout).unwrap()
    };
    let check = format!("tools --check {}", file.path());
    let terminal = ("TERM", "xterm-256color");
    let seen = on_terminal(&check, &[terminal]);
    assert!(seen.contains("\u{1b}[1m\u{1b}[31mbreaking"), "{seen:?}");
    assert!(seen.contains("\u{1b}[32mcompatible"), "{seen:?}");
    assert!(on_terminal("tools", &[terminal]).contains("\u{1b}[1mTOOL"));
    for variables in [&[terminal, ("NO_COLOR", "1")][..], &[("TERM", "dumb")]] {
        let seen = on_terminal(&check, variables);
        assert!(seen.contains("breaking") && !seen.contains('\u{1b}'), "{seen:?}");
    }
    // What a program reads has none, wherever it goes.
    assert!(!on_terminal("tools --json", &[terminal]).contains('\u{1b}'));
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
    let things = File::new("things");
    let nested = r#"[{"type": "function", "function": {"name": "a", "parameters": {}}}]"#;
    for (other, part) in [
        ("[1, 2]", "number 1 of its list"),
        (r#"[{"price": 3}]"#, "`name`"),
        ("[", "not JSON"),
        (nested, "number 1 of its list"),
        (
            r#"[{"name": "a", "parameters": {}, "price": 3, "size": 1}]"#,
            "number 1 of its list, `a`, has the member `price`",
        ),
        (r#"[{"name": "a", "parameters": 5}]"#, "number 1 of its list, `a`, has `parameters` that are no object"),
        (
            r#"[{"name": "b", "parameters": {}}, {"name": "a", "parameters": {}}, {"name": "b", "parameters": {}}]"#,
            "has the tool `b` twice, as number 1 and number 3",
        ),
    ] {
        fs::write(&things.0, other).unwrap();
        let seen = garage(&["tools", "--check", things.path()]);
        assert_eq!((seen.code, seen.errors.lines().count()), (Some(1), 1), "{}", seen.errors);
        assert!(seen.errors.contains(part) && !seen.errors.contains("struct"), "{}", seen.errors);
    }
}

#[test]
fn a_file_is_written_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let refused = |file: &str, advice: &str| {
        let seen = garage(&["tools", "--write", file]);
        assert_eq!((seen.code, &*seen.output, seen.errors.lines().count()), (Some(1), "", 1), "{}", seen.errors);
        assert!(seen.errors.contains(file) && seen.errors.contains(advice), "{}", seen.errors);
    };
    refused("/no/such/folder/tools.json", "in a folder that is there");
    refused(folder.path().to_str().unwrap(), "it is a folder: name a file in it");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);

    // What was there is replaced, through a link too, and nothing else is left behind.
    fs::write(path("tools.json"), "x".repeat(100_000)).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        fs::set_permissions(path("tools.json"), fs::Permissions::from_mode(0o640)).unwrap();
        symlink(path("tools.json"), path("link.json")).unwrap();
        assert_eq!(garage(&["tools", "--write", &path("link.json")]).code, Some(0));
        assert!(fs::symlink_metadata(path("link.json")).unwrap().is_symlink());
        assert_eq!(fs::metadata(path("tools.json")).unwrap().permissions().mode() & 0o777, 0o640);
        fs::remove_file(path("link.json")).unwrap();
        // What is no file is written to as it is.
        assert_eq!(
            garage(&["tools", "--write", "/dev/stdout"]).output,
            fs::read_to_string(path("tools.json")).unwrap()
        );
    }
    assert_eq!(garage(&["tools", "--write", &path("tools.json")]).code, Some(0));
    assert_eq!(garage(&["tools", "--check", &path("tools.json")]).code, Some(0));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_file_in_the_form_of_a_profile_is_judged_by_what_it_means() {
    let file = File::new("profile");
    let form = |what: &str| garage(&["tools", what, file.path(), "--profile", "anthropic"]);
    assert_eq!(form("--write").code, Some(0));
    assert_eq!(form("--check").code, Some(0), "{}", form("--check").output);
    let written = fs::read_to_string(&file.0).unwrap();
    for (other, line) in [
        ("At most 9999999999.", "breaking    find_slot.limit: maximum 9999999999 → 4294967295"),
        ("At most 5.", "compatible  find_slot.limit: maximum 5 → 4294967295"),
    ] {
        fs::write(&file.0, written.replace("At most 4294967295.", other)).unwrap();
        let seen = form("--check");
        assert_eq!((seen.code, seen.output.trim_end()), (Some(1), line));
    }
    // Compared with another form than its own, it is told which one that is.
    fs::write(&file.0, &written).unwrap();
    let seen = garage(&["tools", "--check", file.path()]);
    assert_eq!(seen.code, Some(1));
    assert!(seen.errors.contains("the form of `anthropic`: compare it with `--profile anthropic`"), "{}", seen.errors);
    // A file in another form is not what `--write` would write, though it says the same.
    assert_eq!(garage(&["tools", "--write", file.path()]).code, Some(0));
    let seen = garage(&["tools", "--check", file.path(), "--profile", "openai-strict"]);
    assert_eq!(seen.code, Some(1));
    assert!(seen.output.starts_with("compatible  find_slot: the same, written in another way"), "{}", seen.output);
}

#[test]
fn a_file_that_writing_would_not_mend_is_not_to_be_written() {
    let bytes = File::new("bytes");
    fs::write(&bytes.0, b"\xff\xfe[]").unwrap();
    let folder = env::temp_dir();
    for file in [bytes.path(), folder.to_str().unwrap()] {
        let seen = garage(&["tools", "--check", file]);
        assert_eq!((seen.code, seen.errors.lines().count()), (Some(1), 1), "{}", seen.errors);
        assert!(seen.errors.contains(file), "{}", seen.errors);
        assert!(!seen.errors.contains(&format!("--write {file}")), "{}", seen.errors);
    }
}

#[test]
fn arguments_come_from_standard_input_where_a_dash_stands_for_them() {
    let input = File::new("input");
    let call = |text: &[u8]| {
        fs::write(&input.0, text).unwrap();
        let mut garage = Command::new(env!("CARGO_BIN_EXE_garage"));
        garage.args(["call", "find_slot", "-"]).env_clear().stdin(fs::File::open(&input.0).unwrap()).output().unwrap()
    };
    let done = call(b"{\"day\": \"Monday\"}\n");
    assert_eq!(done.status.code(), Some(0), "{done:?}");
    assert!(serde_json::from_slice::<Value>(&done.stdout).unwrap().is_object());
    let large = format!("{{\"day\": \"{}\"}}", "x".repeat(3_000_000));
    for (text, part) in [
        (&b"day: Monday"[..], "not JSON"),
        (b"", "not JSON"),
        (b"\xff", "standard input"),
        (large.as_bytes(), "larger than the limit of 1048576 bytes"),
    ] {
        let seen = call(text);
        let errors = String::from_utf8(seen.stderr).unwrap();
        assert_eq!((seen.status.code(), errors.lines().count()), (Some(1), 1), "{errors}");
        assert!(errors.contains(part), "{errors}");
    }
}

#[test]
fn arguments_that_are_no_object_are_called_what_they_are() {
    for (arguments, part) in [("[1]", "got an array"), ("5", "got the number 5"), ("\"day\"", "the string \"day\"")] {
        let seen = garage(&["call", "find_slot", arguments]);
        let heard: Value = serde_json::from_str(&seen.output).unwrap();
        assert_eq!(seen.code, Some(2));
        assert!(heard["error"].as_str().unwrap().contains(part), "{heard}");
    }
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
fn a_background_tool_that_fails_is_told_after_its_acknowledgement() {
    let folder = tempfile::tempdir().unwrap();
    let (gone, closed) = (folder.path().join("gone"), folder.path().join("closed"));
    fs::write(closed, "").unwrap();
    for (program, call, folder, part) in [
        (env!("CARGO_BIN_EXE_keeping"), &["call", "complain"][..], gone.as_path(), "failed: No such file or directory"),
        (env!("CARGO_BIN_EXE_keeping"), &["call", "complain"], folder.path(), "failed: it told: nobody listens"),
        (env!("CARGO_BIN_EXE_observed"), &["call", "later", r#"{"article":"bell"}"#], folder.path(), "nobody has 4"),
    ] {
        let seen = Command::new(program).args(call).env_clear().env("KEEPING", folder).output().unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&seen.stdout).unwrap(), json!({ "result": "accepted" }));
        let errors = String::from_utf8(seen.stderr).unwrap();
        assert_eq!((seen.status.code(), errors.lines().count()), (Some(2), 1), "{errors}");
        assert!(errors.starts_with("Error: the background tool `") && errors.contains(part), "{errors}");
    }
    // What the panic itself writes is the program's own.
    let seen = Command::new(env!("CARGO_BIN_EXE_keeping")).args(["call", "complain"]).env_clear().output().unwrap();
    let errors = String::from_utf8(seen.stderr).unwrap();
    assert_eq!(seen.status.code(), Some(2), "{errors}");
    assert!(errors.ends_with("`complain` failed: it panicked: KEEPING names a folder\n"), "{errors}");
    assert!(!errors.contains("tried again"), "{errors}");
    assert_eq!(garage(&["call", "send_prices"]).errors, "");
}

#[test]
fn the_help_of_each_command_documents_its_exit_codes() {
    for command in [
        &["--help"][..],
        &["serve", "--help"],
        &["tools", "--help"],
        &["call", "--help"],
        &["send", "--help"],
        &["simulate", "--help"],
        &["replay", "--help"],
        &["events", "--help"],
        &["events", "list", "--help"],
        &["events", "replay", "--help"],
        &["push", "--help"],
    ] {
        let seen = garage(command);
        assert_eq!((seen.code, &*seen.errors), (Some(0), ""));
        assert!(seen.output.contains("Exit codes:"), "{}", seen.output);
        // Where no terminal says how wide it is; one of 80 columns breaks what is longer itself.
        let longest = seen.output.lines().map(|line| line.chars().count()).max();
        assert!(longest <= Some(100), "{}", seen.output);
        let listed = seen.output.lines().filter(|line| line.starts_with("  ") && !line.trim().starts_with("--"));
        let codes: Vec<_> = listed.skip_while(|line| !line.starts_with("  0  ")).collect();
        assert!(codes.iter().all(|line| line.chars().count() <= 80), "{codes:?}");
    }
}

#[test]
fn the_help_names_the_variables_that_the_server_reads() {
    let help = garage(&["--help"]);
    assert_eq!((help.code, &*help.errors), (Some(0), ""));
    let environment = |text: &str| text.split("Environment:").nth(1)?.split("Exit codes:").next().map(str::to_owned);
    let named = environment(&help.output).unwrap();
    assert_eq!(environment(&garage(&["serve", "--help"]).output).as_deref(), Some(&*named));
    for variable in [
        "HMS_WEBHOOK_SECRET",
        "HMS_WEBHOOK_SECRET_FILE",
        "HMS_WEBHOOK_SECRET_PREVIOUS",
        "HMS_WEBHOOK_LISTEN",
        "PORT",
        "HMS_WEBHOOK_PATH",
        "HMS_WEBHOOK_TRUSTED_PROXIES",
        "HMS_WEBHOOK_PROXY_PROTOCOL",
        "HMS_WEBHOOK_ALLOWED_NETWORKS",
        "HMS_WEBHOOK_TLS_CERTIFICATE",
        "HMS_WEBHOOK_TLS_KEY",
        "HMS_WEBHOOK_STOP_PAUSE",
        "HMS_WEBHOOK_STORE",
        "HMS_WEBHOOK_METRICS",
        "HMS_WEBHOOK_CONSOLE_TOKEN",
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
        "OTEL_SERVICE_NAME",
        "OTEL_SDK_DISABLED",
        "RUST_LOG",
    ] {
        assert!(named.contains(variable), "{variable} in {named}");
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

const SNAPSHOT: &str = "SNAPSHOT_OF_FREE_BAYS";

/// Run by the next test, which sets the environment.
#[test]
#[ignore = "it writes where its environment says"]
fn a_snapshot_where_the_environment_says() {
    let Ok(file) = env::var(SNAPSHOT) else { return };
    assert_tools_snapshot!(App::new().tools(tools![free_bays]), &file);
}

#[test]
fn a_snapshot_is_written_when_that_is_asked_for() {
    let file = File::new("updated");
    fs::write(&file.0, "[]").unwrap();
    let test = |update: Option<&str>| {
        let mut test = Command::new(env::current_exe().unwrap());
        test.args(["--ignored", "--exact", "commands::a_snapshot_where_the_environment_says"]);
        test.env_remove("UPDATE_TOOLS_SNAPSHOT").env(SNAPSHOT, file.path());
        test.envs(update.map(|update| ("UPDATE_TOOLS_SNAPSHOT", update)));
        let output = test.output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(said.contains("running 1 test"), "{said}");
        output.status.success()
    };
    for update in [None, Some(""), Some("0")] {
        assert!(!test(update), "{update:?}");
        assert_eq!(fs::read_to_string(&file.0).unwrap(), "[]");
    }
    assert!(test(Some("1")));
    let written: Value = serde_json::from_str(&fs::read_to_string(&file.0).unwrap()).unwrap();
    assert_eq!(written[0]["name"], "free_bays");
    assert!(test(None), "what was written is what is compared");
}

#[test]
#[should_panic(expected = "UPDATE_TOOLS_SNAPSHOT=1")]
fn a_snapshot_that_is_not_there_says_how_to_make_it() {
    assert_tools_snapshot!(App::new().tools(tools![free_bays]), "no-such-file.json");
}
