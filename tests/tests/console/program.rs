//! A program for the console's tests: its handlers of events fail, wait or hang, so that there is an inbox to look at.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use hms_webhook::{App, event, tool};
use tokio::sync::Notify;

/// Say whether anybody is there.
#[tool]
fn is_open() -> bool {
    true
}

/// Whether the next transcript can be filed. It can from the second one on.
#[derive(Default)]
struct Archive(AtomicBool);

/// Ends the handler that hangs.
#[derive(Default)]
struct Bell(Notify);

/// Becomes a dead letter at once.
#[event("transcript", tries = 1)]
fn file_transcript(archive: &Archive) -> Result<(), std::io::Error> {
    match archive.0.swap(true, Ordering::Relaxed) {
        true => Ok(()),
        false => Err(std::io::Error::other("the archive is closed")),
    }
}

/// Waits for its second try as long as any test lasts.
#[event("hang", tries = 2, first_retry = "1000h", longest_retry = "1000h")]
fn note_hang() -> Result<(), std::io::Error> {
    Err(std::io::Error::other("try it later"))
}

/// Runs until the bell rings.
#[event("conversation-update")]
async fn follow(bell: &Bell) {
    bell.0.notified().await;
}

#[event("user-interrupted")]
fn ring(bell: &Bell) {
    bell.0.notify_one();
}

#[tokio::main]
async fn main() -> hms_webhook::Result<()> {
    let app = App::discover().limits(|limits| limits.idle_time = Duration::from_secs(1));
    app.state(Archive::default()).state(Bell::default()).run().await
}
