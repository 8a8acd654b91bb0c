#![allow(unused)]

use hms_webhook::{UnknownEvent, event};

#[event]
async fn other(event: UnknownEvent) {}

fn main() {}
