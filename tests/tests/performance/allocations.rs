//! Allocations of one request, from the first byte of its head to the last of its answer.
//!
//! A server by hand that keeps the same promises makes 16 (`benches/floor`), 8 of them in hyper. What makes sure that
//! a tool call has one effect, however often it is delivered, takes a copy of its key and one of its result
//! (`once.rs` and the store in memory).

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    thread,
};

use allocation_counter::AllocationInfo;
use hms_webhook::{__private as hidden, App, tool, tools};

/// How many a request may make. The tests are built with the feature `metrics`, whose labels take three; without it
/// there are three fewer. Built alone they count one fewer than built with the whole workspace.
const BUDGET: f64 = 20.5;
/// The bytes that a connection may hold that has had a request and waits for the next one: two buffers of 8 KiB, its
/// task, and the kept result of its call. (A release build holds some 2 KB less.)
const IDLE_CONNECTION: u64 = 24_000;
const SECRET: &str = "demo-secret-1";

/// Look up an order.
#[tool]
async fn lookup_order(order_id: String) -> String {
    order_id
}

#[test]
fn a_tool_call_makes_few() {
    let count = per_request(|| App::new().tools(tools![lookup_order]));
    assert!(count <= BUDGET, "{count} allocations for a request; {BUDGET} are allowed");
}

#[test]
fn as_many_with_ten_thousand_tools_as_with_one() {
    let counts = [0, 99, 9_999].map(|others| {
        per_request(|| App::new().tools(tools![lookup_order]).tools((0..others).map(another).collect::<Vec<_>>()))
    });
    assert!(counts.iter().all(|count| (count - counts[0]).abs() < 0.1), "{counts:?}");
}

#[test]
fn an_idle_connection_holds_little() {
    let most = |connections| {
        let app = App::new().tools(tools![lookup_order]);
        measure(app, move |address| (0..connections).map(|number| connect(address).ask(number)).collect::<Vec<_>>())
            .bytes_max
    };
    // Not all of a start is repeated by the second one.
    most(10);
    let each = (most(60) - most(10)) / 50;
    assert!(each <= IDLE_CONNECTION, "{each} bytes for a connection; {IDLE_CONNECTION} are allowed");
}

/// A tool as the macro writes it, but for its name.
fn another(index: usize) -> &'static hidden::ToolSpec {
    let name: &'static str = format!("lookup_order_{index}").leak();
    let location = hidden::Location { function: name, file: file!(), line: line!() };
    let run = |_| -> hidden::ToolFuture { unreachable!("it is never called") };
    Box::leak(Box::new(hidden::ToolSpec::new(name, "Another one.", location, &[], &[], run)))
}

/// The difference of two counts, so that what the start takes drops out.
fn per_request(app: impl Fn() -> App) -> f64 {
    const FEW: u64 = 100;
    const MANY: u64 = 600;
    // Not all of a start is repeated by the second one.
    allocations(app(), FEW);
    let (few, many) = (allocations(app(), FEW), allocations(app(), MANY));
    (many - few) as f64 / (MANY - FEW) as f64
}

fn allocations(app: App, requests: u64) -> u64 {
    measure(app, move |address| (0..requests).fold(connect(address), Client::ask)).count_total
}

/// Serves `clients` on this thread, which is the one whose allocations count. What they return is kept until the
/// server has ended.
fn measure<K: Send + 'static>(app: App, clients: impl FnOnce(SocketAddr) -> K + Send + 'static) -> AllocationInfo {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel();
    let clients = thread::spawn(move || {
        let kept = clients(address);
        stop.send(()).unwrap();
        kept
    });
    let served = app.secret(SECRET).serve_until(listener, async {
        let _ = stopped.await;
    });
    let counted = allocation_counter::measure(|| runtime.block_on(served).unwrap());
    drop(clients.join().unwrap());
    counted
}

struct Client(TcpStream);

fn connect(address: SocketAddr) -> Client {
    Client(TcpStream::connect(address).unwrap())
}

impl Client {
    fn ask(mut self, number: u64) -> Self {
        let mut answer = [0; 4096];
        self.0.write_all(&request(number)).unwrap();
        let length = self.0.read(&mut answer).unwrap();
        assert!(answer[..length].starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer[..length]));
        self
    }
}

/// A request with ids of its own.
fn request(number: u64) -> Vec<u8> {
    let body = format!(
        r#"{{"message":{{"type":"tool-calls","call":{{"id":"call-{number:09}","status":"in-progress"}},"customer":{{"number":"+31612000111"}},"tool_call_list":[{{"id":"tool_{number:09}","type":"function","function":{{"name":"lookup_order","arguments":{{"order_id":"A-1042"}}}}}}]}}}}"#
    );
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, SECRET.as_bytes());
    let tag = ring::hmac::sign(&key, format!("{now}.{body}").as_bytes());
    let signature: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let length = body.len();
    format!(
        "POST /webhooks/hms-sovereign HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\
         X-Webhook-Timestamp: {now}\r\nX-Webhook-Signature: sha256={signature}\r\n\r\n{body}"
    )
    .into_bytes()
}
