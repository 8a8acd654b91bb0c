#![allow(unused)]

use hms_webhook::{EndOfCallReport, end_of_call_report};

#[end_of_call_report(first_retry = "1m", longest_retry = "5s")]
async fn file(report: EndOfCallReport) {}

fn main() {}
