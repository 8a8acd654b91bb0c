//! What strangers may send to an open port, and what everyone else notices of it.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../behaviour/support.rs"]
#[allow(dead_code, reason = "each test program uses a part of it")]
mod support;

mod http_1;
mod http_2;
mod limits;
mod memory;
mod nghttp2;
mod overload;
mod process;
mod restart;
mod secrets;
mod slow;
mod sources;
mod tls;
mod wire;
