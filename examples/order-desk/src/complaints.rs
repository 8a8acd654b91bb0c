//! Complaints: written down while the conversation goes on.

use hms_webhook::{Call, tool};
use rusqlite::params;

use crate::Database;

/// Write down a complaint, so that a colleague calls back. Use the caller's own words.
#[tool(background, response = "The complaint is written down and a colleague will call back.")]
pub(crate) fn log_complaint(
    /// What the caller complains about.
    #[arg(length = 1..=2000)]
    text: String,
    /// The number of the order that it is about, if it is about one.
    order_id: Option<String>,
    database: &Database,
    call: &Call,
) -> rusqlite::Result<()> {
    // A background tool is tried again after a crash, also if the crash came just after this line.
    database.connection().execute(
        "INSERT INTO complaints (text, order_id, phone_number, call_id, tool_call_id) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT DO NOTHING",
        params![text, order_id, call.customer_number(), call.id(), call.tool_call_id()],
    )?;
    Ok(())
}
