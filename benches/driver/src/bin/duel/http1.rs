//! HTTP/1.1, with no library between the driver and the sockets.

use std::{
    io::{ErrorKind, Read, Write},
    net::Ipv4Addr,
    time::{Duration, Instant},
};

use driver::{
    Deliveries,
    compare::{Rival, Settings, Slot, Target},
};
use mio::{Events, Interest, Poll, Token, net::TcpStream};

pub struct Connections {
    name: String,
    deliveries: Deliveries,
    connections: Vec<Connection>,
    poll: Poll,
    answer_length: usize,
}

struct Connection {
    stream: TcpStream,
    /// What is not yet written of the request in flight.
    unsent: Vec<u8>,
    sent: usize,
    received: usize,
    started: Instant,
}

/// How long a server may take for an answer, and what shows that there is no more of one.
const PATIENCE: Duration = Duration::from_secs(10);
const QUIET: Duration = Duration::from_millis(200);

impl Connections {
    pub fn to(target: &Target, settings: &Settings) -> Self {
        assert_eq!(settings.streams, 1, "HTTP/1 has one request in flight on a connection");
        let mut all = Self {
            name: target.name.clone(),
            deliveries: target.deliveries(settings),
            connections: Vec::new(),
            poll: Poll::new().expect("a poll"),
            answer_length: 0,
        };
        // Some servers have no thread left for an answer while others connect and say nothing.
        all.connect(target.port);
        all.learn();
        for _ in 1..settings.connections {
            all.connect(target.port);
        }
        all
    }

    fn connect(&mut self, port: u16) {
        let stream = std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("a connection");
        stream.set_nodelay(true).expect("TCP_NODELAY");
        stream.set_nonblocking(true).expect("no blocking");
        let mut stream = TcpStream::from_std(stream);
        let (token, interest) = (Token(self.connections.len()), Interest::READABLE | Interest::WRITABLE);
        self.poll.registry().register(&mut stream, token, interest).expect("registered");
        let started = Instant::now();
        self.connections.push(Connection { stream, unsent: Vec::new(), sent: 0, received: 0, started });
    }

    /// Learns how long an answer is, which is the same for all of a server, and looks at it.
    fn learn(&mut self) {
        for _ in 0..2 {
            let request = self.deliveries.next_bytes();
            let connection = &mut self.connections[0];
            connection.begin(request);
            let mut buffer = vec![0; 1 << 20];
            let mut length = 0;
            // It is whole when nothing follows for a while.
            let mut until = Instant::now() + PATIENCE;
            while Instant::now() < until {
                connection.go_on();
                if let Ok(more) = connection.stream.read(&mut buffer[length..]) {
                    length += more;
                    until = Instant::now() + QUIET;
                }
                std::thread::sleep(Duration::from_millis(1));
            }
            let answer = String::from_utf8_lossy(&buffer[..length]);
            assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("shipped"), "{}: {answer}", self.name);
            assert!(self.answer_length == 0 || self.answer_length == length, "{}: answers vary", self.name);
            self.answer_length = length;
        }
    }
}

impl Rival for Connections {
    fn body_length(&self) -> usize {
        self.deliveries.body_length()
    }

    fn slot(&mut self, length: Duration) -> Slot {
        let mut buffer = vec![0; 1 << 16];
        let mut events = Events::with_capacity(1024);
        let mut open = self.connections.len();
        let mut slot = Slot::default();
        let started = Instant::now();
        for connection in &mut self.connections {
            connection.begin(self.deliveries.next_bytes());
        }
        let mut heard = started;
        while open > 0 {
            // Without sleeping: to wake who sleeps on another core costs a server more than its whole work, and the slower it
            // is, the more often it would have to.
            self.poll.poll(&mut events, Some(Duration::ZERO)).expect("polled");
            if events.is_empty() {
                assert!(heard.elapsed() < PATIENCE, "{}: no answer within {PATIENCE:?}", self.name);
                continue;
            }
            heard = Instant::now();
            for event in &events {
                let connection = &mut self.connections[event.token().0];
                connection.go_on();
                loop {
                    match connection.stream.read(&mut buffer) {
                        Ok(0) => panic!("{}: closed", self.name),
                        Ok(more) => {
                            if connection.received == 0 {
                                assert!(buffer.starts_with(b"HTTP/1.1 200"), "{}: refused", self.name);
                            }
                            connection.received += more;
                        }
                        Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                        Err(error) => panic!("{}: {error}", self.name),
                    }
                }
                if connection.received >= self.answer_length {
                    assert_eq!(connection.received, self.answer_length, "{}: another answer", self.name);
                    connection.received = 0;
                    slot.answered(connection.started.elapsed());
                    if started.elapsed() < length {
                        connection.begin(self.deliveries.next_bytes());
                    } else {
                        open -= 1;
                    }
                }
            }
        }
        slot.elapsed = started.elapsed();
        slot
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
