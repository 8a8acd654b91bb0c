//! Names of the standard library that mean something else here.

#![no_implicit_prelude]
#![allow(dead_code, non_camel_case_types, unused_macros, clippy::empty_loop)]

mod std {}
mod core {}
mod alloc {}
mod hms_webhook {}
mod inventory {}
mod __private {}

struct Option;
struct Result;
struct Some;
struct None;
struct Ok;
struct Err;
struct String;
struct Vec;
struct Box;
struct str;
struct u32;
struct bool;
trait Default {}
trait Into {}
trait Send {}
trait Sync {}
trait Tool {}
trait Handler {}
fn drop() {}
fn concat() {}
macro_rules! concat { () => {} }
macro_rules! line { () => {} }
macro_rules! file { () => {} }
macro_rules! unreachable { () => {} }

/// Looks up an order.
#[::hms_webhook::tool("lookup", deadline = "3s", after_deadline = "finish", message = "One moment")]
async fn lookup_order(
    #[arg(range = 1..=9, default = 3, example = 4)] lines: ::core::primitive::u32,
    #[arg(length = 1..=9, example = "A-1", default = "A-2", pattern = "^A")] id: ::std::string::String,
    #[arg(default)] more: ::core::option::Option<::core::primitive::bool>,
    call: &::hms_webhook::Call,
) -> ::core::result::Result<::core::primitive::u32, ::hms_webhook::ToolError> {
    let _ = (id, more, call);
    ::core::result::Result::Ok(lines)
}

/// Blocks.
#[::hms_webhook::tool]
fn blocking() {}

#[::hms_webhook::assistant_request]
async fn greet(_: ::hms_webhook::AssistantRequest) -> ::hms_webhook::AssistantReply {
    loop {}
}

#[::hms_webhook::status_update]
fn note(_: ::hms_webhook::StatusUpdate) {}

#[::hms_webhook::end_of_call_report]
async fn report(_: ::hms_webhook::EndOfCallReport) {}

#[::hms_webhook::event("transcript")]
async fn transcript(_: ::hms_webhook::UnknownEvent) {}

/// All of them.
pub fn listed() {
    let _ = ::hms_webhook::tools![lookup_order, blocking];
    let _ = ::hms_webhook::handlers![greet, note, report, transcript];
}
