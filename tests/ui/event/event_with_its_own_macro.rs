#![allow(unused)]

use hms_webhook::{UnknownEvent, event};

#[event("tool-calls")]
async fn other(event: UnknownEvent) {}

fn main() {}
