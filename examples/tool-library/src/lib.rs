//! Tools that several programs share: this crate only annotates functions, and a program that uses it answers with them.

use hms_webhook::{ToolError, tool};

/// Convert an amount of money from euros into another currency.
#[tool]
pub fn convert_euros(
    /// The amount in euros.
    #[arg(range = 0..=1_000_000)]
    euros: f64,
    /// The three letters of the currency, for example CHF.
    #[arg(length = 3)]
    currency: String,
    rates: &Rates,
) -> Result<f64, ToolError> {
    match rates.0.iter().find(|(known, _)| currency.eq_ignore_ascii_case(known)) {
        Some((_, rate)) => Ok((euros * rate * 100.0).round() / 100.0),
        None => Err(ToolError::tell("that currency is not on the list; offer another one")),
    }
}

/// What one euro is worth, by currency. The program provides it: `App::state(Rates(…))`.
pub struct Rates(pub Vec<(String, f64)>);
