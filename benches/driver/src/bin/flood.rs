//! What hostile peers do to a server, until this process is ended.
//!
//! ```text
//! flood PORT heads|bodies|aborted|pipelined|chunks|more-chunks|idle|all
//! ```
//!
//! `ready` comes out once all of it is under way, and then every second how much of it there has been since the start:
//! connections, and bytes of heads. A connection that the server closes is opened again. The peers have
//! the addresses 127.0.0.2 to 127.0.0.5, so that a limit for each address is not what protects the honest.

use std::{
    cell::Cell,
    io::Write,
    net::{Ipv4Addr, SocketAddr},
    rc::Rc,
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    task::{LocalSet, spawn_local},
    time::{Instant, sleep, sleep_until},
};

/// Connections whose head comes a byte a second, and those that have sent half of their body.
const SLOW: usize = 2000;
const BYTE_EVERY: Duration = Duration::from_secs(1);
/// Connections that break a rule of chunks, that give up half a body, and that send requests without waiting for answers.
const BREAKING: usize = 64;
const ABORTING: usize = 16;
const PIPELINING: usize = 16;
const PIPELINED: usize = 16;
/// How often each of these does that.
const EVERY: Duration = Duration::from_millis(100);
const MORE_OFTEN: Duration = Duration::from_millis(33);
const IDLE: usize = 10_000;

const HEAD: &str =
    "POST /webhook HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nX-Webhook-Event: tool-calls\r\n";

#[derive(Debug, Clone, Copy)]
enum Kind {
    Heads,
    Bodies,
    Aborted,
    Pipelined,
    /// Each connection breaks a rule so long after it last did.
    Chunks(Duration),
    Idle,
}

impl Kind {
    fn connections(self) -> usize {
        match self {
            Self::Heads | Self::Bodies => SLOW,
            Self::Aborted => ABORTING,
            Self::Pipelined => PIPELINING,
            Self::Chunks(_) => BREAKING,
            Self::Idle => IDLE,
        }
    }

    /// How often a connection does something, if it ever does again.
    fn every(self) -> Option<Duration> {
        match self {
            Self::Heads => Some(BYTE_EVERY),
            Self::Aborted | Self::Pipelined => Some(EVERY),
            Self::Chunks(every) => Some(every),
            Self::Bodies | Self::Idle => None,
        }
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [port, kind] = &arguments[..] else {
        panic!("flood PORT heads|bodies|aborted|pipelined|chunks|more-chunks|idle|all")
    };
    let port = port.parse().expect("a port");
    let kinds: &[Kind] = match &**kind {
        "heads" => &[Kind::Heads],
        "bodies" => &[Kind::Bodies],
        "aborted" => &[Kind::Aborted],
        "pipelined" => &[Kind::Pipelined],
        "chunks" => &[Kind::Chunks(EVERY)],
        "more-chunks" => &[Kind::Chunks(MORE_OFTEN)],
        "idle" => &[Kind::Idle],
        "all" => &[Kind::Heads, Kind::Bodies, Kind::Aborted, Kind::Pipelined, Kind::Chunks(EVERY), Kind::Idle],
        other => panic!("there is no flood {other}"),
    };
    LocalSet::new().block_on(&by_hand::runtime(), flood(port, kinds));
}

async fn flood(port: u16, kinds: &[Kind]) {
    let all: usize = kinds.iter().map(|kind| kind.connections()).sum();
    let open = Rc::new(Cell::new(0));
    let done = Rc::new(Cell::new(0_u64));
    for kind in kinds {
        for number in 0..kind.connections() {
            let (kind, open, done) = (*kind, open.clone(), done.clone());
            spawn_local(async move {
                if let Some(every) = kind.every() {
                    // They are independent of each other, so each has its own moment.
                    sleep(every * number as u32 / kind.connections() as u32).await;
                }
                let mut stream = connect(port, number).await;
                open.set(open.get() + 1);
                loop {
                    done.set(done.get() + 1);
                    let begun = Instant::now();
                    attack(&mut stream, kind, &done).await;
                    if let Some(every) = kind.every() {
                        sleep_until(begun + every).await;
                    }
                    drop(stream);
                    stream = connect(port, number).await;
                }
            });
            if number % 100 == 0 {
                // A listener's queue is short.
                sleep(Duration::from_millis(5)).await;
            }
        }
    }
    while open.get() < all {
        sleep(Duration::from_millis(10)).await;
    }
    say("ready");
    loop {
        sleep(Duration::from_secs(1)).await;
        say(&done.get().to_string());
    }
}

fn say(line: &str) {
    println!("{line}");
    std::io::stdout().flush().expect("somebody listens");
}

async fn connect(port: u16, number: usize) -> TcpStream {
    loop {
        let socket = TcpSocket::new_v4().unwrap_or_else(|error| give_up(&error));
        let own = Ipv4Addr::new(127, 0, 0, 2 + (number % 4) as u8);
        socket.bind(SocketAddr::from((own, 0))).unwrap_or_else(|error| give_up(&error));
        match socket.connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await {
            Ok(stream) => return stream,
            Err(_) => sleep(Duration::from_millis(50)).await,
        }
    }
}

/// A flood that is not whole would show too little.
fn give_up(error: &std::io::Error) -> ! {
    eprintln!("a connection could not be made: {error} (see `ulimit -n`)");
    std::process::exit(1)
}

/// Does its worst until the server closes the connection.
async fn attack(stream: &mut TcpStream, kind: Kind, done: &Cell<u64>) {
    let signature =
        format!("X-Webhook-Timestamp: {}\r\nX-Webhook-Signature: sha256={}\r\n", by_hand::now(), "0a".repeat(32));
    match kind {
        Kind::Idle => closed(stream).await,
        Kind::Heads => {
            for byte in HEAD.bytes().chain(signature.bytes()) {
                if stream.write_all(&[byte]).await.is_err() {
                    return;
                }
                done.set(done.get() + 1);
                sleep(BYTE_EVERY).await;
            }
        }
        Kind::Bodies => {
            let half = format!("{HEAD}{signature}Content-Length: 4096\r\n\r\n{}", " ".repeat(2048));
            if stream.write_all(half.as_bytes()).await.is_ok() {
                closed(stream).await;
            }
        }
        Kind::Aborted => {
            let half = format!("{HEAD}{signature}Content-Length: 4096\r\n\r\n{}", " ".repeat(2048));
            let _ = stream.write_all(half.as_bytes()).await;
        }
        Kind::Pipelined => {
            let one = format!("{HEAD}{signature}Content-Length: 2\r\n\r\n{{}}");
            if stream.write_all(one.repeat(PIPELINED).as_bytes()).await.is_ok() {
                let mut answer = [0; 8192];
                let _ = stream.read(&mut answer).await;
            }
        }
        Kind::Chunks(_) => {
            let broken = format!("{HEAD}{signature}Transfer-Encoding: chunked\r\n\r\n4\r\n{{\"me\r\nzz;\r\nssage");
            if stream.write_all(broken.as_bytes()).await.is_ok() {
                closed(stream).await;
            }
        }
    }
}

async fn closed(stream: &mut TcpStream) {
    let mut answer = [0; 1024];
    while matches!(stream.read(&mut answer).await, Ok(1..)) {}
}
