//! Until when a connection may stay as it is, and the stream that notices what happens on it.

use std::{
    future::poll_fn,
    io,
    mem::MaybeUninit,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::Instant,
};

use super::transport::Transport;
use crate::limits::Limits;

/// The times of one connection. It only keeps the moment at which the connection is to be closed; a single timer,
/// set anew when it has run out and not whenever something happens, looks at it.
#[derive(Debug)]
pub(super) struct Watch {
    start: Instant,
    /// Milliseconds.
    head_time: u64,
    idle_time: u64,
    /// Milliseconds from `start`, while no request is being answered.
    until: AtomicU64,
    /// Milliseconds that begin when somebody next asks; zero if they have begun. Most of what happens is followed by
    /// something else within the same turn, and needs no look at the clock.
    wait: AtomicU64,
    requests: AtomicU32,
    /// No request has been taken up yet.
    is_new: AtomicBool,
    /// It has taken one up since it last had to wait for bytes.
    is_ahead: AtomicBool,
    /// A head has begun to arrive.
    in_head: AtomicBool,
    /// The connection speaks HTTP/2, whose bytes are not those of heads alone.
    multiplexed: AtomicBool,
    /// There may be bytes on the way that nobody wants to read.
    lingers: AtomicBool,
}

impl Watch {
    pub(super) fn new(limits: &Limits) -> Arc<Self> {
        Arc::new(Self {
            start: Instant::now(),
            head_time: milliseconds(limits.head_time),
            idle_time: milliseconds(limits.idle_time),
            until: AtomicU64::new(0),
            wait: AtomicU64::new(milliseconds(limits.idle_time)),
            requests: AtomicU32::new(0),
            is_new: AtomicBool::new(true),
            is_ahead: AtomicBool::new(false),
            in_head: AtomicBool::new(false),
            multiplexed: AtomicBool::new(false),
            lingers: AtomicBool::new(false),
        })
    }

    /// When the connection is to be closed unless something happens; `None` while a request is being answered. Asked
    /// at the end of each turn of the connection.
    pub(super) fn until(&self) -> Option<Instant> {
        if self.requests.load(Relaxed) > 0 {
            return None;
        }
        match self.wait.swap(0, Relaxed) {
            0 => {}
            wait => self.set_from(Instant::now(), wait),
        }
        // A moment that the clock does not know never comes.
        self.start.checked_add(Duration::from_millis(self.until.load(Relaxed)))
    }

    /// A whole head has arrived. The request is being answered until the returned value is dropped.
    pub(super) fn request(self: &Arc<Self>) -> Answering {
        self.requests.fetch_add(1, Relaxed);
        Answering { watch: self.clone(), answered: None }
    }

    /// What comes before HTTP has as long as a head.
    pub(super) fn prelude(&self) {
        self.set(self.head_time);
    }

    /// HTTP begins.
    pub(super) fn begin(&self) {
        self.set(self.idle_time);
    }

    /// The connection speaks HTTP/2: from now on only its requests count.
    #[cfg(feature = "http2")]
    pub(super) fn multiplexes(&self) {
        self.multiplexed.store(true, Relaxed);
        self.set(self.idle_time);
    }

    /// The last answer was a refusal, whose request may not have been read to its end.
    pub(super) fn lingers(&self) {
        self.lingers.store(true, Relaxed);
    }

    /// Whether the request that is now taken up lets all others go first: it is the first one, or came together with the
    /// one before it. Over HTTP/2 each request has a task of its own.
    pub(super) fn lets_others_go_first(&self) -> bool {
        let (is_new, is_ahead) = (self.is_new.swap(false, Relaxed), self.is_ahead.swap(true, Relaxed));
        (is_new || is_ahead) && !self.multiplexed.load(Relaxed)
    }

    /// Nothing more is there for now.
    fn waits(&self) {
        self.is_ahead.store(false, Relaxed);
    }

    /// Bytes have arrived: a head has begun, unless a request is being answered.
    fn read(&self) {
        if !self.in_head.load(Relaxed) && self.requests.load(Relaxed) == 0 && !self.multiplexed.load(Relaxed) {
            self.in_head.store(true, Relaxed);
            self.set(self.head_time);
        }
    }

    /// Whether the connection is closed in the middle of what its peer sends.
    fn is_cut_off(&self) -> bool {
        self.in_head.load(Relaxed) || self.lingers.load(Relaxed)
    }

    fn set(&self, milliseconds_from_now: u64) {
        self.wait.store(milliseconds_from_now, Relaxed);
    }

    fn set_from(&self, moment: Instant, wait: u64) {
        let moment = milliseconds(moment.saturating_duration_since(self.start));
        self.until.store(moment.saturating_add(wait), Relaxed);
        self.wait.store(0, Relaxed);
    }
}

/// Shorter than a millisecond is a millisecond, so that no limit becomes zero.
fn milliseconds(duration: Duration) -> u64 {
    let part = u64::from(duration.subsec_nanos().div_ceil(1_000_000));
    duration.as_secs().saturating_mul(1000).saturating_add(part).max(1)
}

/// A request that is being answered.
#[derive(Debug)]
pub(super) struct Answering {
    watch: Arc<Watch>,
    /// When its answer was ready, where somebody has looked at the clock by then.
    answered: Option<Instant>,
}

impl Answering {
    /// The answer was ready at this moment.
    pub(super) fn answered(&mut self, at: Instant) {
        self.answered = Some(at);
    }

    pub(super) fn watch(&self) -> &Watch {
        &self.watch
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        let watch = &*self.watch;
        match self.answered {
            Some(at) if !watch.multiplexed.load(Relaxed) => watch.set_from(at, watch.idle_time),
            // Over HTTP/2, answers that are ready may not be on their way yet, and others have come since.
            _ => watch.set(watch.idle_time),
        }
        watch.in_head.store(false, Relaxed);
        watch.requests.fetch_sub(1, Relaxed);
    }
}

/// A stream that tells its [`Watch`] what happens, can look at the first bytes, and closes so that the peer can still
/// read the last answer.
#[derive(Debug)]
pub(super) struct Watched {
    transport: Transport,
    watch: Arc<Watch>,
    /// What was read to find out the protocol and not handed on yet.
    first: Vec<u8>,
    closing: Option<Closing>,
}

#[derive(Debug)]
struct Closing {
    is_shut_down: bool,
    /// How many more bytes are read and thrown away.
    left: usize,
}

/// What is thrown away of a refused body before its sender is cut off.
const LINGER_BYTES: usize = 512 * 1024;

impl Watched {
    pub(super) fn new(transport: Transport, watch: Arc<Watch>) -> Self {
        Self { transport, watch, first: Vec::new(), closing: None }
    }

    /// Whether the first bytes are `wanted`. What it reads is kept.
    pub(super) async fn begins_with(&mut self, wanted: &[u8]) -> io::Result<bool> {
        loop {
            let common = wanted.len().min(self.first.len());
            if self.first[..common] != wanted[..common] {
                return Ok(false);
            }
            if common == wanted.len() || poll_fn(|context| self.poll_first(context)).await? == 0 {
                return Ok(common == wanted.len());
            }
        }
    }

    /// As much as the head of most requests has, so that it needs no second read. Only while it reads it has room for
    /// that: a connection that says nothing shall be small.
    fn poll_first(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut bytes = [MaybeUninit::uninit(); 2048];
        let mut buffer = ReadBuf::uninit(&mut bytes);
        ready!(self.poll_more(context, &mut buffer))?;
        self.first.extend_from_slice(buffer.filled());
        Poll::Ready(Ok(buffer.filled().len()))
    }

    fn poll_more(&mut self, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let Poll::Ready(read) = Pin::new(&mut self.transport).poll_read(context, buffer) else {
            self.watch.waits();
            return Poll::Pending;
        };
        if buffer.filled().len() > before {
            self.watch.read();
        }
        Poll::Ready(read)
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.first.is_empty() {
            let count = self.first.len().min(buffer.remaining());
            buffer.put_slice(&self.first[..count]);
            self.first.drain(..count);
            if self.first.is_empty() {
                self.first = Vec::new();
                // With what has come since, so that the reader need not enlarge its buffer for it.
                let _ = self.poll_more(context, buffer)?;
            }
            return Poll::Ready(Ok(()));
        }
        self.poll_more(context, buffer)
    }
}

impl AsyncWrite for Watched {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.transport).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.transport).poll_flush(context)
    }

    /// Ends the side that is written to, then reads what the peer still sends, within bounds, and throws it away: a
    /// socket that is closed with unread bytes takes back the answer that the peer has not read yet.
    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let closing = this.closing.get_or_insert_with(|| {
            this.watch.set(LINGER_TIME.min(this.watch.idle_time));
            Closing { is_shut_down: false, left: LINGER_BYTES }
        });
        if !closing.is_shut_down {
            ready!(Pin::new(&mut this.transport).poll_shutdown(context))?;
            closing.is_shut_down = true;
        }
        if !this.watch.is_cut_off() {
            return Poll::Ready(Ok(()));
        }
        let mut waste = [0; 4096];
        loop {
            let mut buffer = ReadBuf::new(&mut waste);
            ready!(Pin::new(&mut this.transport).poll_read(context, &mut buffer))?;
            match (buffer.filled().len(), closing.left) {
                (0, _) => return Poll::Ready(Ok(())),
                (count, left) if count >= left => return Poll::Ready(Ok(())),
                (count, _) => closing.left -= count,
            }
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.transport).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.transport.is_write_vectored()
    }
}

/// How many milliseconds a peer may take to notice that its connection was closed.
const LINGER_TIME: u64 = 2000;
