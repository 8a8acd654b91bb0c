#![allow(unused)]

use hms_webhook::{StatusUpdate, status_update};

#[status_update("ringing")]
async fn note(update: StatusUpdate) {}

fn main() {}
