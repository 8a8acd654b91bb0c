//! Who may send, and whose word on it counts; sockets other than a port.

use std::time::Duration;

use hms_webhook::App;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
};

use crate::{
    process::Process,
    support::{Connection, Server, message, signed_request},
    wire::Wire,
};

const HEALTH: &str = "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

async fn statuses(server: &Server, bytes: impl AsRef<[u8]>) -> Vec<u16> {
    let mut wire = Wire::connect(server.address).await;
    wire.send(bytes).await;
    wire.until_end().await;
    wire.statuses()
}

fn forwarded(chain: &str) -> String {
    format!("GET /healthz HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: {chain}\r\nConnection: close\r\n\r\n")
}

/// A PROXY header of version 2 that says that `address` has connected.
fn proxied(address: [u8; 4]) -> Vec<u8> {
    [b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c".as_slice(), &address, &[10, 0, 0, 1, 0x30, 0x39, 1, 0xbb]].concat()
}

#[tokio::test]
async fn only_allowed_networks_may_send() {
    let elsewhere = Server::start(App::new().allowed_networks(["203.0.113.0/24"])).await;
    assert_eq!(statuses(&elsewhere, HEALTH).await, [403]);
    assert_eq!(statuses(&elsewhere, forwarded("203.0.113.9")).await, [403], "nobody is believed");
    let here = Server::start(App::new().allowed_networks(["203.0.113.0/24", "127.0.0.1"])).await;
    assert_eq!(statuses(&here, HEALTH).await, [200]);
}

#[tokio::test]
async fn a_trusted_proxy_says_who_sends() {
    let app = App::new().trusted_proxies(["127.0.0.0/8"]).allowed_networks(["203.0.113.0/24"]);
    let server = Server::start(app).await;
    assert_eq!(statuses(&server, forwarded("203.0.113.9")).await, [200]);
    assert_eq!(statuses(&server, forwarded("203.0.113.9, 127.0.0.2")).await, [200]);
    assert_eq!(
        statuses(&server, forwarded("203.0.113.9, 192.0.2.1")).await,
        [403],
        "the first was written by the second"
    );
    assert_eq!(statuses(&server, HEALTH).await, [403], "the proxy itself is not among them");
}

#[tokio::test]
async fn a_trusted_proxy_says_it_in_the_standard_header_too() {
    let app = App::new().trusted_proxies(["127.0.0.0/8"]).allowed_networks(["203.0.113.0/24", "127.0.0.0/8"]);
    let server = Server::start(app).await;
    let with = |fields: &str| format!("GET /healthz HTTP/1.1\r\nHost: a\r\n{fields}Connection: close\r\n\r\n");
    for (fields, status) in [
        ("Forwarded: for=203.0.113.9;proto=https\r\n", 200),
        ("Forwarded: for=192.0.2.1, for=\"203.0.113.9:4711\", for=127.0.0.2\r\n", 200),
        ("Forwarded: for=203.0.113.9, for=\"[2001:db8::1]\"\r\n", 403),
        ("Forwarded: for=\", for=192.0.2.1\r\n", 403),
        ("Forwarded: for=203.0.113.9\r\nX-Forwarded-For: 203.0.113.9\r\n", 200),
        ("Forwarded: for=203.0.113.9\r\nX-Forwarded-For: 192.0.2.1\r\n", 403),
        ("Forwarded: for=192.0.2.1\r\nX-Forwarded-For: 203.0.113.9\r\n", 403),
    ] {
        assert_eq!(statuses(&server, with(fields)).await, [status], "{fields}");
    }
    let trusting_nobody = Server::start(App::new().allowed_networks(["203.0.113.0/24"])).await;
    assert_eq!(statuses(&trusting_nobody, with("Forwarded: for=203.0.113.9\r\n")).await, [403]);
}

#[tokio::test]
async fn connections_of_a_trusted_proxy_are_not_counted() {
    let limited = || App::new().limits(|limits| limits.connections_per_address = 1);
    for (app, expected) in [(limited().trusted_proxies(["127.0.0.1"]), 200), (limited(), 503)] {
        let server = Server::start(app).await;
        let mut first = server.connect().await;
        first.send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").await;
        assert_eq!(first.answer().await.status, 200);
        assert_eq!(statuses(&server, HEALTH).await, [expected]);
    }
}

#[tokio::test]
async fn a_proxy_header_says_who_connects() {
    let app = App::new()
        .proxy_protocol(["127.0.0.1"])
        .allowed_networks(["203.0.113.0/24"])
        .limits(|limits| (limits.connections_per_address, limits.head_time) = (1, Duration::from_millis(300)));
    let server = Server::start(app).await;
    assert_eq!(statuses(&server, [&proxied([203, 0, 113, 9]), HEALTH.as_bytes()].concat()).await, [200]);
    assert_eq!(statuses(&server, [&proxied([192, 0, 2, 1]), HEALTH.as_bytes()].concat()).await, [0; 0]);
    assert_eq!(statuses(&server, HEALTH).await, [0; 0], "without a header nothing is read");
    assert_eq!(statuses(&server, &proxied([203, 0, 113, 9])[..20]).await, [0; 0], "half a header has its time");

    let mut one = Wire::connect(server.address).await;
    one.send([&proxied([203, 0, 113, 9]), "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n".as_bytes()].concat()).await;
    assert!(one.until(b"200 OK").await);
    assert_eq!(
        statuses(&server, [&proxied([203, 0, 113, 9]), HEALTH.as_bytes()].concat()).await,
        [0; 0],
        "counted by client"
    );
    assert_eq!(statuses(&server, [&proxied([203, 0, 113, 10]), HEALTH.as_bytes()].concat()).await, [200]);

    let foreign = Server::start(App::new().proxy_protocol(["203.0.113.7"])).await;
    assert_eq!(statuses(&foreign, [&proxied([203, 0, 113, 9]), HEALTH.as_bytes()].concat()).await, [403]);
}

#[tokio::test]
async fn networks_that_are_none_are_reported_at_the_start() {
    let app = App::new().secret("a").trusted_proxies(["10.0.0.0/33"]).allowed_networks(["everyone"]);
    let error = app.into_service().unwrap_err();
    assert_eq!(error.problems().len(), 2, "{error}");
}

#[tokio::test]
async fn a_program_listens_on_a_path_again_after_it_was_killed() {
    let path = std::env::temp_dir().join(format!("hms-webhook-fire-{}.sock", std::process::id()));
    let listen = format!("unix:{}", path.display());
    for _ in 0..2 {
        let mut process = Process::start(&[("HMS_WEBHOOK_LISTEN", &listen)]).await;
        assert_eq!(process.listens_on(), listen);
        let mut stream = UnixStream::connect(&path).await.unwrap();
        let request = String::from_utf8(signed_request(message("status-update", "").as_bytes())).unwrap();
        stream.write_all(request.replacen("Host", "Connection: close\r\nHost", 1).as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        process.child.kill().await.unwrap();
    }
    std::fs::remove_file(path).unwrap();
}

#[tokio::test]
async fn a_socket_that_is_handed_over_is_listened_on() {
    let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let process = Process::handed(&socket, &[]).await;
    assert_eq!(process.address(), address);
    let mut connection = Connection::to(address).await;
    connection.send(signed_request(message("status-update", "").as_bytes())).await;
    assert_eq!(connection.answer().await.status, 200);
}
