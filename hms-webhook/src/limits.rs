//! How much of everything a server takes on. Each limit protects the calls of others from one sender.

use std::time::Duration;

/// The limits of an app, for [`App::limits`](crate::App::limits).
///
/// Those of connections, heads and streams hold for `App::serve` and `App::run` only: behind
/// [`App::into_service`](crate::App::into_service) the server in front of the service has them.
///
/// ```
/// use hms_webhook::App;
///
/// let app = App::new().limits(|limits| {
///     limits.connections = 1000;
///     limits.body = 256 * 1024;
/// });
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Connections that are open at a time (16 384). A further one is answered 503 and closed.
    ///
    /// The operating system's limit of open files (`ulimit -n`) has to be higher.
    pub connections: usize,
    /// Connections of one address (4096), so that one sender cannot take all of them. A further one is answered 503
    /// and closed. Trusted proxies are not counted.
    pub connections_per_address: usize,
    /// The time in which a request's head has to arrive (10 s). A slower connection is closed.
    pub head_time: Duration,
    /// How long a connection is kept on which nothing happens (30 s).
    pub idle_time: Duration,
    /// The bytes of a request's head (32 KiB). A longer one is answered 431.
    pub head: usize,
    /// The header fields of an HTTP/1 request (100). More are answered 431. HTTP/2 counts bytes only.
    pub header_fields: usize,
    /// The requests that an HTTP/2 connection (feature `http2`) may have open at a time (128). A further one is
    /// refused.
    pub streams: u32,
    /// The requests that a peer may take back, or break, before its HTTP/2 connection (feature `http2`) is closed (64).
    pub stream_resets: usize,
    /// Requests whose body is arriving, at a time (4096). Further ones are answered 503.
    pub uploads: usize,
    /// The bytes of a body (1 MiB). A longer one is answered 413; if its length was announced, before a byte of it
    /// is read.
    pub body: usize,
    /// The bytes of all bodies that are held at a time (32 MiB). What is past them is answered 503.
    ///
    /// A quarter of them is kept for bodies of up to 64 KiB, so that a few large ones do not keep everyone out.
    pub bodies: usize,
    /// The time in which a body has to arrive (20 s). A slower one is answered 408.
    pub body_time: Duration,
    /// The bytes of a body that have to arrive per second, over every five seconds (1000). A slower one is answered
    /// 408.
    pub body_rate: usize,
    /// How deep a body's JSON may be nested (64). A deeper one is answered 400.
    pub json_depth: usize,
    /// Signed requests that are handled at a time (1024). Further ones are answered 503.
    ///
    /// An eighth of them is kept for notifications, so that reports come through while tools are busy.
    pub requests: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 16_384,
            connections_per_address: 4096,
            head_time: Duration::from_secs(10),
            idle_time: Duration::from_secs(30),
            head: 32 * 1024,
            header_fields: DEFAULT_HEADER_FIELDS,
            streams: 128,
            stream_resets: 64,
            uploads: 4096,
            body: 1024 * 1024,
            bodies: 32 * 1024 * 1024,
            body_time: Duration::from_secs(20),
            body_rate: 1000,
            json_depth: 64,
            requests: 1024,
        }
    }
}

pub(crate) const DEFAULT_HEADER_FIELDS: usize = 100;

/// The least that HTTP/1 can be read with.
const SMALLEST_HEAD: usize = 1024;
/// What the JSON reader itself can follow.
const DEEPEST_JSON: usize = 127;

impl Limits {
    /// Notes what cannot work.
    pub(crate) fn check(&self, problems: &mut Vec<String>) {
        let zero = [
            ("connections", self.connections == 0),
            ("connections_per_address", self.connections_per_address == 0),
            ("head_time", self.head_time.is_zero()),
            ("idle_time", self.idle_time.is_zero()),
            ("header_fields", self.header_fields == 0),
            ("streams", self.streams == 0),
            ("uploads", self.uploads == 0),
            ("body", self.body == 0),
            ("bodies", self.bodies == 0),
            ("body_time", self.body_time.is_zero()),
            ("json_depth", self.json_depth == 0),
            ("requests", self.requests == 0),
        ];
        for (name, _) in zero.iter().filter(|(_, is_zero)| *is_zero) {
            problems.push(format!("the limit `{name}` is zero, which would refuse every request: choose more"));
        }
        if self.head < SMALLEST_HEAD || u32::try_from(self.head).is_err() {
            problems.push(format!(
                "the limit `head` is {} bytes: choose something between {SMALLEST_HEAD} and {}",
                self.head,
                u32::MAX
            ));
        }
        if self.json_depth > DEEPEST_JSON {
            problems.push(format!(
                "the limit `json_depth` is {}, but nothing deeper than {DEEPEST_JSON} can be read: choose at most that",
                self.json_depth
            ));
        }
        if self.bodies - self.bodies / 4 < self.body {
            problems.push(format!(
                "three quarters of the limit `bodies` ({} bytes) are less than one `body` ({} bytes): choose more",
                self.bodies, self.body
            ));
        }
    }
}
