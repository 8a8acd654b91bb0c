//! What connections and floods cost in memory, and what honest requests notice of them.

use std::time::{Duration, Instant};

use tokio::{io::AsyncWriteExt, net::TcpStream};

use crate::{
    process::Process,
    support::{Connection, PATH, signed_request, tool_calls},
};

fn say(text: String) {
    #[allow(clippy::print_stderr, reason = "this is what the test is looked at for")]
    {
        eprintln!("{text}");
    }
}

/// The median and the 99th percentile of signed requests, one after the other.
async fn honest(process: &Process) -> [Duration; 2] {
    let mut connection = Connection::to(process.address()).await;
    let mut times = Vec::new();
    for _ in 0..500 {
        let start = Instant::now();
        connection.send(signed_request(tool_calls(&[("hello", "{}")]).as_bytes())).await;
        assert_eq!(connection.answer().await.status, 200);
        times.push(start.elapsed());
    }
    times.sort();
    [times[250], times[495]]
}

#[tokio::test]
async fn ten_thousand_connections_cost_less_than_twenty_kilobytes_each() {
    let process = Process::start(&[]).await;
    let quiet = honest(&process).await;
    let Some(before) = process.memory("VmRSS") else {
        return say("skipped: /proc is not there".into());
    };
    let mut open = Vec::new();
    let half = signed_request(tool_calls(&[("hello", "{}")]).as_bytes());
    for number in 0..10_000_usize {
        let mut stream = match TcpStream::connect(process.address()).await {
            Ok(stream) => stream,
            Err(error) => return say(format!("skipped after {number} connections: {error} (ulimit -n 20000)")),
        };
        // A third each: silent, half a head, half a body.
        let sent = [0, 40, half.len() - 10][number % 3];
        stream.write_all(&half[..sent]).await.unwrap();
        open.push(stream);
    }
    // The last one has been seen when one after it is answered.
    let busy = honest(&process).await;
    let added = process.memory("VmRSS").unwrap() - before;
    let each = added as f64 / open.len() as f64;
    say(format!(
        "{} connections: {each:.1} kB each; honest requests (median, p99): {quiet:?}, beside them {busy:?}",
        open.len()
    ));
    assert!(each < 20.0, "{each} kB for each connection");
    drop(open);
}

#[tokio::test]
async fn thirty_two_floods_of_32_mib_add_less_than_64_mib() {
    const FLOOD: usize = 32 * 1024 * 1024;
    for (what, body, framing) in [
        ("announced, over the limit", "1048576", format!("Content-Length: {FLOOD}\r\n\r\n")),
        ("in chunks, over the limit", "1048576", format!("Transfer-Encoding: chunked\r\n\r\n{FLOOD:x}\r\n")),
        ("announced, as long as is allowed", "33554432", format!("Content-Length: {FLOOD}\r\n\r\n")),
        ("in chunks, as long as is allowed", "33554432", format!("Transfer-Encoding: chunked\r\n\r\n{FLOOD:x}\r\n")),
    ] {
        let process = Process::start(&[("UNDER_FIRE_BODY", body)]).await;
        let quiet = honest(&process).await;
        let Some(before) = process.memory("VmRSS") else {
            return say("skipped: /proc is not there".into());
        };
        let address = process.address();
        let floods: Vec<_> = (0..32)
            .map(|_| {
                let head = format!("POST {PATH} HTTP/1.1\r\nHost: a\r\n{framing}");
                tokio::spawn(async move {
                    let mut stream = TcpStream::connect(address).await.unwrap();
                    let piece = vec![b' '; 256 * 1024];
                    let _ = stream.write_all(head.as_bytes()).await;
                    for _ in 0..FLOOD / piece.len() {
                        if stream.write_all(&piece).await.is_err() {
                            return false;
                        }
                    }
                    true
                })
            })
            .collect();
        let busy = honest(&process).await;
        let mut whole = 0;
        for flood in floods {
            whole += usize::from(flood.await.unwrap());
        }
        let added = process.memory("VmHWM").unwrap().saturating_sub(before) / 1024;
        say(format!(
            "{what}: {added} MiB more, {whole} floods taken whole; honest requests {quiet:?}, beside them {busy:?}"
        ));
        assert!(added < 64, "{what}: {added} MiB more");
    }
}
