//! Honest signed calls, one after the other, and how long each took: until its answer had arrived, as the kernel notes
//! it, and not until this process had its turn to read it. Who measures beside a flood shares a core with those who make
//! the flood, and would otherwise count how long it had to wait for them.

use std::{
    io::{IoSliceMut, Write},
    net::{Ipv4Addr, TcpStream},
    os::fd::AsRawFd,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant, SystemTime},
};

use nix::{
    cmsg_space,
    sys::{
        socket::{ControlMessageOwned, MsgFlags, recvmsg, setsockopt, sockopt::ReceiveTimestampns},
        time::TimeSpec,
    },
};

use crate::{Deliveries, Protocol};

/// Microseconds that honest calls took, a few thousand a second, until `done` or `at_most` is over.
pub fn honest(port: u16, done: &AtomicBool, at_most: Duration) -> Vec<f64> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("a connection");
    stream.set_nodelay(true).expect("TCP_NODELAY");
    setsockopt(&stream, ReceiveTimestampns, &true).expect("SO_TIMESTAMPNS");
    let mut deliveries = Deliveries::new(Protocol::Webhook, 0, 1, by_hand::now() * 1_000_000_000);
    let begun = Instant::now();
    let mut took = Vec::new();
    while begun.elapsed() < at_most && !done.load(Ordering::SeqCst) {
        let request = deliveries.next_bytes();
        let sent = SystemTime::now();
        stream.write_all(&request).expect("sent");
        // The kernel begins to note them some milliseconds after it was asked to.
        match answer(&stream) {
            Some(arrived) => {
                let arrived = arrived.duration_since(sent).expect("a clock that is not set back");
                took.push(arrived.as_secs_f64() * 1e6);
            }
            None => assert!(took.is_empty(), "an answer without a time of arrival"),
        }
        thread::sleep(Duration::from_micros(300));
    }
    took
}

/// Reads an answer, and gives back when it had arrived, where the kernel has noted that.
fn answer(stream: &TcpStream) -> Option<SystemTime> {
    let (mut bytes, mut told) = ([0; 4096], cmsg_space!(TimeSpec));
    let mut parts = [IoSliceMut::new(&mut bytes)];
    let read = recvmsg::<()>(stream.as_raw_fd(), &mut parts, Some(&mut told), MsgFlags::empty()).expect("an answer");
    let arrived = read.cmsgs().expect("whole control messages").find_map(|message| match message {
        ControlMessageOwned::ScmTimestampns(at) => Some(SystemTime::UNIX_EPOCH + Duration::from(at)),
        _ => None,
    });
    let length = read.bytes;
    assert!(bytes[..length].starts_with(b"HTTP/1.1 200"), "refused");
    arrived
}
