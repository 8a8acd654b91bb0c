//! Compares servers on a noisy machine. Connections to all of them stay open; each server gets a short slot in turn,
//! in an order that is shuffled every round, so that a slow spell of the machine falls on all alike. The ratio to the
//! first server is taken inside each round, and its median over all rounds is what to read.
//!
//! ```text
//! duel CONNECTIONS SLOT_MS ROUNDS BODY_SIZE TOOL_CALLS NAME=PORT:PID[:mcp] …
//! ```
//!
//! Closed loop: each connection has one request in flight. One line of JSON per server comes out.

use std::{
    fs,
    io::{ErrorKind, Read, Write},
    net::Ipv4Addr,
    time::{Duration, Instant},
};

use driver::{Deliveries, Protocol};
use mio::{Events, Interest, Poll, Token, net::TcpStream};

struct Connection {
    stream: TcpStream,
    /// What is not yet written of the request in flight.
    unsent: Vec<u8>,
    sent: usize,
    received: usize,
    started: Instant,
}

struct Peer {
    name: String,
    pid: u32,
    deliveries: Deliveries,
    connections: Vec<Connection>,
    poll: Poll,
    answer_length: usize,
    per_second: Vec<f64>,
    cpu: Vec<f64>,
    p99: Vec<f64>,
    latencies: Vec<u32>,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |index: usize| -> u64 { arguments[index].parse().expect("a number") };
    let (connections, slot, rounds, size, calls) = (number(0), number(1), number(2), number(3), number(4));
    let slot = Duration::from_millis(slot);
    let peer = |(index, text): (usize, &String)| Peer::new(text, connections, size as usize, calls as usize, index);
    let mut peers: Vec<Peer> = arguments[5..].iter().enumerate().map(peer).collect();

    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    const WARM_UP: u64 = 10;
    for round in 0..WARM_UP + rounds {
        let mut order: Vec<usize> = (0..peers.len()).collect();
        for index in (1..order.len()).rev() {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            order.swap(index, (seed % (index as u64 + 1)) as usize);
        }
        for index in order {
            peers[index].slot(slot, round >= WARM_UP);
        }
    }
    report(&mut peers);
}

impl Peer {
    fn new(text: &str, connections: u64, size: usize, calls: usize, index: usize) -> Self {
        let (name, rest) = text.split_once('=').expect("NAME=PORT:PID");
        let fields: Vec<&str> = rest.split(':').collect();
        let protocol = if fields.get(2) == Some(&"mcp") { Protocol::Mcp } else { Protocol::Webhook };
        let port: u16 = fields[0].parse().expect("a port");
        let poll = Poll::new().expect("a poll");
        // Ids of one driver never meet those of another, nor those of an earlier run.
        let first = by_hand::now() * 1_000_000_000 + index as u64 * 10_000_000;
        let mut peer = Self {
            name: name.into(),
            pid: fields[1].parse().expect("a process id"),
            deliveries: Deliveries::new(protocol, size, calls, first),
            connections: Vec::new(),
            poll,
            answer_length: 0,
            per_second: Vec::new(),
            cpu: Vec::new(),
            p99: Vec::new(),
            latencies: Vec::new(),
        };
        for token in 0..connections {
            let stream = std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("a connection");
            stream.set_nodelay(true).expect("TCP_NODELAY");
            stream.set_nonblocking(true).expect("no blocking");
            let mut stream = TcpStream::from_std(stream);
            let interest = Interest::READABLE | Interest::WRITABLE;
            peer.poll.registry().register(&mut stream, Token(token as usize), interest).expect("registered");
            let started = Instant::now();
            peer.connections.push(Connection { stream, unsent: Vec::new(), sent: 0, received: 0, started });
        }
        peer.learn();
        peer
    }

    /// Learns how long an answer is, which is the same for all of a server, and looks at it.
    fn learn(&mut self) {
        for _ in 0..2 {
            let request = self.deliveries.next_bytes();
            let connection = &mut self.connections[0];
            connection.begin(request);
            let mut buffer = vec![0; 1 << 20];
            let mut length = 0;
            let until = Instant::now() + Duration::from_millis(400);
            while Instant::now() < until {
                connection.go_on();
                if let Ok(more) = connection.stream.read(&mut buffer[length..]) {
                    length += more;
                }
                std::thread::sleep(Duration::from_millis(1));
            }
            let answer = String::from_utf8_lossy(&buffer[..length]);
            assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("shipped"), "{}: {answer}", self.name);
            assert!(self.answer_length == 0 || self.answer_length == length, "{}: answers vary", self.name);
            self.answer_length = length;
        }
    }

    fn slot(&mut self, slot: Duration, counts: bool) {
        let mut buffer = vec![0; 1 << 16];
        let mut events = Events::with_capacity(1024);
        let (mut answered, mut open) = (0_u64, self.connections.len());
        let mut latencies = Vec::new();
        let cpu = cpu_time(self.pid);
        let started = Instant::now();
        for connection in &mut self.connections {
            connection.begin(self.deliveries.next_bytes());
        }
        while open > 0 {
            self.poll.poll(&mut events, Some(Duration::from_secs(5))).expect("polled");
            assert!(!events.is_empty(), "{}: no answer within 5 s", self.name);
            for event in &events {
                let connection = &mut self.connections[event.token().0];
                connection.go_on();
                loop {
                    match connection.stream.read(&mut buffer) {
                        Ok(0) => panic!("{}: closed", self.name),
                        Ok(length) => {
                            if connection.received == 0 {
                                assert!(buffer.starts_with(b"HTTP/1.1 200"), "{}: refused", self.name);
                            }
                            connection.received += length;
                        }
                        Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                        Err(error) => panic!("{}: {error}", self.name),
                    }
                }
                if connection.received >= self.answer_length {
                    assert_eq!(connection.received, self.answer_length, "{}: another answer", self.name);
                    connection.received = 0;
                    answered += 1;
                    latencies.push((connection.started.elapsed().as_nanos() / 100) as u32);
                    if started.elapsed() < slot {
                        connection.begin(self.deliveries.next_bytes());
                    } else {
                        open -= 1;
                    }
                }
            }
        }
        let elapsed = started.elapsed().as_secs_f64();
        let cpu = cpu_time(self.pid) - cpu;
        if counts {
            self.per_second.push(answered as f64 / elapsed);
            self.cpu.push(cpu as f64 / answered as f64 / 1000.0);
            latencies.sort_unstable();
            self.p99.push(f64::from(latencies[(latencies.len() - 1) * 99 / 100]) / 10.0);
            if self.latencies.len() < 2_000_000 {
                self.latencies.extend(latencies);
            }
        }
    }
}

impl Connection {
    fn begin(&mut self, request: Vec<u8>) {
        (self.unsent, self.sent, self.started) = (request, 0, Instant::now());
        self.go_on();
    }

    fn go_on(&mut self) {
        while self.sent < self.unsent.len() {
            match self.stream.write(&self.unsent[self.sent..]) {
                Ok(length) => self.sent += length,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) => panic!("writing: {error}"),
            }
        }
    }
}

/// Nanoseconds that all threads of a process have run.
fn cpu_time(pid: u32) -> u64 {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else { return 0 };
    let times = threads.flatten().filter_map(|thread| {
        let text = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<u64>().ok()
    });
    times.sum()
}

fn report(peers: &mut [Peer]) {
    let (rates, costs, slow) = (peers[0].per_second.clone(), peers[0].cpu.clone(), peers[0].p99.clone());
    for peer in peers {
        let (ratio, low, high) = median(&paired(&peer.per_second, &rates));
        let (cpu_ratio, ..) = median(&paired(&peer.cpu, &costs));
        let (p99_ratio, ..) = median(&paired(&peer.p99, &slow));
        peer.latencies.sort_unstable();
        let latency = |part: usize| f64::from(peer.latencies[(peer.latencies.len() - 1) * part / 1000]) / 10.0;
        println!(
            r#"{{"name":"{}","per_second":{:.0},"ratio":{ratio:.4},"low":{low:.4},"high":{high:.4},"cpu_us":{:.2},"cpu_ratio":{cpu_ratio:.4},"p50_us":{:.0},"p99_us":{:.0},"p99_ratio":{p99_ratio:.4},"body":{}}}"#,
            peer.name,
            quantile(&peer.per_second, 0.5),
            quantile(&peer.cpu, 0.5),
            latency(500),
            latency(990),
            peer.deliveries.body_length(),
        );
    }
}

fn paired(values: &[f64], reference: &[f64]) -> Vec<f64> {
    values.iter().zip(reference).map(|(value, reference)| value / reference).collect()
}

fn quantile(values: &[f64], part: f64) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values[((values.len() - 1) as f64 * part).round() as usize]
}

/// The median and a 95 % interval for it, by order statistics.
fn median(values: &[f64]) -> (f64, f64, f64) {
    let half = 0.98 / (values.len() as f64).sqrt();
    (quantile(values, 0.5), quantile(values, (0.5 - half).max(0.0)), quantile(values, (0.5 + half).min(1.0)))
}
