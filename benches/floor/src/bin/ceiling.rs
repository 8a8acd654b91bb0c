//! No work at all: an answer of the right length, whatever was asked. What HTTP itself costs.

use floor::{TimeOuts, respond, serve};

fn main() {
    const JSON: &[u8] = br#"{"results":[{"tool_call_id":"tool_00000000000000000000","result":{"order_id":"A-1042","status":"shipped","eta_days":2}}]}"#;
    serve(TimeOuts::None, |_| async { respond(Ok(JSON.to_vec())) });
}
