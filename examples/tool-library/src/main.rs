//! Answers with the tools of the library.

use hms_webhook::App;
use tool_library::Rates;
// Naming anything of the library is enough for `App::discover` to see all of its tools. A program that needs nothing
// else from it writes `use tool_library as _;`.

#[tokio::main]
async fn main() -> hms_webhook::Result<()> {
    let rates = Rates(vec![("CHF".into(), 0.94), ("SEK".into(), 11.2)]);
    App::discover().state(rates).run().await
}
