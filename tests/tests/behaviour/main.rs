//! How a server behaves, seen from the other end of a socket.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test says why it fails")]

mod commands;
mod control;
mod corpora;
mod deadlines;
mod definitions_once;
mod events;
mod events_command;
mod fuzz_tools;
mod garde_rules;
mod held;
mod http;
mod inbox;
mod once;
mod properties;
mod refusals;
mod replaying;
mod sending;
mod shaky_store;
mod signatures;
mod simulating;
mod simulating_answers;
mod startup;
mod stopping;
mod support;
mod tools;
