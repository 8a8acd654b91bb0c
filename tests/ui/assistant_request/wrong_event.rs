#![allow(unused)]

use hms_webhook::{AssistantReply, StatusUpdate, assistant_request};

#[assistant_request]
async fn greet(request: StatusUpdate) -> AssistantReply {
    loop {}
}

fn main() {}
