//! Whether time is kept: a thousand tool calls that hang, in a thousand requests at once, beside honest ones.
//!
//! ```text
//! time-kept PORT DEADLINE_MS
//! ```
//!
//! The server has the tools `lookup_order`, which answers, and `hang`, which does not. Every hanging call must be
//! answered after its deadline, and at most 50 ms after it. One line of JSON comes out.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, TcpStream},
    sync::{
        Arc, Barrier,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use driver::{Deliveries, Protocol, honest::honest, statistics::quantile};

const HANGING: usize = 1000;

fn main() {
    let arguments: Vec<u64> = std::env::args().skip(1).map(|it| it.parse().expect("a number")).collect();
    let [port, deadline] = arguments[..] else { panic!("time-kept PORT DEADLINE_MS") };
    let port = port as u16;
    let quiet = quantile(&honest(port, &AtomicBool::new(false), Duration::from_secs(2)), 0.99);

    let done = Arc::new(AtomicBool::new(false));
    // That a thousand threads are started and connect is nobody's hanging call yet.
    let begin = Arc::new(Barrier::new(HANGING + 1));
    let beside = {
        let (begin, done) = (begin.clone(), done.clone());
        thread::spawn(move || {
            begin.wait();
            honest(port, &done, Duration::from_secs(60))
        })
    };
    let late = hanging(port, Duration::from_millis(deadline), &begin);
    done.store(true, Ordering::SeqCst);
    let beside = quantile(&beside.join().expect("the honest ones"), 0.99);
    let (first, last) = (late[0], late[late.len() - 1]);
    println!(
        r#"{{"hanging":{HANGING},"first_late_ms":{first:.1},"last_late_ms":{last:.1},"quiet_p99_us":{quiet:.0},"beside_p99_us":{beside:.0}}}"#
    );
}

/// How many milliseconds after its deadline each was answered, in order.
fn hanging(port: u16, deadline: Duration, begin: &Arc<Barrier>) -> Vec<f64> {
    let threads: Vec<_> = (0..HANGING)
        .map(|number| {
            let begin = begin.clone();
            let one = move || {
                let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap_or_else(|error| {
                    // The others would wait for this one for ever.
                    eprintln!("a connection could not be made: {error}");
                    std::process::exit(1)
                });
                let first = by_hand::now() * 1_000_000_000 + 1_000_000 * (1 + number as u64);
                let request = Deliveries::calling(Protocol::Webhook, "hang", 0, 1, first).next_bytes();
                let mut answer = vec![0; 4096];
                begin.wait();
                let sent = Instant::now();
                stream.write_all(&request).expect("sent");
                let length = stream.read(&mut answer).expect("an answer");
                assert!(answer[..length].starts_with(b"HTTP/1.1 200"), "refused");
                sent.elapsed().as_secs_f64() * 1000.0 - deadline.as_secs_f64() * 1000.0
            };
            thread::Builder::new().stack_size(128 * 1024).spawn(one).expect("a thread")
        })
        .collect();
    let mut late: Vec<f64> = threads.into_iter().map(|thread| thread.join().expect("an answer")).collect();
    late.sort_by(f64::total_cmp);
    late
}
