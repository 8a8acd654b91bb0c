#![allow(unused)]

use hms_webhook::{AssistantReply, AssistantRequest, assistant_request};

#[assistant_request(tries = 3)]
async fn greet(request: AssistantRequest) -> AssistantReply {
    AssistantReply::saved()
}

fn main() {}
