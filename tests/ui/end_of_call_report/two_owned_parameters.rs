#![allow(unused)]

use hms_webhook::{Call, EndOfCallReport, end_of_call_report};

#[end_of_call_report]
async fn file(report: EndOfCallReport, call: Call) {}

fn main() {}
