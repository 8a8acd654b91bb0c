#![allow(unused)]

use hms_webhook::{StatusUpdate, status_update};

#[status_update(deadline = "3s")]
async fn note(update: StatusUpdate) {}

fn main() {}
