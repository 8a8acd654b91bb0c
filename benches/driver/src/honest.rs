//! Honest signed calls, one after the other, and how long each took.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, TcpStream},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use crate::{Deliveries, Protocol};

/// Microseconds that honest calls took, a few thousand a second, until `done` or `at_most` is over.
pub fn honest(port: u16, done: &AtomicBool, at_most: Duration) -> Vec<f64> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("a connection");
    stream.set_nodelay(true).expect("TCP_NODELAY");
    let mut deliveries = Deliveries::new(Protocol::Webhook, 0, 1, by_hand::now() * 1_000_000_000);
    let mut answer = vec![0; 4096];
    let begun = Instant::now();
    let mut took = Vec::new();
    while begun.elapsed() < at_most && !done.load(Ordering::SeqCst) {
        let request = deliveries.next_bytes();
        let sent = Instant::now();
        stream.write_all(&request).expect("sent");
        let length = stream.read(&mut answer).expect("an answer");
        assert!(answer[..length].starts_with(b"HTTP/1.1 200"), "refused");
        took.push(sent.elapsed().as_secs_f64() * 1e6);
        thread::sleep(Duration::from_micros(300));
    }
    took
}
