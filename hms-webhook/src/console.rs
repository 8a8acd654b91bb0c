//! The development console: a page at `/_console/<token>/` that shows what arrives and sends what the platform would.
//!
//! It stands in front of the webhook while `serve --dev` runs, and only then: nothing of it is on the path of a
//! production server. The page itself is built from the folder `console` of the repository.

mod answer;
mod api;
mod assets;
mod deliver;
mod feed;
mod guard;
mod inbox;
mod info;
mod profiles;
mod samples;
mod stream;
mod tap;
mod watch;

use std::{
    convert::Infallible,
    error::Error,
    fmt,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt, Either, combinators::UnsyncBoxBody};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::{App, response::ReplyBody, service::WebhookService};
use answer::{Answer, refuse};
pub(crate) use feed::Feed;
pub(crate) use guard::is_loopback;
use guard::{Guard, Token};
use info::Limits;
pub(crate) use watch::watch;

/// Where the console is, before its token.
const PATH: &str = "/_console";

/// A console that was asked for, before there is a server that it belongs to.
#[derive(Debug)]
pub(crate) struct Planned {
    token: Token,
    info: Value,
    definitions: Value,
    limits: Arc<Limits>,
    feed: Arc<Feed>,
}

impl Planned {
    /// Looks at `app`, which is to listen on `foreign` if that is no loopback address. What is in the way is noted among
    /// the app's problems.
    pub(crate) fn new(app: &mut App, foreign: Option<String>, feed: Arc<Feed>) -> Option<Self> {
        if let Some(address) = foreign {
            app.problems.push(format!(
                "`--dev` serves the development console on a loopback address only, and {address} is none: \
                 listen on 127.0.0.1, or leave `--dev` out"
            ));
        }
        #[cfg(feature = "tls")]
        if app.settings.serving.tls.is_some() {
            app.problems.push(
                "`--dev` serves the development console over plain HTTP, and this program is set to speak TLS: \
                 take HMS_WEBHOOK_TLS_CERTIFICATE and HMS_WEBHOOK_TLS_KEY (or `App::tls`) away, or leave `--dev` out"
                    .into(),
            );
        }
        feed.keep_secret(crate::cli::secrets(app));
        let token = Token::choose().map_err(|problem| app.problems.push(problem)).ok()?;
        // What is wrong with the tools is reported when the app becomes a service.
        let definitions = app.definitions().ok()?;
        let info = info::describe(app, &definitions);
        let definitions = profiles::all(app);
        Some(Self { token, info, definitions, limits: Arc::new(Limits::new(app)), feed })
    }
}

/// The console of one running server.
pub(crate) struct Console {
    guard: Guard,
    address: SocketAddr,
    webhook: WebhookService,
    info: Value,
    definitions: Value,
    limits: Arc<Limits>,
    feed: Arc<Feed>,
    /// The streams end, so that a stopping server does not wait for a page that is open.
    closing: CancellationToken,
}

impl Console {
    /// The console of `service`, whose server listens on `address`.
    pub(crate) fn new(planned: Planned, service: &WebhookService, address: SocketAddr) -> Self {
        let Planned { token, info, definitions, limits, feed } = planned;
        Self {
            guard: Guard::new(token, address),
            address,
            webhook: service.clone(),
            info,
            definitions,
            limits,
            feed,
            closing: CancellationToken::new(),
        }
    }

    /// The address of the page, token included.
    pub(crate) fn url(&self) -> String {
        format!("http://{}{}", self.address, self.guard.base())
    }

    /// Ends the streams of the pages that are open.
    pub(crate) fn close(&self) {
        self.closing.cancel();
    }

    async fn page<B>(&self, request: Request<B>) -> Answer
    where
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let path = match self.guard.admit(&request) {
            Ok(path) => path.to_owned(),
            Err(refusal) => return refusal.into_answer(),
        };
        if path.is_empty() {
            return answer::moved(&self.guard.base());
        }
        let method = request.method().clone();
        match (path.as_str(), &method) {
            ("/api/app", &Method::GET) => answer::json(&self.app_info()),
            ("/api/stream", &Method::GET) => {
                stream::open(self.feed.clone(), self.closing.clone(), self.guard.instance())
            }
            ("/api/deliveries", &Method::POST) => self.deliver(request).await,
            ("/api/deliveries", &Method::DELETE) => {
                self.feed.forget();
                answer::json(&serde_json::json!({}))
            }
            (path, &Method::GET) if path.starts_with("/api/definitions/") => {
                self.definitions(path.trim_start_matches("/api/definitions/"))
            }
            ("/api/inbox", &Method::GET) => self.inbox().await,
            ("/api/inbox/replay", &Method::POST) => self.replay(request).await,
            (path, _) if path.starts_with("/api/") => refuse(StatusCode::NOT_FOUND, "there is nothing here"),
            (path, &Method::GET | &Method::HEAD) => assets::answer(path),
            _ => refuse(StatusCode::METHOD_NOT_ALLOWED, "only GET is allowed here"),
        }
    }
}

/// The body of what is answered where a console may stand in front: the webhook's, or the console's.
pub(crate) type AnswerBody = Either<ReplyBody, UnsyncBoxBody<Bytes, Infallible>>;

impl From<ReplyBody> for AnswerBody {
    fn from(body: ReplyBody) -> Self {
        Self::Left(body)
    }
}

/// Keeps `held` as long as what the console answers goes on: the stream of a page may be silent for longer than a
/// connection may be idle.
pub(crate) fn hold(body: AnswerBody, held: impl Send + 'static) -> AnswerBody {
    match body {
        Either::Right(body) => {
            let body = body.map_frame(move |frame| {
                let _held = &held;
                frame
            });
            Either::Right(body.boxed_unsync())
        }
        of_the_webhook => of_the_webhook,
    }
}

impl Console {
    /// Answers what is for the console, and lets the webhook answer the rest of what `client` sends.
    pub(crate) async fn answer<B>(&self, request: Request<B>, client: Option<IpAddr>) -> Response<AnswerBody>
    where
        B: Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + Send + Unpin + 'static,
    {
        if is_ours(request.uri().path()) {
            return answer::guarded(self.page(request).await).map(Either::Right);
        }
        if is_health(request.uri().path()) {
            return self.webhook.answer(request, client).await.response.map(Either::Left);
        }
        tap::tap(&self.feed, &self.limits, &self.webhook, request, client).await.map(Either::Left)
    }
}

impl fmt::Debug for Console {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Console").field("address", &self.address).finish_non_exhaustive()
    }
}

fn is_ours(path: &str) -> bool {
    path.strip_prefix(PATH).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Somebody asks every few seconds, and it is no delivery.
fn is_health(path: &str) -> bool {
    matches!(path, "/healthz" | "/readyz")
}
