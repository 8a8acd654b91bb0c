#![allow(unused)]

use hms_webhook::{AssistantReply, AssistantRequest, assistant_request};

#[assistant_request(concurrency = 0)]
async fn greet(request: AssistantRequest) -> AssistantReply {
    AssistantReply::saved()
}

fn main() {}
