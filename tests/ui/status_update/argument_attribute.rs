#![allow(unused)]

use hms_webhook::{StatusUpdate, status_update};

#[status_update]
async fn note(#[arg(name = "u")] update: StatusUpdate) {}

fn main() {}
