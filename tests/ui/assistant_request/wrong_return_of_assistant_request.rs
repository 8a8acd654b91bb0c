#![allow(unused)]

use hms_webhook::{AssistantRequest, assistant_request};

#[assistant_request]
async fn greet(request: AssistantRequest) -> String {
    String::new()
}

fn main() {}
