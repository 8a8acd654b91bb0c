#![allow(unused)]

use hms_webhook::{StatusUpdate, status_update};

#[status_update]
async fn note(update: StatusUpdate) -> u32 {
    3
}

fn main() {}
