//! What must not become dearer unnoticed, as far as it can be counted: it does not depend on the machine's mood.

#![allow(clippy::unwrap_used)]

mod allocations;
