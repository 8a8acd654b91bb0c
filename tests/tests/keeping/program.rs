//! The program that these tests start. Its handlers write a line when they begin and one when they are done, in the file
//! `journal` of the folder `KEEPING`. What they do depends on other files there: `hold` makes them wait, `broken` and
//! `closed` fail.

use std::{fs::OpenOptions, io::Write, path::PathBuf, time::Duration};

use hms_webhook::{
    App, AssistantReply, AssistantRequest, Call, EndOfCallReport, StatusUpdate, ToolError, UnknownEvent,
    assistant_request, end_of_call_report, event, status_update, tool,
};

fn place(name: &str) -> PathBuf {
    PathBuf::from(std::env::var_os("KEEPING").expect("KEEPING names a folder")).join(name)
}

/// One write to a file that is only appended to: a line is there as a whole or not at all.
fn write(what: &str, call: &Call) -> std::io::Result<()> {
    let line = format!("{what} {} {}\n", call.id(), call.attempt());
    OpenOptions::new().create(true).append(true).open(place("journal"))?.write_all(line.as_bytes())
}

fn is_there(name: &str) -> bool {
    place(name).exists()
}

const PAUSE: Duration = Duration::from_millis(5);

#[status_update]
async fn note(_update: StatusUpdate, call: &Call) -> std::io::Result<()> {
    write("begin", call)?;
    while is_there("hold") {
        tokio::time::sleep(PAUSE).await;
    }
    write("done", call)
}

#[end_of_call_report(tries = 2, first_retry = "10ms", longest_retry = "10ms")]
async fn file(_report: EndOfCallReport, call: &Call) -> std::io::Result<()> {
    write("begin", call)?;
    if is_there("broken") {
        return Err(std::io::Error::other("the cabinet is locked"));
    }
    write("done", call)
}

/// One that blocks its thread, which nobody can end.
#[event("call-held")]
fn wait(_event: UnknownEvent, call: &Call) -> std::io::Result<()> {
    write("begin", call)?;
    while is_there("hold") {
        std::thread::sleep(PAUSE);
    }
    write("done", call)
}

#[assistant_request]
async fn greet(_request: AssistantRequest) -> AssistantReply {
    AssistantReply::saved().max_duration(Duration::from_secs(300))
}

/// Book something.
#[tool]
async fn book(call: &Call) -> std::io::Result<&'static str> {
    write("booked", call)?;
    Ok("booked")
}

/// Write something down later.
#[tool(background)]
async fn complain(call: &Call) -> Result<(), ToolError> {
    if is_there("closed") {
        return Err(ToolError::tell("nobody listens"));
    }
    Ok(write("complained", call)?)
}

#[tokio::main]
async fn main() -> hms_webhook::Result<()> {
    App::discover().stop_within(Duration::from_millis(300)).run().await
}
