//! Orders: what is in them, how far they are, and calling them off.

use hms_webhook::{Call, ToolError, tool};
use rusqlite::{Connection, OptionalExtension};
use serde::Serialize;

use crate::Database;

/// An order, as far as it is read out.
#[derive(Debug, Serialize)]
pub(crate) struct Order {
    order_id: String,
    status: String,
    lines: Vec<Line>,
    /// How many lines are left out.
    further_lines: usize,
}

#[derive(Debug, Serialize)]
struct Line {
    article: String,
    pieces: u32,
}

#[derive(Debug, Serialize)]
pub(crate) struct Cancelled {
    order_id: String,
    status: &'static str,
}

/// Look up an order: how far it is and what is in it. Ask for the order number first.
#[tool]
pub(crate) fn lookup_order(
    /// The order number, for example A-1042.
    #[arg(example = "A-1042")]
    order_id: String,
    /// How many lines of the order to read out; all of them if left out.
    #[arg(range = 1..=50)]
    max_lines: Option<u32>,
    database: &Database,
) -> Result<Order, ToolError> {
    let order_id = as_written(&order_id);
    let connection = database.connection();
    let status = connection
        .prepare_cached("SELECT status FROM orders WHERE id = ?")?
        .query_row([&order_id], |row| row.get(0))
        .optional()?
        .ok_or_else(no_such_order)?;
    let mut lines = lines_of(&connection, &order_id)?;
    let shown = max_lines.map_or(lines.len(), |count| lines.len().min(count as usize));
    let further_lines = lines.split_off(shown).len();
    Ok(Order { order_id, status, lines, further_lines })
}

/// Cancel an order that was not shipped yet. Ask the caller to confirm before you do it.
#[tool]
pub(crate) fn cancel_order(
    /// The order number, for example A-1043.
    #[arg(example = "A-1043")]
    order_id: String,
    database: &Database,
    call: &Call,
) -> Result<Cancelled, ToolError> {
    let order_id = as_written(&order_id);
    let connection = database.connection();
    let (status, owner): (String, String) = connection
        .prepare_cached(
            "SELECT status, phone_number FROM orders JOIN customers ON customers.id = customer_id WHERE orders.id = ?",
        )?
        .query_row([&order_id], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?
        .ok_or_else(no_such_order)?;
    // The number comes from the platform's signed message. What the caller says about themselves proves nothing.
    if call.customer_number() != Some(owner.as_str()) {
        return Err(ToolError::tell("an order can be cancelled only from the phone number that it was placed with"));
    }
    match status.as_str() {
        "open" => {
            connection.execute("UPDATE orders SET status = 'cancelled' WHERE id = ?", [&order_id])?;
        }
        "shipped" => return Err(ToolError::tell("that order was shipped already; it can be sent back instead")),
        // Asked twice, it is done all the same.
        _ => {}
    }
    Ok(Cancelled { order_id, status: "cancelled" })
}

fn lines_of(connection: &Connection, order_id: &str) -> rusqlite::Result<Vec<Line>> {
    connection
        .prepare_cached("SELECT article, pieces FROM order_lines WHERE order_id = ? ORDER BY position")?
        .query_map([order_id], |row| Ok(Line { article: row.get(0)?, pieces: row.get(1)? }))?
        .collect()
}

fn no_such_order() -> ToolError {
    ToolError::tell("there is no order with that number; ask the caller to read it out again")
}

/// Speech recognition writes "a 1042" or "A1042" for A-1042.
fn as_written(heard: &str) -> String {
    let mut order_id: String = heard.chars().filter(char::is_ascii_alphanumeric).collect();
    order_id.make_ascii_uppercase();
    if order_id.len() > 1 {
        order_id.insert(1, '-');
    }
    order_id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_numbers_as_they_are_heard() {
        for heard in ["A-1042", "a 1042", "A1042", "a. 10 42"] {
            assert_eq!(as_written(heard), "A-1042");
        }
        assert_eq!(as_written("é"), "");
    }

    /// An annotated function is still a function.
    #[test]
    fn a_tool_can_be_called_directly() {
        let database = Database::in_memory().unwrap();
        let order = lookup_order("A-1042".into(), None, &database).unwrap();
        assert_eq!((order.lines.len(), order.further_lines), (3, 0));

        let call = Call::example("call-1").with_customer_number("+31612000222");
        let error = cancel_order("A-1043".into(), &database, &call).unwrap_err();
        assert_eq!(error.told(), "an order can be cancelled only from the phone number that it was placed with");
    }
}
