//! A request's way, in one straight line: receive, verify, parse, dispatch, respond.

use std::{
    convert::Infallible,
    error::Error,
    fmt,
    net::IpAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::SystemTime,
};

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body::Body;
use tokio::time::Instant;
use tracing::{Instrument, debug, debug_span, field::DisplayValue, info, warn};

use crate::{
    capacity::Capacity,
    delivery::{self, BodyBudget},
    depth::is_deeper_than,
    event::Event,
    limits::Limits,
    log_limit::LogLimit,
    rejection::Rejection,
    response::{Reply, ReplyBody},
    router::Router,
    secrets::Keyring,
    signature::VerifyError,
};

/// An app that is ready to answer: a [`tower::Service`] over any request body.
///
/// It is cheap to clone, always ready and never fails: what goes wrong is a response.
/// [`App::into_service`](crate::App::into_service) makes one.
#[derive(Clone)]
pub struct WebhookService(Arc<Shared>);

pub(crate) struct Shared {
    pub(crate) path: String,
    pub(crate) limits: Limits,
    pub(crate) bodies: BodyBudget,
    pub(crate) keyring: Keyring,
    pub(crate) refusals: Refusals,
    pub(crate) router: Router,
    pub(crate) capacity: Capacity,
    /// What `/readyz` says, beside whether requests are taken.
    pub(crate) leaving: AtomicBool,
    pub(crate) shutting_down: AtomicBool,
}

impl WebhookService {
    pub(crate) fn new(shared: Shared) -> Self {
        crate::metrics::describe();
        Self(Arc::new(shared))
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

    /// Waits until no handler runs and none is due. What waits for its next try is not waited for, nor, after
    /// [`shut_down`](Self::shut_down), what has not begun.
    pub async fn settled(&self) {
        let running = &self.0.router.running;
        running.close();
        running.wait().await;
        running.reopen();
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
        let answer = self.answer(request, None);
        Box::pin(async move { Ok(answer.await) })
    }
}

impl WebhookService {
    /// Answers `request`, which `client` sent.
    pub(crate) fn answer<B>(
        &self,
        request: Request<B>,
        client: Option<IpAddr>,
    ) -> impl Future<Output = Response<ReplyBody>> + Send + use<B>
    where
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        // The head is complete: from here on the platform's clock runs.
        let received = Instant::now();
        let shared = self.0.clone();
        // The lines that matter name the call themselves; a span for each request is more than most logs want to pay for.
        let span = debug_span!("delivery", event = tracing::field::Empty, call = tracing::field::Empty);
        async move { shared.respond(request, received, client).await }.instrument(span)
    }

    /// Answers a request that is refused whatever it asks for.
    #[cfg(feature = "server")]
    pub(crate) fn refuse(&self, rejection: Rejection, client: Option<IpAddr>) -> Response<ReplyBody> {
        self.0.refuse(rejection, client)
    }
}

impl Shared {
    async fn respond<B>(&self, request: Request<B>, received: Instant, client: Option<IpAddr>) -> Response<ReplyBody>
    where
        B: Body,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        match self.handle(request, received).await {
            Ok(reply) => reply.into_response(),
            Err(rejection) => self.refuse(rejection, client),
        }
    }

    fn refuse(&self, rejection: Rejection, client: Option<IpAddr>) -> Response<ReplyBody> {
        crate::metrics::refused(&rejection);
        let (status, cause) = (rejection.status().as_u16(), rejection.cause());
        let client = client.map(tracing::field::display);
        match rejection {
            // Every port on the internet is probed; that is no warning.
            Rejection::NotFound | Rejection::MethodNotAllowed { .. } => debug!(status, client, "refused: {cause}"),
            _ => self.refusals.log(status, client, &cause),
        }
        rejection.into_response()
    }

    async fn handle<B>(&self, request: Request<B>, received: Instant) -> Result<Reply, Rejection>
    where
        B: Body,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        match self.route(request.method(), request.uri().path())? {
            Route::Alive => return Ok(Reply::Health { well: true, state: "ok" }),
            Route::Ready if self.is_shutting_down() || self.leaving.load(Ordering::Relaxed) => {
                return Ok(Reply::Health { well: false, state: "shutting down" });
            }
            Route::Ready if !self.router.inbox.is_well().await => {
                return Ok(Reply::Health { well: false, state: "events cannot be kept" });
            }
            Route::Ready => return Ok(Reply::Health { well: true, state: "ready" }),
            Route::Webhook => {}
        }
        let _in_flight = crate::metrics::InFlight::begin();
        if self.is_shutting_down() {
            return Err(Rejection::ShuttingDown);
        }
        let upload = self.capacity.upload()?;
        let (delivery, _held) = delivery::receive(request, received, &self.limits, &self.bodies).await?;
        drop(upload);
        let payload = self.keyring.verifier().verify(delivery, SystemTime::now()).map_err(Rejection::Unverified)?;
        let event = self.parse(payload.shared())?;
        if payload.tool().is_some_and(|tool| !event.calls_only(tool)) {
            return Err(Rejection::Unverified(VerifyError::WrongTool));
        }
        let _place = self.capacity.admit(event.is_waited_for())?;
        let (kind, call_id, label) = (event.kind(), event.shared_call_id(), crate::metrics::event_label(&event));
        let span = tracing::Span::current();
        span.record("event", kind.as_str());
        span.record("call", &*call_id);
        let reply = self.router.dispatch(event, payload.shared().clone(), received).await;
        crate::metrics::delivery(label, &reply);
        let reply = reply?;
        info!(
            event = kind.as_str(),
            call = &*call_id,
            key = payload.key(),
            milliseconds = received.elapsed().as_millis() as u64,
            "answered"
        );
        Ok(reply)
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

    fn is_shutting_down(&self) -> bool {
        self.shutting_down.load(Ordering::Relaxed)
    }
}

/// Warnings about refused requests: any stranger can cause them, so only some are written.
#[derive(Debug, Default)]
pub(crate) struct Refusals {
    unverified: LogLimit,
    other: LogLimit,
}

impl Refusals {
    fn log(&self, status: u16, client: Option<DisplayValue<IpAddr>>, cause: &str) {
        let limit = if status == 401 { &self.unverified } else { &self.other };
        match limit.line(Instant::now()) {
            Some(0) => warn!(status, client, "refused: {cause}"),
            Some(left_out) => warn!(status, client, left_out, "refused: {cause}"),
            None => debug!(status, client, "refused: {cause}"),
        }
    }
}

enum Route {
    Webhook,
    Alive,
    Ready,
}
