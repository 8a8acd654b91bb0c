//! What the compiler says to somebody who made a mistake with a macro: one error for each, at their own token.
//!
//! The messages are the ones of the toolchain that this repository is developed with; `TRYBUILD=overwrite` writes
//! them anew. Read what changed before accepting it.

#[test]
fn mistakes_are_explained() {
    let cases = trybuild::TestCases::new();
    for folder in ["tool", "assistant_request", "status_update", "end_of_call_report", "event", "listing"] {
        cases.compile_fail(format!("{folder}/**/*.rs"));
    }
}
