//! HTTP/2 with prior knowledge (RFC 9113 §3.3).

use std::{
    cell::RefCell,
    net::Ipv4Addr,
    rc::Rc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use driver::{
    Deliveries,
    compare::{Rival, Settings, Slot, Target},
};
use h2::client::SendRequest;
use http::Request;
use tokio::{
    net::TcpStream,
    runtime::Runtime,
    task::{JoinSet, LocalSet, spawn_local, yield_now},
};

pub struct Connections {
    name: String,
    deliveries: Rc<RefCell<Deliveries>>,
    connections: Vec<SendRequest<Bytes>>,
    streams: usize,
    runtime: Runtime,
    local: LocalSet,
}

impl Connections {
    pub fn to(target: &Target, settings: &Settings) -> Self {
        let runtime = by_hand::runtime();
        let local = LocalSet::new();
        let connect = |_| local.block_on(&runtime, connect(target.port));
        let all = Self {
            name: target.name.clone(),
            deliveries: Rc::new(RefCell::new(target.deliveries(settings))),
            connections: (0..settings.connections).map(connect).collect(),
            streams: settings.streams,
            local,
            runtime,
        };
        let answer = all.local.block_on(&all.runtime, ask(all.connections[0].clone(), &all.deliveries, &all.name));
        assert!(String::from_utf8_lossy(&answer).contains("shipped"), "{}: another answer", all.name);
        all
    }
}

async fn connect(port: u16) -> SendRequest<Bytes> {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.expect("a connection");
    stream.set_nodelay(true).expect("TCP_NODELAY");
    let (sender, connection) = h2::client::handshake(stream).await.expect("HTTP/2");
    tokio::task::spawn_local(async move {
        // What becomes of it is seen by those who ask.
        let _ = connection.await;
    });
    sender
}

impl Rival for Connections {
    fn body_length(&self) -> usize {
        self.deliveries.borrow().body_length()
    }

    fn slot(&mut self, length: Duration) -> Slot {
        let started = Instant::now();
        let slot = Rc::new(RefCell::new(Slot::default()));
        self.local.block_on(&self.runtime, async {
            // As over HTTP/1.1, nobody has to wake the driver.
            let awake = spawn_local(async {
                loop {
                    yield_now().await;
                }
            });
            let mut streams = JoinSet::new();
            for sender in &self.connections {
                for _ in 0..self.streams {
                    let (sender, deliveries, slot) = (sender.clone(), self.deliveries.clone(), slot.clone());
                    let name = self.name.clone();
                    streams.spawn_local(async move {
                        while started.elapsed() < length {
                            let begun = Instant::now();
                            ask(sender.clone(), &deliveries, &name).await;
                            slot.borrow_mut().answered(begun.elapsed());
                        }
                    });
                }
            }
            while let Some(ended) = streams.join_next().await {
                ended.expect("an answer for each");
            }
            awake.abort();
        });
        let mut slot = slot.take();
        slot.elapsed = started.elapsed();
        slot
    }
}

/// Sends the next delivery and gives back the answer, which must be a 200.
async fn ask(sender: SendRequest<Bytes>, deliveries: &RefCell<Deliveries>, name: &str) -> Vec<u8> {
    let mut sender = sender.ready().await.unwrap_or_else(|error| panic!("{name}: {error}"));
    let (request, body) = {
        let mut deliveries = deliveries.borrow_mut();
        let (signed, body) = deliveries.next_parts();
        let mut request = Request::post("http://127.0.0.1/webhook").header("content-type", "application/json");
        if let Some(signed) = signed {
            request = request
                .header("x-webhook-event", signed.event)
                .header("x-webhook-timestamp", signed.timestamp)
                .header("x-webhook-signature", signed.signature);
        }
        let request = request.header("content-length", body.len()).body(()).expect("a request");
        (request, Bytes::copy_from_slice(body))
    };
    let (answer, mut upload) = sender.send_request(request, false).unwrap_or_else(|error| panic!("{name}: {error}"));
    // What the server's window has no room for waits inside.
    upload.send_data(body, true).unwrap_or_else(|error| panic!("{name}: {error}"));
    let answer = answer.await.unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(answer.status(), 200, "{name}: refused");
    let mut incoming = answer.into_body();
    let mut whole = Vec::new();
    while let Some(part) = incoming.data().await {
        let part = part.unwrap_or_else(|error| panic!("{name}: {error}"));
        incoming.flow_control().release_capacity(part.len()).expect("it was received");
        whole.extend_from_slice(&part);
    }
    whole
}
