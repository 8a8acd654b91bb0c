//! A mixed load at a steady pace: tool calls, notifications, strangers who are refused, connections that come and go,
//! and some that are left in the middle of a request.
//!
//! ```text
//! soak PORT SECONDS
//! ```
//!
//! One line of JSON comes out that says how many there were of each.

use std::{cell::RefCell, io, net::Ipv4Addr, rc::Rc, time::Duration};

use driver::{Deliveries, Protocol};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::{JoinSet, LocalSet},
    time::{Instant, sleep_until},
};

#[derive(Debug, Clone, Copy)]
enum Kind {
    ToolCalls,
    StatusUpdates,
    Reports,
    Strangers,
    /// Each call has a connection of its own.
    Visitors,
    /// They close their connection when half of their request is sent.
    Quitters,
}

/// How many at a time there are of each, and how often each of them sends.
const LOAD: [(Kind, u64, Duration); 6] = [
    (Kind::ToolCalls, 16, Duration::from_millis(10)),
    (Kind::StatusUpdates, 4, Duration::from_millis(20)),
    (Kind::Reports, 2, Duration::from_millis(50)),
    (Kind::Strangers, 4, Duration::from_millis(20)),
    (Kind::Visitors, 8, Duration::from_millis(20)),
    (Kind::Quitters, 4, Duration::from_millis(40)),
];

#[derive(Default)]
struct Count {
    tool_calls: u64,
    notifications: u64,
    refused: u64,
    left: u64,
    /// Answers that should have been others, and none where there should have been one.
    failed: u64,
}

impl Count {
    /// Whether the outcome is what it should be.
    fn add(&mut self, kind: Kind, outcome: io::Result<u16>) -> bool {
        let (number, expected) = match (kind, outcome) {
            (Kind::Quitters, Ok(_)) => (&mut self.left, true),
            (Kind::Strangers, Ok(401)) => (&mut self.refused, true),
            (Kind::ToolCalls | Kind::Visitors, Ok(200)) => (&mut self.tool_calls, true),
            (Kind::StatusUpdates | Kind::Reports, Ok(200..300)) => (&mut self.notifications, true),
            _ => (&mut self.failed, false),
        };
        *number += 1;
        expected
    }
}

fn main() {
    let arguments: Vec<u64> = std::env::args().skip(1).map(|it| it.parse().expect("a number")).collect();
    let [port, seconds] = arguments[..] else { panic!("soak PORT SECONDS") };
    let count = Rc::new(RefCell::new(Count::default()));
    LocalSet::new().block_on(&by_hand::runtime(), async {
        let until = Instant::now() + Duration::from_secs(seconds);
        let mut senders = JoinSet::new();
        for (kind, at_a_time, every) in LOAD {
            for number in 0..at_a_time {
                let first = by_hand::now() * 1_000_000_000 + (kind as u64 * 100 + number) * 1_000_000;
                senders.spawn_local(send(port as u16, kind, first, every, until, count.clone()));
            }
        }
        while let Some(ended) = senders.join_next().await {
            ended.expect("no sender panics");
        }
    });
    let Count { tool_calls, notifications, refused, left, failed } = count.take();
    println!(
        r#"{{"tool_calls":{tool_calls},"notifications":{notifications},"refused":{refused},"left":{left},"failed":{failed}}}"#
    );
}

async fn send(port: u16, kind: Kind, first: u64, every: Duration, until: Instant, count: Rc<RefCell<Count>>) {
    let mut deliveries = match kind {
        Kind::StatusUpdates => Deliveries::status_updates(first),
        Kind::Reports => Deliveries::end_of_call_reports(first),
        _ => Deliveries::new(Protocol::Webhook, 0, 1, first),
    };
    let mut kept = None;
    let mut next = Instant::now();
    while next < until {
        let mut request = deliveries.next_bytes();
        match kind {
            Kind::Strangers => *request.last_mut().expect("a body") = b' ',
            Kind::Quitters => request.truncate(request.len() / 2),
            _ => {}
        }
        let outcome = exchange(port, &mut kept, &request, kind).await;
        if !count.borrow_mut().add(kind, outcome) {
            kept = None;
        }
        // What is late is not made up for.
        next = Instant::now().max(next + every);
        sleep_until(next).await;
    }
}

/// Sends on the connection that was kept, or on a new one, and gives back the status of the answer.
async fn exchange(port: u16, kept: &mut Option<TcpStream>, request: &[u8], kind: Kind) -> io::Result<u16> {
    let mut stream = match kept.take() {
        Some(stream) => stream,
        None => TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?,
    };
    stream.write_all(request).await?;
    if matches!(kind, Kind::Quitters) {
        return Ok(0);
    }
    let status = status(&mut stream).await?;
    if !matches!(kind, Kind::Visitors) && status != 401 {
        *kept = Some(stream);
    }
    Ok(status)
}

/// Reads a whole answer.
async fn status(stream: &mut TcpStream) -> io::Result<u16> {
    let mut answer = Vec::new();
    loop {
        if stream.read_buf(&mut answer).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let text = String::from_utf8_lossy(&answer);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
        });
        if body.len() >= length.unwrap_or(0) {
            let status = head.get(9..12).and_then(|digits| digits.parse().ok());
            return status.ok_or_else(|| io::ErrorKind::InvalidData.into());
        }
    }
}
