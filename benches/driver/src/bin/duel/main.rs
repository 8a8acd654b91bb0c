//! Compares servers: see `driver::compare`.
//!
//! ```text
//! duel http1|http2 CONNECTIONS STREAMS SLOT_MS ROUNDS BODY_SIZE TOOL_CALLS NAME=PORT:PID[:mcp] …
//! ```
//!
//! Closed loop: each stream of each connection has one request in flight; HTTP/1 has one stream. One line of JSON per
//! server comes out.

use std::time::Duration;

use driver::compare::{Rival, Settings, Target, compare};

mod http1;
mod http2;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |index: usize| -> usize { arguments[index].parse().expect("a number") };
    let settings = Settings {
        connections: number(1),
        streams: number(2),
        slot: Duration::from_millis(number(3) as u64),
        rounds: number(4),
        size: number(5),
        calls: number(6),
    };
    let connect: fn(&Target, &Settings) -> Box<dyn Rival> = match &*arguments[0] {
        "http1" => |target, settings| Box::new(http1::Connections::to(target, settings)),
        "http2" => |target, settings| Box::new(http2::Connections::to(target, settings)),
        other => panic!("{other} is neither http1 nor http2"),
    };
    let targets = arguments[7..].iter().enumerate().map(|(index, text)| Target::read(text, index));
    let mut rivals: Vec<_> = targets
        .map(|target| {
            let rival = connect(&target, &settings);
            (target, rival)
        })
        .collect();
    compare(&settings, &mut rivals);
}
