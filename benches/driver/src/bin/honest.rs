//! How long honest signed calls take, one after the other.
//!
//! ```text
//! honest PORT MILLISECONDS
//! ```
//!
//! One line of JSON comes out. A call that is refused ends it with an error.

use std::{sync::atomic::AtomicBool, time::Duration};

use driver::{honest::honest, statistics::quantile};

fn main() {
    let arguments: Vec<u64> = std::env::args().skip(1).map(|it| it.parse().expect("a number")).collect();
    let [port, milliseconds] = arguments[..] else { panic!("honest PORT MILLISECONDS") };
    let took = honest(port as u16, &AtomicBool::new(false), Duration::from_millis(milliseconds));
    let (p50, p99) = (quantile(&took, 0.5), quantile(&took, 0.99));
    println!(r#"{{"count":{},"p50_us":{p50:.1},"p99_us":{p99:.1}}}"#, took.len());
}
