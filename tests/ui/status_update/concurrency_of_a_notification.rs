#![allow(unused)]

use hms_webhook::{StatusUpdate, status_update};

#[status_update(concurrency = 8)]
async fn note(update: StatusUpdate) {}

fn main() {}
