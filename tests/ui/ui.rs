//! What the compiler says to somebody who made a mistake with a macro: one error for each, at their own token.
//!
//! The messages are the ones of the toolchain that this repository is developed with; `TRYBUILD=overwrite` writes
//! them anew. Read what changed before accepting it.

#![expect(clippy::unwrap_used, reason = "a test may end by a panic")]

use std::{fs, path::Path};

const FOLDERS: [&str; 6] = ["tool", "assistant_request", "status_update", "end_of_call_report", "event", "listing"];

#[test]
fn mistakes_are_explained() {
    let cases = trybuild::TestCases::new();
    for folder in FOLDERS {
        cases.compile_fail(format!("{folder}/**/*.rs"));
    }
}

#[test]
fn no_case_is_left_out() {
    let manifest = include_str!("Cargo.toml");
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    for name in names(here) {
        let is_other = ["Cargo.toml", "pass", "ui.rs", "target", "wip"].contains(&&*name);
        assert!(is_other || FOLDERS.contains(&&*name), "{name} is not among the folders");
    }
    for name in names(&here.join("pass")) {
        assert!(manifest.contains(&format!("path = \"pass/{name}\"")), "pass/{name} is no test in Cargo.toml");
    }
}

fn names(folder: &Path) -> Vec<String> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}
