#![allow(unused)]

use hms_webhook::{EndOfCallReport, end_of_call_report};

#[end_of_call_report]
fn file(report: EndOfCallReport) -> Result<u32, std::io::Error> {
    Ok(3)
}

fn main() {}
