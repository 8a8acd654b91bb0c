//! Every form of the event handlers.

#![allow(clippy::empty_loop)] // never called: only their types matter

use hms_webhook::{
    AssistantReply, AssistantRequest, Call, EndOfCallReport, StatusUpdate, UnknownEvent, assistant_request,
    end_of_call_report, event, handlers, status_update,
};

struct Crm;

#[assistant_request]
async fn greet(request: AssistantRequest, crm: &Crm) -> AssistantReply {
    let _ = (request, crm);
    loop {}
}

#[assistant_request]
fn greet_or_not(_: AssistantRequest) -> Result<AssistantReply, std::io::Error> {
    loop {}
}

#[status_update]
async fn ringing(update: StatusUpdate) {
    let _ = update;
}

#[status_update(crate = hms_webhook)]
fn only_call(call: &Call) {
    let _ = call;
}

#[end_of_call_report]
async fn report(crm: &Crm, report: EndOfCallReport) -> Result<(), std::io::Error> {
    let _ = (report, crm);
    Ok(())
}

#[event("transcript")]
async fn transcript(event: UnknownEvent) {
    let _ = event;
}

fn main() {
    let _ = handlers![greet, greet_or_not, ringing, only_call, report, transcript];
}
