//! What the load tools have in common.

pub mod compare;
mod deliveries;
pub mod honest;
pub mod statistics;

pub use deliveries::{Deliveries, Protocol, Signed};
