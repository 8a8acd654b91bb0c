//! A request's way, in one straight line: receive, verify, parse, dispatch, respond.

use std::{
    convert::Infallible,
    error::Error,
    fmt,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::SystemTime,
};

use http::{Method, Request, Response};
use http_body::Body;
use tokio::{sync::Semaphore, time::Instant};
use tracing::{Instrument, debug, info, info_span, warn};

use crate::{
    delivery::{self, BodyLimits},
    event::Event,
    rejection::Rejection,
    response::{Reply, ReplyBody},
    router::Router,
    signature::Verifier,
};

/// An app that is ready to answer: a [`tower::Service`] over any request body.
///
/// It is cheap to clone, always ready and never fails: what goes wrong is a response.
/// [`App::into_service`](crate::App::into_service) makes one.
#[derive(Clone)]
pub struct WebhookService(Arc<Shared>);

pub(crate) struct Shared {
    pub(crate) path: String,
    pub(crate) body_limits: BodyLimits,
    pub(crate) verifier: Verifier,
    pub(crate) router: Router,
    /// One permit for each request that may be handled at a time.
    pub(crate) capacity: Semaphore,
    pub(crate) shutting_down: AtomicBool,
}

impl WebhookService {
    pub(crate) fn new(shared: Shared) -> Self {
        Self(Arc::new(shared))
    }

    /// The path at which the webhook is served.
    pub fn path(&self) -> &str {
        &self.0.path
    }

    /// From now on every new request is answered 503, `/readyz` says that this server is not ready, and no event
    /// that waits is begun.
    ///
    /// `App::serve` does this by itself; call it where the service is mounted in a server of your own.
    pub fn shut_down(&self) {
        self.0.shutting_down.store(true, Ordering::Relaxed);
        self.0.router.inbox.stop();
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
        // The head is complete: from here on the platform's clock runs.
        let received = Instant::now();
        let shared = self.0.clone();
        let span = info_span!("delivery", event = tracing::field::Empty, call = tracing::field::Empty);
        Box::pin(async move { Ok(shared.respond(request, received).await) }.instrument(span))
    }
}

impl Shared {
    async fn respond<B>(&self, request: Request<B>, received: Instant) -> Response<ReplyBody>
    where
        B: Body,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        match self.handle(request, received).await {
            Ok(reply) => reply.into_response(),
            Err(rejection) => {
                let (status, cause) = (rejection.status().as_u16(), rejection.cause());
                match rejection {
                    // Every port on the internet is probed; that is no warning.
                    Rejection::NotFound | Rejection::MethodNotAllowed { .. } => {
                        debug!(status, refused = cause, "refused")
                    }
                    _ => warn!(status, refused = cause, "refused"),
                }
                rejection.into_response()
            }
        }
    }

    async fn handle<B>(&self, request: Request<B>, received: Instant) -> Result<Reply, Rejection>
    where
        B: Body,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        match self.route(request.method(), request.uri().path())? {
            Route::Alive => return Ok(Reply::Health { well: true, state: "ok" }),
            Route::Ready if self.is_shutting_down() => {
                return Ok(Reply::Health { well: false, state: "shutting down" });
            }
            Route::Ready if !self.router.inbox.is_well().await => {
                return Ok(Reply::Health { well: false, state: "events cannot be kept" });
            }
            Route::Ready => return Ok(Reply::Health { well: true, state: "ready" }),
            Route::Webhook => {}
        }
        if self.is_shutting_down() {
            return Err(Rejection::ShuttingDown);
        }
        let _permit = self.capacity.try_acquire().map_err(|_| Rejection::Overloaded)?;

        let delivery = delivery::receive(request, self.body_limits).await?;
        let payload = self.verifier.verify(delivery, SystemTime::now()).map_err(Rejection::Unverified)?;
        let event = Event::parse(payload.body()).map_err(Rejection::Malformed)?;
        let span = tracing::Span::current();
        span.record("event", event.kind().as_str());
        span.record("call", event.context().call.id.as_str());
        let reply = self.router.dispatch(event, payload.into_body(), received).await?;
        info!(milliseconds = received.elapsed().as_millis() as u64, "answered");
        Ok(reply)
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

enum Route {
    Webhook,
    Alive,
    Ready,
}
