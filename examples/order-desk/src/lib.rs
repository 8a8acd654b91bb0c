//! The phone desk of a small bicycle shop: orders, the workshop's calendar, complaints, and a log of the calls.
//!
//! Each module holds one subject: its types, its SQL and its annotated functions. They are plain functions, not
//! `async` ones, because a database call blocks: the server runs them where blocking is allowed.

mod calls;
mod clock;
mod complaints;
mod database;
mod opening_hours;
mod orders;
pub mod stock;
mod workshop;

use hms_webhook::{App, handlers, tools};

pub use self::{
    clock::Clock,
    database::Database,
    opening_hours::{OpeningHours, UnreadableHours},
};

/// The desk, wired: `main` runs it, the tests deliver to it.
///
/// The functions are listed here instead of discovered, so that `main` can add one and a reader sees them all.
pub fn app(database: Database, opening_hours: OpeningHours, clock: Clock) -> App {
    App::new()
        .tools(tools![
            orders::lookup_order,
            orders::cancel_order,
            workshop::find_slot,
            workshop::book_slot,
            complaints::log_complaint,
        ])
        .handlers(handlers![calls::greet, calls::note_status, calls::file_report])
        .state(database)
        .state(opening_hours)
        .state(clock)
}
