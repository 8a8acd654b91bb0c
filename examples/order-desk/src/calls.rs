//! The phone calls themselves: how they are answered, and what is kept of them.

use hms_webhook::{
    AssistantConfig, AssistantReply, AssistantRequest, EndOfCallReport, StatusUpdate, assistant_request,
    end_of_call_report, status_update,
};
use rusqlite::{OptionalExtension, params};
use serde::{Deserialize, Serialize};

use crate::{Clock, Database, OpeningHours};

/// What we attach to a call when it is answered. The platform sends it back with every later event of the call.
#[derive(Debug, Serialize, Deserialize)]
struct CallMetadata {
    customer_id: String,
}

/// Known callers are greeted by name; outside the opening hours nobody is let in.
#[assistant_request]
pub(crate) fn greet(
    request: AssistantRequest,
    database: &Database,
    opening_hours: &OpeningHours,
    clock: &Clock,
) -> hms_webhook::Result<AssistantReply> {
    if !opening_hours.contain(clock.now().time()) {
        return Ok(AssistantReply::reject(format!("We are closed now. We are here every day {opening_hours}.")));
    }
    let customer: Option<(String, String)> = database
        .connection()
        .prepare_cached("SELECT id, name FROM customers WHERE phone_number = ?")?
        .query_row([request.customer_number()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((customer_id, name)) = customer else {
        return Ok(AssistantReply::saved());
    };
    let greeting = AssistantConfig::new()
        .first_message(format!("Hello {name}, how can I help?"))
        .metadata_from(&CallMetadata { customer_id })?;
    Ok(AssistantReply::assistant(greeting))
}

/// Keeps the newest status of each call. They may come late or twice: a call that has ended stays so.
#[status_update]
pub(crate) fn note_status(update: StatusUpdate, database: &Database) -> rusqlite::Result<()> {
    let status = update.call.status.as_ref().map(|status| status.as_str());
    database.connection().execute(
        "INSERT INTO calls (id, phone_number, status, ended, error) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET
             status = iif(ended AND NOT excluded.ended, status, excluded.status),
             ended = ended OR excluded.ended,
             error = coalesce(excluded.error, error)",
        params![update.call.id, update.customer_number(), status, update.has_ended(), update.error],
    )?;
    Ok(())
}

/// Keeps what the call was about.
#[end_of_call_report]
pub(crate) fn file_report(report: EndOfCallReport, database: &Database) -> rusqlite::Result<()> {
    // Metadata of another form was attached by somebody else; no reason to lose the report.
    let metadata: Option<CallMetadata> = report.metadata().ok().flatten();
    let status = report.call.status.as_ref().map(|status| status.as_str());
    database.connection().execute(
        "INSERT INTO calls (id, phone_number, customer_id, status, ended, duration_seconds, summary)
         VALUES (?, ?, ?, ?, true, ?, ?)
         ON CONFLICT (id) DO UPDATE SET
             customer_id = excluded.customer_id,
             status = iif(ended, status, excluded.status),
             ended = true,
             duration_seconds = excluded.duration_seconds,
             summary = excluded.summary",
        params![
            report.call.id,
            report.customer_number(),
            metadata.map(|metadata| metadata.customer_id),
            status,
            report.duration_seconds.and_then(|seconds| i64::try_from(seconds).ok()),
            report.summary,
        ],
    )?;
    Ok(())
}
