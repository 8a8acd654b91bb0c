#![allow(unused)]

use hms_webhook::{EndOfCallReport, end_of_call_report};

#[end_of_call_report(first_retry = "2")]
async fn file(report: EndOfCallReport) {}

fn main() {}
