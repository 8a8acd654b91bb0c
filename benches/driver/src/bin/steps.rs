//! Counts the instructions that a server runs in user space for one request, by single-stepping it. That needs no
//! counters of the processor, which virtual machines often hide, and unlike under valgrind the processor's own SHA
//! instructions run.
//!
//! ```text
//! steps PORT PID REQUESTS BODY_SIZE TOOL_CALLS
//! ```
//!
//! The server must be one thread. Sixteen connections have a request each in flight, as under load.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use driver::{Deliveries, Protocol};
use nix::{
    sys::{
        ptrace,
        signal::Signal,
        wait::{WaitPidFlag, WaitStatus, waitpid},
    },
    unistd::Pid,
};

const CONNECTIONS: u64 = 16;
/// Where `struct user` of Linux on x86-64 has the instruction pointer.
const INSTRUCTION_POINTER: usize = 16 * 8;

fn main() {
    let arguments: Vec<u64> = std::env::args().skip(1).map(|it| it.parse().expect("a number")).collect();
    let [port, pid, rounds, size, calls] = arguments[..] else { panic!("steps PORT PID ROUNDS BODY_SIZE TOOL_CALLS") };
    let first = by_hand::now() * 1_000_000_000;
    let mut deliveries = Deliveries::new(Protocol::Webhook, size as usize, calls as usize, first);
    let connect = |_| TcpStream::connect((Ipv4Addr::LOCALHOST, port as u16)).expect("a connection");
    let mut connections: Vec<TcpStream> = (0..CONNECTIONS).map(connect).collect();
    for _ in 0..60 {
        round(&mut connections, &mut deliveries);
    }

    let steps = Arc::new(AtomicU64::new(0));
    let done = Arc::new(AtomicBool::new(false));
    let tracer = {
        let (steps, done) = (steps.clone(), done.clone());
        std::thread::spawn(move || step(Pid::from_raw(pid as i32), &steps, &done))
    };
    round(&mut connections, &mut deliveries);
    // The server is idle, so nothing is counted in between.
    std::thread::sleep(std::time::Duration::from_millis(50));
    let before = steps.load(Ordering::SeqCst);
    for _ in 0..rounds {
        round(&mut connections, &mut deliveries);
    }
    std::thread::sleep(std::time::Duration::from_millis(50));
    let after = steps.load(Ordering::SeqCst);
    done.store(true, Ordering::SeqCst);
    round(&mut connections, &mut deliveries);
    let _ = tracer.join();
    println!("{}", (after - before) / (rounds * CONNECTIONS));
}

fn round(connections: &mut [TcpStream], deliveries: &mut Deliveries) {
    for connection in connections.iter_mut() {
        connection.write_all(&deliveries.next_bytes()).expect("written");
    }
    let mut buffer = vec![0; 1 << 16];
    for connection in connections {
        let length = connection.read(&mut buffer).expect("an answer");
        assert!(buffer[..length].starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&buffer[..length]));
    }
}

fn step(server: Pid, steps: &AtomicU64, done: &AtomicBool) {
    ptrace::seize(server, ptrace::Options::empty()).expect("this process may trace the server");
    ptrace::interrupt(server).expect("it stops");
    let mut before = None;
    loop {
        let Ok(status) = waitpid(server, Some(WaitPidFlag::__WALL)) else { return };
        if done.load(Ordering::SeqCst) {
            let _ = ptrace::detach(server, None);
            return;
        }
        let signal = match status {
            WaitStatus::Stopped(_, Signal::SIGTRAP) => {
                // A repeating instruction, such as of a long copy, stops after each repetition and is still one.
                let at = ptrace::read_user(server, INSTRUCTION_POINTER as ptrace::AddressType).ok();
                if at != before {
                    steps.fetch_add(1, Ordering::SeqCst);
                }
                before = at;
                None
            }
            WaitStatus::Stopped(_, signal) => Some(signal),
            WaitStatus::Exited(..) | WaitStatus::Signaled(..) => return,
            _ => None,
        };
        if ptrace::step(server, signal).is_err() {
            return;
        }
    }
}
