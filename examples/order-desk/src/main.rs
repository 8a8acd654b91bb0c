//! Starts the desk with what the environment says; everything else is in the library.

use std::env;

use hms_webhook::tools;
use order_desk::{Clock, Database, OpeningHours, stock};

#[tokio::main]
async fn main() -> hms_webhook::Result<()> {
    let opening_hours = match env::var("ORDER_DESK_HOURS").as_deref() {
        Err(_) | Ok("") => OpeningHours::always(),
        Ok(text) => text.parse()?,
    };
    let database = Database::open(env::var_os("ORDER_DESK_DATABASE").unwrap_or("order-desk.sqlite3".into()))?;
    let mut app = order_desk::app(database, opening_hours, Clock::System);
    // A demonstration of what a deadline does; a real desk has no use for it.
    if env::var_os("ORDER_DESK_SLOW").is_some_and(|value| value == "1") {
        app = app.tools(tools![stock::count_stock]);
    }
    app.run().await
}
