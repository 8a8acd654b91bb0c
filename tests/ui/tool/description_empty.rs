#![allow(unused)]

use hms_webhook::tool;

#[tool(description = " ")]
async fn lookup_order() {}

fn main() {}
