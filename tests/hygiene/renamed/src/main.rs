//! The crate under another name.

use voice::{AssistantReply, AssistantRequest, Call, EndOfCallReport, StatusUpdate, UnknownEvent};

/// Looks up an order.
#[voice::tool("lookup", crate = ::voice, deadline = "3s")]
async fn lookup_order(
    #[arg(range = 1..=9, default = 3)] lines: u32,
    #[arg(length = 1..=9, example = "A-1")] id: String,
    call: &Call,
) -> u32 {
    let _ = (id, call);
    lines
}

#[voice::assistant_request(crate = voice)]
async fn greet(_: AssistantRequest) -> Result<AssistantReply, std::io::Error> {
    Err(std::io::ErrorKind::Other.into())
}

#[voice::status_update(crate = voice)]
fn note(_: StatusUpdate) {}

#[voice::end_of_call_report(crate = voice)]
async fn report(_: EndOfCallReport) {}

#[voice::event("transcript", crate = voice)]
async fn transcript(_: UnknownEvent) {}

fn main() {
    let _ = (voice::tools![lookup_order], voice::handlers![greet, note, report, transcript]);
}
