//! Any bytes as a body: never a panic, and nothing is an event that is no JSON.

#![no_main]

use hms_webhook::event::{Event, ParseError};
use libfuzzer_sys::fuzz_target;
use serde::de::IgnoredAny;

fuzz_target!(|body: &[u8]| {
    let parsed: Result<Event, ParseError> = Event::parse(body);
    match parsed {
        Ok(event) => {
            assert!(serde_json::from_slice::<IgnoredAny>(body).is_ok(), "an event that is no JSON");
            // Formatting and reading what was kept must not fail either.
            let _ = format!("{event:?}");
            let _ = event.context().metadata::<serde_json::Value>();
        }
        Err(error) => {
            let text = error.to_string();
            assert!(!text.is_empty() && !text.contains('\n'));
        }
    }
});
