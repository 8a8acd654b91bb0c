//! The desk as the platform sees it: a signed delivery in, an answer out.

mod calls;
mod complaints;
mod definitions;
mod faults;
mod orders;
mod stock;
mod workshop;

use hms_webhook::testing::TestPlatform;
use order_desk::{Clock, Database, OpeningHours};

/// The desk on a Tuesday morning, open day and night, and its database to look into.
fn desk() -> (TestPlatform, Database) {
    desk_with(OpeningHours::always())
}

fn desk_with(opening_hours: OpeningHours) -> (TestPlatform, Database) {
    let database = Database::in_memory().expect("there is memory");
    (desk_on(&database, opening_hours), database)
}

/// A desk that has just been started on a database, and remembers no call.
fn desk_on(database: &Database, opening_hours: OpeningHours) -> TestPlatform {
    let now = "2026-02-03T09:15".parse().expect("this is a moment");
    let app = order_desk::app(database.clone(), opening_hours, Clock::Fixed(now));
    TestPlatform::new(app).expect("the desk is complete")
}

/// The first row of a query, as text with `|` between the columns.
fn row(database: &Database, query: &str) -> String {
    use rusqlite::types::Value;

    let text = |value| match value {
        Value::Null => "-".to_owned(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => number.to_string(),
        Value::Text(text) => text,
        Value::Blob(_) => "(bytes)".to_owned(),
    };
    database
        .connection()
        .query_row(query, [], |row| {
            let columns = (0..row.as_ref().column_count()).map(|index| row.get(index).map(text));
            Ok(columns.collect::<rusqlite::Result<Vec<_>>>()?.join("|"))
        })
        .expect("the query has a row")
}
