//! Typed handlers for the webhooks of voice agents on HMS Sovereign / VoiceDock.
//!
//! During a phone call the platform POSTs signed JSON to your server and waits for the answer. You annotate functions
//! and call one function; signatures, arguments, schemas, deadlines and the form of the answers are taken care of.
//!
//! ```no_run
//! use hms_webhook::{App, AssistantReply, AssistantRequest, Call, ToolError, assistant_request, tool};
//!
//! struct Opening { hour: u8 }
//!
//! /// Say when the shop opens on a day of the week.
//! #[tool]
//! async fn opening_hour(
//!     /// The day in English.
//!     day: String,
//!     opening: &Opening, // borrowed: handed in by the server
//! ) -> Result<u8, ToolError> {
//!     if day == "Sunday" {
//!         return Err(ToolError::tell("the shop is closed on Sundays"));
//!     }
//!     Ok(opening.hour)
//! }
//!
//! #[assistant_request]
//! async fn answer(_request: AssistantRequest, call: &Call) -> AssistantReply {
//!     match call.customer_number() {
//!         Some(_) => AssistantReply::saved(),
//!         None => AssistantReply::reject("We take calls from phones only."),
//!     }
//! }
//!
//! #[tokio::main]
//! async fn main() -> hms_webhook::Result<()> {
//!     App::discover().state(Opening { hour: 9 }).run().await
//! }
//! ```
//!
//! **The one rule of a handler's parameters: what is owned comes from the wire, what is borrowed comes from the
//! server.**
//!
//! # Where to look
//!
//! - Handlers: [`macro@tool`], [`macro@assistant_request`], [`macro@status_update`], [`macro@end_of_call_report`],
//!   [`macro@event`].
//! - What they are given: [`Call`], [`Deadline`], the events of [`mod@event`].
//! - What they return: any `serde::Serialize`, [`ToolError`], [`AssistantReply`] and the builders of [`reply`].
//! - Getting it to answer: [`App`], `App::run`, `App::serve`, [`App::into_service`].
//! - Testing: [`testing::TestPlatform`]. Signing and verifying by themselves: [`signature`].
//!
//! # Features
//!
//! | Feature | What it adds |
//! | --- | --- |
//! | `server` | `App::serve`: listener, HTTP/1.1, time-outs, an orderly end |
//! | `http2` (default) | `App::serve` also speaks HTTP/2; needs `server` |
//! | `cli` (default) | `App::run` and `run`: command line, environment, logs, signals; needs `server` |
//! | `console` | `serve --dev`: a page for development at `/_console`, on a loopback address only; needs `cli` |
//! | `control` | [`control::CallControl`]: commands to a phone call that is going on |
//! | `metrics` | counters, gauges and histograms through the facade `metrics` |
//! | `opentelemetry` | `App::run` exports its spans over OTLP where the environment names a collector; needs `cli` |
//! | `prometheus` | `App::run` serves them to Prometheus at an address of their own; needs `metrics` and `cli` |
//! | `garde` | `#[arg(garde)]`: the rules of an argument's `#[derive(garde::Validate)]` are checked |
//! | `profiles` (default) | `App::definitions_for`: definitions as the models of a certain provider take them; comes with `testing` |
//! | `testing` (default) | the module [`testing`]; comes with `cli` |
//! | `tls` | `App::tls`: the server speaks TLS itself; needs `server` |
//! | `push` | the command `push`, which puts the tools on the platform; needs `cli` |
//!
//! # The wire
//!
//! The platform's protocol is known from public documents only. Where these docs say "PROTOCOL.md §3.2", or "P §3.2",
//! they mean the section of the protocol's description that a fact comes from.

#[cfg(fuzzing)]
#[doc(hidden)]
#[path = "fuzzing.rs"]
pub mod __fuzzing;
mod app;
mod arguments;
mod blocking;
mod call_id;
mod capacity;
#[cfg(feature = "cli")]
mod cli;
#[cfg(feature = "console")]
mod console;
mod contained;
#[cfg(feature = "control")]
pub mod control;
mod deadline;
mod delivery;
mod depth;
mod error;
pub mod event;
mod gate;
mod handled;
mod handler;
mod header_lines;
mod inbox;
mod limits;
mod listed;
mod log_limit;
mod metrics;
#[cfg_attr(not(feature = "testing"), allow(dead_code))] // tests ask to be told
mod mishap;
mod once;
mod overview;
#[cfg(feature = "testing")]
mod platform_headers;
#[cfg(feature = "push")]
mod push;
#[cfg(feature = "cli")]
mod record;
#[cfg(feature = "cli")]
mod redact;
mod rejection;
pub mod reply;
mod response;
#[cfg(feature = "control")]
#[cfg_attr(not(feature = "push"), allow(dead_code))] // `push` uses all of it
mod rest;
mod retry;
mod router;
#[cfg(feature = "testing")]
mod sample_event;
mod schema;
mod secrets;
#[cfg(feature = "server")]
mod server;
mod service;
mod shape;
pub mod signature;
pub mod store;
mod store_health;
mod tasks;
mod telemetry;
#[cfg(feature = "testing")]
pub mod testing;
mod tool_key;
mod tool_span;
mod trace_context;
mod value;
#[cfg_attr(not(feature = "testing"), allow(dead_code))] // messages of tests and commands
mod words;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;

pub use app::{App, DEFAULT_PATH};
#[cfg(feature = "cli")]
pub use cli::run;
pub use deadline::Deadline;
pub use error::{Error, Result, StartupError};
pub use event::{
    Assistant, AssistantRequest, Call, CallStatus, CallType, Customer, EndOfCallReport, EndReason, EventContext,
    MessageRole, PhoneNumber, StatusUpdate, UnknownEvent,
};
pub use handler::ToolError;
pub use limits::Limits;
pub use reply::{AnalysisPlan, AssistantConfig, AssistantReply, LlmConfig, SttConfig, TtsConfig};
pub use response::ReplyBody;
pub use schema::ToolDefinition;
#[cfg(feature = "profiles")]
pub use schema::{Profile, UnknownProfile};
#[cfg(feature = "server")]
pub use server::Listener;
pub use service::WebhookService;
pub use trace_context::TraceContext;

#[doc(inline)]
pub use handler::{Handler, Tool};

/// Makes a function a tool that the model of a voice agent can call.
///
#[doc = include_str!("../docs/tool.md")]
pub use hms_webhook_macros::tool;

/// Makes a function the one that chooses the assistant of a call.
///
#[doc = include_str!("../docs/assistant_request.md")]
pub use hms_webhook_macros::assistant_request;

/// Makes a function a listener to the states of a call: in progress, ended, ended with an error.
///
#[doc = include_str!("../docs/status_update.md")]
pub use hms_webhook_macros::status_update;

/// Makes a function the receiver of what is known of a call after its end.
///
#[doc = include_str!("../docs/end_of_call_report.md")]
pub use hms_webhook_macros::end_of_call_report;

/// Makes a function a listener to a type of event that has no macro of its own.
///
#[doc = include_str!("../docs/event.md")]
pub use hms_webhook_macros::event;
