//! A company's own crate, which hands the framework on.

pub use hms_webhook;
