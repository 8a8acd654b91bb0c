//! A request's way, in one straight line: receive, verify, parse, dispatch, respond.

use std::{
    convert::Infallible,
    error::Error,
    fmt,
    future::ready,
    mem,
    net::IpAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use bytestring::ByteString;
use http::{HeaderMap, Method, Request, Response};
use http_body::Body;
use tokio::time::Instant;
use tracing::{Instrument, Span, debug_span};

use crate::{
    call_id,
    capacity::{Admitted, Capacity},
    delivery::{self, BodyBudget, Delivery},
    depth::is_deeper_than,
    event::{Event, EventType},
    handled::{Refusals, Refused, joined},
    limits::Limits,
    overview::Overview,
    rejection::Rejection,
    response::{Reply, ReplyBody},
    router::Router,
    secrets::Keyring,
    signature::{SIGNATURE_HEADER, VerifiedPayload, VerifyError},
    words::shorten,
};

/// By which a filter knows the spans of requests.
#[cfg(feature = "cli")]
pub(crate) const TARGET: &str = module_path!();

/// An app that is ready to answer: a [`tower::Service`] over any request body.
///
/// It is cheap to clone, always ready and never fails: what goes wrong is a response.
/// [`App::into_service`](crate::App::into_service) makes one.
///
/// ```
/// use bytes::Bytes;
/// use hms_webhook::{App, tool, tools};
/// use http::{Request, StatusCode};
/// use http_body_util::Full;
/// use tower::Service;
///
/// /// Say when the shop opens.
/// #[tool]
/// fn opening_hour() -> u8 {
///     9
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> hms_webhook::Result<()> {
/// let mut service = App::new().tools(tools![opening_hour]).secret("shared with the platform").into_service()?;
/// let unsigned = Request::post(service.path()).body(Full::new(Bytes::from("{}")))?;
/// let Ok(response) = service.call(unsigned).await;
/// assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct WebhookService(Arc<Shared>);

pub(crate) struct Shared {
    pub(crate) path: String,
    pub(crate) limits: Limits,
    pub(crate) bodies: BodyBudget,
    pub(crate) keyring: Keyring,
    pub(crate) refusals: Refusals,
    pub(crate) overview: Overview,
    pub(crate) router: Router,
    pub(crate) capacity: Capacity,
    /// What `/readyz` says, beside whether requests are taken.
    pub(crate) leaving: AtomicBool,
    pub(crate) shutting_down: AtomicBool,
    /// Keeps what was delivered and answered, where that is asked for.
    #[cfg(feature = "cli")]
    pub(crate) recorder: Option<crate::record::Recorder>,
}

impl WebhookService {
    pub(crate) fn new(shared: Shared) -> Self {
        crate::metrics::describe();
        Self(Arc::new(shared))
    }

    pub(crate) fn overview(&self) -> &Overview {
        &self.0.overview
    }

    #[cfg(feature = "server")]
    pub(crate) fn limits(&self) -> &Limits {
        &self.0.limits
    }

    /// The path at which the webhook is served.
    pub fn path(&self) -> &str {
        &self.0.path
    }

    /// Reads the files of secrets anew. `App::serve` does this every second, and `App::run` on SIGHUP as well; call it
    /// where the service is mounted in a server of your own.
    pub fn reread_secrets(&self) {
        self.0.keyring.reread();
    }

    #[cfg(feature = "server")]
    pub(crate) fn has_secret_files(&self) -> bool {
        self.0.keyring.has_files()
    }

    /// From now on every new request is answered 503, `/readyz` says that this server is not ready, and no event
    /// that waits is begun.
    ///
    /// `App::serve` does this by itself; call it where the service is mounted in a server of your own.
    pub fn shut_down(&self) {
        self.0.shutting_down.store(true, Ordering::Relaxed);
        self.0.router.inbox.stop();
    }

    /// From now on `/readyz` says that this server is not ready, while requests are still answered.
    pub fn leave(&self) {
        self.0.leaving.store(true, Ordering::Relaxed);
    }

    /// Begins to run what waits in the store, such as what an earlier process has left. `App::serve` and the first event
    /// do this by themselves; call it where the service is mounted in a server of your own. Needs tokio's runtime.
    pub fn start(&self) {
        self.0.router.inbox.start();
    }

    /// Waits until no handler runs in a task of its own and none is due. What waits for its next try is not waited for, nor, after
    /// [`shut_down`](Self::shut_down), what has not begun.
    pub async fn settled(&self) {
        self.0.router.running.ended().await;
        self.0.router.inbox.settled().await;
    }

    /// Records what the store holds. A store that fails says so elsewhere.
    #[cfg(feature = "prometheus")]
    pub(crate) async fn record_queue(&self) {
        if let Ok(counts) = self.0.router.inbox.counts().await {
            crate::metrics::queue(counts);
        }
    }

    /// Signs as the platform does today.
    #[cfg(feature = "console")]
    pub(crate) fn signer(&self) -> Option<crate::signature::Signer> {
        self.0.keyring.verifier().signer()
    }

    #[cfg(feature = "console")]
    pub(crate) fn inbox(&self) -> &crate::inbox::Inbox {
        &self.0.router.inbox
    }

    /// Gives the events of handlers that still run back to the store, where the next process finds them.
    pub async fn give_back(&self) {
        self.0.router.inbox.give_back().await;
    }
}

impl fmt::Debug for WebhookService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookService").field("path", &self.0.path).finish_non_exhaustive()
    }
}

impl<B> tower::Service<Request<B>> for WebhookService
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Response = Response<ReplyBody>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // Pinned once and for all, so that the future of the answer has no second place for the body.
        let answer = self.answer(request.map(Box::pin), None);
        Box::pin(async move { Ok(answer.await.response) })
    }
}

impl WebhookService {
    /// Answers `request`, which `client` sent.
    pub(crate) fn answer<B>(
        &self,
        request: Request<B>,
        client: Option<IpAddr>,
    ) -> Pin<Box<dyn Future<Output = Answered> + Send>>
    where
        B: Body + Send + Unpin + 'static,
        B::Data: Send,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        // The head is complete: from here on the platform's clock runs.
        let received = Received::now();
        // The lines that matter name the call themselves; a span for each request is more than most logs want to pay for.
        let span = debug_span!("delivery", event = tracing::field::Empty, call = tracing::field::Empty);
        let (head, mut body) = request.into_parts();
        let route = match self.0.route(&head.method, head.uri.path()) {
            Ok(route) => route,
            Err(rejection) => {
                let refused = Refused { is_signed: head.headers.contains_key(SIGNATURE_HEADER), ..rejection.into() };
                let response = span.in_scope(|| self.0.refuse(refused, client, Some(Duration::ZERO)));
                return Box::pin(ready(Answered { response, at: received.at }));
            }
        };
        let (shared, mut headers) = (self.0.clone(), head.headers);
        let own_span = (!span.is_none()).then(|| Box::new(span.clone()));
        let answer = async move {
            let mut heard = None;
            let span = own_span.as_deref();
            let (response, at) = match shared.handle(route, &mut headers, &mut body, &received, span, &mut heard).await
            {
                Ok((reply, at)) => (reply.into_response(), at),
                Err(refused) => {
                    let at = Instant::now();
                    (shared.refuse(refused, client, Some(at - received.at)), at)
                }
            };
            #[cfg(feature = "cli")]
            if let (Some(recorder), Some(body)) = (&shared.recorder, heard) {
                let time = received.at.elapsed();
                let Ok(reply) = Box::pin(http_body_util::BodyExt::collect(response.body().clone())).await;
                recorder.record(body, response.status(), reply.to_bytes(), time);
            }
            Answered { response, at }
        };
        // In a box, so that an idle connection keeps no room for it and it is not moved from one owner to the next; one
        // that allocators have at hand has at most 1032 bytes.
        if span.is_none() { Box::pin(answer) } else { Box::pin(answer.instrument(span)) }
    }

    /// Answers a request that is refused whatever it asks for.
    #[cfg(feature = "server")]
    pub(crate) fn refuse(&self, rejection: Rejection, client: Option<IpAddr>) -> Response<ReplyBody> {
        self.0.refuse(rejection.into(), client, None)
    }
}

impl Shared {
    #[cold]
    fn refuse(&self, refused: Refused, client: Option<IpAddr>, used: Option<Duration>) -> Response<ReplyBody> {
        crate::metrics::refused(&refused.rejection);
        self.refusals.log(&refused, client, used);
        refused.rejection.into_response()
    }

    /// Answers a delivery, and says when; puts the body of a verified event into `heard` where somebody wants to keep it.
    #[expect(clippy::manual_async_fn, reason = "an `async fn` would hold what it is given twice")]
    fn handle<B>(
        &self,
        route: Route,
        headers: &mut HeaderMap,
        body: &mut B,
        received: &Received,
        span: Option<&Span>,
        heard: &mut Option<Bytes>,
    ) -> impl Future<Output = Result<(Reply, Instant), Refused>> + Send
    where
        B: Body + Send + Unpin,
        B::Data: Send,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        async move {
            let healthy = match route {
                Route::Alive => Some((true, "ok")),
                Route::Ready if self.is_shutting_down() || self.leaving.load(Ordering::Relaxed) => {
                    Some((false, "shutting down"))
                }
                Route::Ready if !self.router.inbox.is_well().await => Some((false, "events cannot be kept")),
                Route::Ready => Some((true, "ready")),
                Route::Webhook => None,
            };
            if let Some((well, state)) = healthy {
                return Ok((Reply::Health { well, state }, Instant::now()));
            }
            let _in_flight = crate::metrics::InFlight::begin();
            if self.is_shutting_down() {
                return Err(Rejection::ShuttingDown.into());
            }
            let upload = self.capacity.upload()?;
            let mut held = self.bodies.hold_nothing();
            delivery::check(headers, &*body, &self.limits)?;
            let (body, was_waited_for) = delivery::read(Pin::new(body), received.at, &self.limits, &mut held).await?;
            drop(upload);
            let delivery = Delivery { headers: mem::take(headers), body };
            let now = if was_waited_for { SystemTime::now() } else { received.time };
            let payload = self.keyring.verifier().verify(delivery, now).map_err(Rejection::Unverified)?;
            let Taken { event, kind, call_id, label, _place } = self.take(&payload, span, heard)?;
            let handled = self.router.dispatch(event, &payload, received.at).await;
            crate::metrics::delivery(label, payload.shared_key(), &handled);
            let handled = handled.map_err(|mut rejection| {
                let tools = match &mut rejection {
                    Rejection::Busy { tools, .. } => tools.take(),
                    _ => None,
                };
                Refused::of(rejection, &kind, tools, &call_id)
            })?;
            let at = Instant::now();
            handled.log(kind.as_str(), &call_id, payload.key(), received, at);
            Ok((handled.reply, at))
        }
    }

    /// Takes on the event of a verified delivery.
    fn take(
        &self,
        payload: &VerifiedPayload,
        span: Option<&Span>,
        heard: &mut Option<Bytes>,
    ) -> Result<Taken<'_>, Refused> {
        let event = self.parse(payload.shared())?;
        if payload.tool().is_some_and(|tool| !event.calls_only(tool)) {
            return Err(Rejection::Unverified(VerifyError::WrongTool).into());
        }
        if self.is_recorded() {
            *heard = Some(payload.shared().clone());
        }
        let (kind, call_id, label) = (event.kind(), event.shared_call_id(), crate::metrics::event_label(&event));
        let admitted = self.capacity.admit(event.is_waited_for());
        let _place = admitted.map_err(|rejection| Refused::of(rejection, &kind, called(&event), &call_id))?;
        if let Some(span) = span {
            span.record("event", kind.as_str());
            span.record("call", &*call_id::logged(&call_id));
            crate::telemetry::continue_trace(span, payload.trace_context());
        }
        Ok(Taken { event, kind, call_id, label, _place })
    }

    /// Reads an event that is nested no deeper than allowed. The quick reader of tool calls follows nothing down, so of
    /// those only the arguments are looked at: a long body need not be gone through once more.
    fn parse(&self, body: &Bytes) -> Result<Event, Rejection> {
        let limit = self.limits.json_depth;
        let is_too_deep = |json: &[u8]| is_deeper_than(limit, json);
        let event = match Event::plain_tool_calls(body) {
            Some(event) => event,
            None if is_too_deep(body) => return Err(Rejection::TooDeep { limit }),
            None => Event::parse_shared(body).map_err(Rejection::Malformed)?,
        };
        match &event {
            Event::ToolCalls(calls)
                if calls
                    .tool_call_list
                    .iter()
                    .any(|call| is_too_deep(call.arguments.get().unwrap_or_default().as_bytes())) =>
            {
                Err(Rejection::TooDeep { limit })
            }
            _ => Ok(event),
        }
    }

    fn route(&self, method: &Method, path: &str) -> Result<Route, Rejection> {
        let route = match path {
            _ if path == self.path => Route::Webhook,
            "/healthz" => Route::Alive,
            "/readyz" => Route::Ready,
            _ => return Err(Rejection::NotFound),
        };
        match route {
            Route::Webhook if method != Method::POST => Err(Rejection::MethodNotAllowed { allow: "POST" }),
            Route::Alive | Route::Ready if method != Method::GET && method != Method::HEAD => {
                Err(Rejection::MethodNotAllowed { allow: "GET, HEAD" })
            }
            route => Ok(route),
        }
    }

    fn is_recorded(&self) -> bool {
        #[cfg(feature = "cli")]
        return self.recorder.is_some();
        #[cfg(not(feature = "cli"))]
        return false;
    }

    fn is_shutting_down(&self) -> bool {
        self.shutting_down.load(Ordering::Relaxed)
    }
}

/// The names of the tools that `event` calls, if any.
fn called(event: &Event) -> Option<String> {
    match event {
        Event::ToolCalls(calls) => {
            let names: Vec<_> = calls.tool_call_list.iter().map(|call| shorten(&call.name)).collect();
            Some(joined(&names, |name| name).into_owned())
        }
        _ => None,
    }
}

/// An event that was taken on, its place among the requests, and what it is called where it is told of.
struct Taken<'a> {
    event: Event,
    kind: EventType,
    call_id: ByteString,
    label: &'static str,
    _place: Admitted<'a>,
}

/// When the head of a request was complete.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Received {
    pub(crate) at: Instant,
    /// What the clock on the wall said.
    pub(crate) time: SystemTime,
}

impl Received {
    fn now() -> Self {
        Self { at: Instant::now(), time: SystemTime::now() }
    }
}

/// An answer, and when it was ready.
pub(crate) struct Answered {
    pub(crate) response: Response<ReplyBody>,
    #[cfg_attr(not(feature = "server"), expect(dead_code, reason = "connections alone have times to keep"))]
    pub(crate) at: Instant,
}

enum Route {
    Webhook,
    Alive,
    Ready,
}

#[cfg(all(test, feature = "server"))]
mod tests {
    use http_body::Frame;

    use super::*;
    use crate::App;

    /// As large as what comes over HTTP/1.
    struct Large {
        _bytes: [u8; size_of::<hyper::body::Incoming>()],
    }

    impl Body for Large {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            Poll::Ready(None)
        }
    }

    #[tokio::test]
    async fn a_request_takes_no_more_memory_than_an_allocator_has_at_hand() {
        let service = App::new().secret("shared with the platform").into_service().unwrap();
        let request = Request::post(service.path()).body(Large { _bytes: [0; _] }).unwrap();
        let answer = service.answer(request, None);
        assert!(size_of_val(&*answer) <= 1032, "{} bytes", size_of_val(&*answer));
        assert_eq!(answer.await.response.status(), 401);
    }
}
