#![allow(unused)]

use hms_webhook::tool;

#[tool]
async fn lookup_order() {}

fn main() {}
