//! Peers that are silent, slow, half gone or in a hurry, and what they cost the others.

use std::{
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use hms_webhook::{App, tool, tools};

use crate::{
    support::{PATH, Server, message, request_with, signed_request, tool_calls},
    wire::Wire,
};

const SHORT: Duration = Duration::from_millis(300);

/// Say hello after a while.
#[tool]
async fn hello_later() -> &'static str {
    tokio::time::sleep(Duration::from_millis(50)).await;
    "hello"
}

/// Say hello after a longer while than a connection may be idle.
#[tool]
async fn hello_much_later() -> &'static str {
    tokio::time::sleep(3 * SHORT).await;
    "hello"
}

/// An app whose times are short, so that the tests are.
fn app() -> App {
    App::new().tools(tools![hello_later, hello_much_later]).limits(|limits| {
        limits.head_time = SHORT;
        limits.idle_time = 2 * SHORT;
        limits.body_time = SHORT;
    })
}

/// Sends one byte of `bytes` after another with pauses, until the server has had enough.
async fn trickle(wire: &mut Wire, bytes: &[u8]) -> Duration {
    let start = Instant::now();
    for byte in bytes.iter().cycle() {
        if !wire.send([*byte]).await || start.elapsed() > 10 * SHORT {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    start.elapsed()
}

#[tokio::test]
async fn a_trickled_head_is_cut_off() {
    let server = Server::start(app()).await;
    for beginning in ["GET /healthz HTTP/1.1\r\nHost: a\r\nX-Padding: ", "P", "PRI * HTTP/2.0\r\n\r\nSM"] {
        let mut wire = Wire::connect(server.address).await;
        wire.send(beginning).await;
        let start = Instant::now();
        let ended = tokio::time::timeout(10 * SHORT, trickle(&mut wire, b"a")).await.unwrap();
        assert!(ended < 6 * SHORT, "{beginning:?} was taken for {ended:?}");
        wire.until_end().await;
        assert!(start.elapsed() >= SHORT / 2, "{beginning:?}");
    }
}

#[tokio::test]
async fn a_head_has_its_time_on_every_request_of_a_connection() {
    let server = Server::start(app()).await;
    let mut connection = server.connect().await;
    for _ in 0..5 {
        connection.send("GET /healthz HTTP/1.1\r\n").await;
        tokio::time::sleep(SHORT / 2).await;
        connection.send("Host: a\r\n\r\n").await;
        assert_eq!(connection.answer().await.status, 200, "each head alone is fast enough");
    }
    connection.send("GET /healthz HTTP/1.1\r\n").await;
    let start = Instant::now();
    assert!(connection.is_ended().await);
    assert!(start.elapsed() < 4 * SHORT, "the last one is not: {:?}", start.elapsed());
}

#[tokio::test]
async fn a_silent_or_idle_connection_is_closed() {
    let server = Server::start(app()).await;
    let mut silent = server.connect().await;
    let mut idle = server.connect().await;
    idle.send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!(idle.answer().await.status, 200);
    let start = Instant::now();
    assert!(silent.is_ended().await && idle.is_ended().await);
    assert!(start.elapsed() > SHORT && start.elapsed() < 6 * SHORT, "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_request_that_is_being_answered_is_not_idle() {
    let app = app().limits(|limits| limits.idle_time = Duration::from_millis(10));
    let server = Server::start(app).await;
    let answer = server.deliver(tool_calls(&[("hello_later", "{}")])).await;
    assert_eq!(answer.result(), serde_json::json!({ "result": "hello" }));
}

#[tokio::test]
async fn a_connection_is_idle_from_its_last_answer_on() {
    let server = Server::start(app()).await;
    let mut wire = Wire::connect(server.address).await;
    wire.send(signed_request(tool_calls(&[("hello_much_later", "{}")]).as_bytes())).await;
    assert!(wire.until(br#""hello""#).await, "{}", wire.text());
    tokio::time::sleep(SHORT).await;
    wire.send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").await;
    wire.until_end().await;
    assert_eq!(wire.statuses(), [200, 200], "{}", wire.text());
}

/// Otherwise what was captured could be sent again for as much longer as a body may take.
#[tokio::test]
async fn a_signature_grows_older_while_its_body_arrives() {
    let app = app().signature_tolerance(Duration::from_secs(1)).limits(|limits| {
        limits.body_time = Duration::from_secs(60);
        limits.idle_time = Duration::from_secs(60);
    });
    let server = Server::start(app).await;
    for (pause, status) in [(Duration::ZERO, 200), (Duration::from_millis(2100), 401)] {
        let request = signed_request(tool_calls(&[("hello_later", "{}")]).as_bytes());
        let head = request.windows(4).position(|end| end == b"\r\n\r\n").unwrap() + 4;
        let mut wire = Wire::connect(server.address).await;
        wire.send(&request[..head]).await;
        tokio::time::sleep(pause).await;
        wire.send(&request[head..]).await;
        assert!(wire.until(b"}").await, "{}", wire.text());
        assert_eq!(wire.statuses(), [status], "{pause:?}: {}", wire.text());
    }
}

#[tokio::test]
async fn a_trickled_body_is_408_and_the_connection_is_closed() {
    let server = Server::start(app()).await;
    for framing in ["Content-Length: 100000\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\nfffff\r\n"] {
        let mut wire = Wire::connect(server.address).await;
        wire.send(format!("POST {PATH} HTTP/1.1\r\nHost: a\r\n{framing}")).await;
        let start = Instant::now();
        let trickled = async {
            trickle(&mut wire, b" ").await;
            wire.until_end().await;
        };
        tokio::time::timeout(Duration::from_secs(8), trickled).await.expect("the body is not cut off");
        assert_eq!(wire.statuses(), [408], "{}", wire.text());
        assert!(start.elapsed() >= SHORT);
    }
}

#[tokio::test]
async fn a_body_that_comes_too_slowly_is_408_before_its_whole_time_is_over() {
    let app = app().limits(|limits| {
        limits.body_time = Duration::from_secs(60);
        limits.body_rate = 1000;
    });
    let server = Server::start(app).await;
    let start = Instant::now();
    let mut wire = Wire::connect(server.address).await;
    wire.send(format!("POST {PATH} HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n{}", " ".repeat(4000))).await;
    wire.until_end().await;
    assert_eq!(wire.statuses(), [408]);
    assert!(wire.text().contains("too slowly"), "{}", wire.text());
    let took = start.elapsed();
    assert!(took > Duration::from_secs(4) && took < Duration::from_secs(9), "{took:?}");
}

#[tokio::test]
async fn who_has_said_all_may_stop_sending_and_still_read_the_answer() {
    let server = Server::start(app()).await;
    let mut wire = Wire::connect(server.address).await;
    wire.send(signed_request(tool_calls(&[("hello_later", "{}")]).as_bytes())).await;
    wire.finish().await;
    wire.until_end().await;
    assert_eq!(wire.statuses(), [200], "{}", wire.text());
    assert!(wire.text().contains("hello"));
}

#[tokio::test]
async fn aborted_uploads_leave_nothing_behind() {
    let server = Server::start(app().limits(|limits| (limits.uploads, limits.bodies) = (4, 2 * 1024 * 1024))).await;
    let whole = signed_request(format!("{}{}", message("status-update", ""), " ".repeat(500_000)).as_bytes());
    for round in 0..50 {
        let mut wire = Wire::connect(server.address).await;
        wire.send(&whole[..whole.len() - 1 - round * 1000]).await;
        drop(wire);
    }
    // What was held for them is given back when the server notices.
    for _ in 0..100 {
        if server.deliver(message("status-update", "")).await.status == 200 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the places of aborted uploads stay taken");
}

#[tokio::test]
async fn a_pipelined_flood_is_answered_in_order_or_not_at_all() {
    let server = Server::start(app()).await;
    let mut wire = Wire::connect(server.address).await;
    let flood = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n".repeat(20_000);
    // The peer does not read, so that at some point nothing more is taken.
    let sent = tokio::time::timeout(SHORT, wire.send(&flood)).await;
    let beside = Instant::now();
    assert_eq!(server.deliver(message("status-update", "")).await.status, 200);
    assert!(beside.elapsed() < Duration::from_secs(2), "an honest request waited {:?}", beside.elapsed());
    wire.until_end().await;
    assert!(wire.statuses().iter().all(|status| *status == 200), "{sent:?}");
}

/// The client's sides of connections that flood the server, and how many answers have come on them.
#[derive(Clone, Default)]
struct Flood(Arc<Mutex<Vec<TcpStream>>>);

impl Flood {
    fn connect(&self, server: &Server) {
        let stream = TcpStream::connect(server.address).unwrap();
        stream.set_nonblocking(true).unwrap();
        self.0.lock().unwrap().push(stream);
    }

    fn send(&self, bytes: &[u8]) {
        self.0.lock().unwrap().iter_mut().for_each(|stream| stream.write_all(bytes).unwrap());
    }

    fn answers(&self) -> usize {
        let count = |stream: &mut TcpStream| {
            let mut bytes = Vec::new();
            // It is refused and closed, or stays.
            if let Err(error) = stream.read_to_end(&mut bytes) {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
            }
            String::from_utf8(bytes).unwrap().matches("HTTP/1.1 ").count()
        };
        self.0.lock().unwrap().iter_mut().map(count).sum()
    }
}

/// Say how many answers the flood has got since it was last asked. As most tools do, it waits for something before.
#[tool]
async fn count_answers(flood: &Flood) -> usize {
    tokio::task::yield_now().await;
    flood.answers()
}

/// How many answers to `flood` come before the answer to an honest call on a connection that the server knows, which is
/// sent after it. Test and server share a thread, so the server does nothing while the test does not wait.
async fn answers_before_an_honest_one(
    server: &Server,
    held: &Flood,
    known: impl FnOnce(),
    flood: impl FnOnce(),
) -> u64 {
    let mut honest = server.connect().await;
    known();
    for _ in 0..3 {
        honest.send(signed_request(tool_calls(&[("count_answers", "{}")]).as_bytes())).await;
        assert_eq!(honest.answer().await.status, 200);
    }
    held.answers();
    flood();
    honest.send(signed_request(tool_calls(&[("count_answers", "{}")]).as_bytes())).await;
    honest.answer().await.result()["result"].as_u64().unwrap()
}

#[tokio::test]
async fn requests_that_do_not_wait_for_answers_have_one_turn_at_a_time() {
    let flood = Flood::default();
    let server = Server::start(app().tools(tools![count_answers]).state(flood.clone())).await;
    let unsigned = request_with("", b"{}");
    let known = || {
        flood.connect(&server);
        flood.send(&unsigned);
    };
    let answers = answers_before_an_honest_one(&server, &flood, known, || flood.send(&unsigned.repeat(100))).await;
    assert!((1..5).contains(&answers), "{answers} of 100 requests on one connection were answered first");
}

#[tokio::test]
async fn long_requests_that_do_not_wait_for_answers_have_one_turn_at_a_time_too() {
    const COUNT: usize = 30;
    let flood = Flood::default();
    let server = Server::start(app()).await;
    flood.connect(&server);
    let mut sender = flood.0.lock().unwrap()[0].try_clone().unwrap();
    let sent = request_with("", &[b' '; 70_000]).repeat(COUNT);
    // Much of it is there before the server does anything; the rest comes when the sockets have room.
    let sending = std::thread::spawn(move || {
        let mut unsent = &sent[..];
        while !unsent.is_empty() {
            match sender.write(unsent) {
                Ok(count) => unsent = &unsent[count..],
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::WouldBlock);
                    std::thread::yield_now();
                }
            }
        }
    });
    std::thread::sleep(SHORT);
    let (mut all, mut most) = (0, 0);
    while all < COUNT {
        // Until the scheduler has looked at its sockets.
        tokio::task::yield_now().await;
        let answers = flood.answers();
        (all, most) = (all + answers, most.max(answers));
    }
    sending.join().unwrap();
    assert!(most <= 2, "{most} of {COUNT} were answered in one turn");
}

#[tokio::test]
async fn requests_on_new_connections_let_those_on_others_go_first() {
    let flood = Flood::default();
    let server = Server::start(app().tools(tools![count_answers]).state(flood.clone())).await;
    let opened = || {
        (0..100).for_each(|_| flood.connect(&server));
        flood.send(&request_with("", b"{}"));
    };
    let answers = answers_before_an_honest_one(&server, &flood, || (), opened).await;
    assert!(answers < 5, "{answers} of 100 new connections were answered first");
}

#[tokio::test]
async fn refused_connections_let_those_that_are_there_go_first() {
    let flood = Flood::default();
    let app = app().tools(tools![count_answers]).state(flood.clone()).limits(|limits| limits.connections = 1);
    let server = Server::start(app).await;
    let opened = || (0..100).for_each(|_| flood.connect(&server));
    let answers = answers_before_an_honest_one(&server, &flood, || (), opened).await;
    assert!((1..50).contains(&answers), "{answers} of 100 connections were refused first");
}
