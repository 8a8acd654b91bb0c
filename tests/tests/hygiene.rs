//! Generated code in other people's crates: renamed, behind a facade, among names that shadow the standard library,
//! under strict lints, written by other macros, in both editions.

use std::{fs, path::Path, process::Command, sync::Mutex};

/// Held while cargo runs: both tests write the same lock file.
static LOCK_FILE: Mutex<()> = Mutex::new(());

/// Clippy checks all that `cargo check` does, and the strict lints.
#[test]
fn generated_code_is_at_home_everywhere() {
    cargo(&["clippy", "--workspace"]);
}

/// What a program has that only names a crate of tools is asserted in that program.
#[test]
fn tools_of_a_library_register_themselves() {
    cargo(&["run", "--package", "uses_my_tools"]);
}

/// Runs cargo in `hygiene/`, where all the little crates are.
#[track_caller]
fn cargo(arguments: &[&str]) {
    let _alone = LOCK_FILE.lock();
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    // The versions of the main workspace, so that nothing has to be looked up or downloaded.
    fs::copy(tests.join("../Cargo.lock"), tests.join("hygiene/Cargo.lock")).expect("the lock file can be copied");
    let run = Command::new(env!("CARGO"))
        .args(arguments)
        .args(["--offline", "--quiet", "--color=never", "--target-dir"])
        .arg(Path::new(env!("CARGO_TARGET_TMPDIR")).join("hygiene"))
        .current_dir(tests.join("hygiene"))
        .output()
        .expect("cargo runs");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
}
