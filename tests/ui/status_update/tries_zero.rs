#![allow(unused)]

use hms_webhook::{StatusUpdate, status_update};

#[status_update(tries = 0)]
async fn note(update: StatusUpdate) {}

fn main() {}
