//! The attribute macros of `hms-webhook`. Use them through that crate, which documents them.
