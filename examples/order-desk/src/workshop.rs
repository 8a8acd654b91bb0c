//! The workshop's calendar: slots of one hour, two bikes at a time.

use hms_webhook::{Call, ToolError, tool};
use jiff::civil::{Date, Weekday};
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Clock, Database};

/// How many bikes are worked on at a time.
const BENCHES: u32 = 2;

/// A day of the calendar. A type of its own because `schemars` does not know `jiff`'s.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(extend("format" = "date"))]
pub(crate) struct Day(#[schemars(with = "String")] Date);

#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PartOfDay {
    Morning,
    Afternoon,
}

impl PartOfDay {
    fn hours(self) -> &'static [u32] {
        match self {
            Self::Morning => &[9, 10, 11],
            Self::Afternoon => &[13, 14, 15, 16],
        }
    }
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Visit {
    /// What is to be done.
    reason: Reason,
    /// How many bikes the caller brings.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 2))]
    bikes: u32,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reason {
    Repair,
    Maintenance,
    Advice,
}

impl Reason {
    fn as_str(self) -> &'static str {
        match self {
            Self::Repair => "repair",
            Self::Maintenance => "maintenance",
            Self::Advice => "advice",
        }
    }
}

fn one() -> u32 {
    1
}

#[derive(Debug, Serialize)]
pub(crate) struct FreeSlots {
    day: Day,
    /// The hours at which a free slot begins.
    free_hours: Vec<u32>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Booking {
    booking_id: i64,
    day: Day,
    hour: u32,
    visit: Visit,
}

/// Find free slots of the workshop. Use it when the caller wants an appointment.
#[tool]
pub(crate) fn find_slot(
    /// The day on which the caller wants to come.
    day: Day,
    /// The part of the day.
    part: PartOfDay,
    /// What the visit is for, as far as the caller has said.
    visit: Option<Visit>,
    database: &Database,
    clock: &Clock,
) -> Result<FreeSlots, ToolError> {
    check_day(day, clock)?;
    let bikes = visit.map_or(1, |visit| visit.bikes);
    let connection = database.connection();
    let mut free_hours = Vec::new();
    for &hour in part.hours() {
        if bikes_booked(&connection, day, hour)? + bikes <= BENCHES {
            free_hours.push(hour);
        }
    }
    Ok(FreeSlots { day, free_hours })
}

/// Book a slot of the workshop. Find the free slots first and let the caller choose one.
#[tool]
pub(crate) fn book_slot(
    /// The day of the slot.
    day: Day,
    /// The hour at which the slot begins.
    #[arg(range = 9..=16, example = 14)]
    hour: u32,
    /// What the visit is for.
    visit: Visit,
    database: &Database,
    clock: &Clock,
    call: &Call,
) -> Result<Booking, ToolError> {
    check_day(day, clock)?;
    if ![PartOfDay::Morning, PartOfDay::Afternoon].iter().any(|part| part.hours().contains(&hour)) {
        return Err(ToolError::tell("no slot begins at that hour; find the free slots again"));
    }
    let mut connection = database.connection();
    // Between finding and booking another caller may have been faster, so the question is asked again under a lock.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // The answer to an earlier try of this very call may never have arrived.
    let earlier = "SELECT id FROM visits WHERE call_id = ? AND tool_call_id = ?";
    let earlier =
        transaction.query_row(earlier, params![call.id(), call.tool_call_id()], |row| row.get(0)).optional()?;
    if let Some(booking_id) = earlier {
        return Ok(Booking { booking_id, day, hour, visit });
    }
    if bikes_booked(&transaction, day, hour)? + visit.bikes > BENCHES {
        return Err(ToolError::tell("that slot was taken in the meantime; find the free slots again"));
    }
    transaction.execute(
        "INSERT INTO visits (day, hour, bikes, reason, phone_number, call_id, tool_call_id)
         VALUES (?, ?, ?, ?, ?, ?, ?)",
        params![
            day.0.to_string(),
            hour,
            visit.bikes,
            visit.reason.as_str(),
            call.customer_number(),
            call.id(),
            call.tool_call_id()
        ],
    )?;
    let booking_id = transaction.last_insert_rowid();
    transaction.commit()?;
    Ok(Booking { booking_id, day, hour, visit })
}

fn check_day(Day(day): Day, clock: &Clock) -> Result<(), ToolError> {
    let today = clock.now().date();
    if day < today {
        // A model does not know the date; a sentence like this one teaches it.
        return Err(ToolError::tell(format!("{day} is over; today is {today}")));
    }
    if day.weekday() == Weekday::Sunday {
        return Err(ToolError::tell(format!("{day} is a Sunday, when the workshop is closed")));
    }
    Ok(())
}

fn bikes_booked(connection: &Connection, Day(day): Day, hour: u32) -> rusqlite::Result<u32> {
    connection
        .prepare_cached("SELECT coalesce(sum(bikes), 0) FROM visits WHERE day = ? AND hour = ?")?
        .query_row(params![day.to_string(), hour], |row| row.get(0))
}
