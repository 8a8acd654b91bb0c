//! The server that deliveries are sent to, and sending one: signed, as the platform does, over plain HTTP.

use std::{
    error, fmt,
    time::{Duration, Instant, SystemTime},
};

use bytes::Bytes;
use clap::Args;
use http::{
    Request, StatusCode, Uri,
    header::{CONTENT_LENGTH, HOST},
    uri::Authority,
};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

use super::environment::Environment;
use crate::{
    app::DEFAULT_PATH,
    error::{Result, StartupError, chain},
    platform_headers::platform_headers,
    signature::{SIGNATURE_HEADER, Secret, Signer, TIMESTAMP_HEADER},
};

/// No answer is waited for longer: three times what the platform does.
const PATIENCE: Duration = Duration::from_secs(30);
/// No connection is waited for longer.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);

#[derive(Debug, Args)]
pub(super) struct TargetFlags {
    /// The address of the server's webhook, over plain HTTP [default: where `serve` listens with this environment]
    #[arg(long, value_name = "URL")]
    url: Option<Uri>,
}

/// A server, and the secret that it knows.
#[derive(Debug, Clone)]
pub(super) struct Target {
    authority: String,
    path: String,
    signer: Option<Signer>,
}

/// How a delivery is signed.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Signing {
    /// With a secret that nobody has.
    pub(super) wrong: bool,
    /// Dated so many seconds after now; before it where negative.
    pub(super) skew: i64,
}

/// What became of a delivery.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Bytes,
    /// From before the connection was opened until the body had come.
    pub(super) time: Duration,
}

impl Answer {
    /// The body as JSON, as a text where it is none.
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| String::from_utf8_lossy(&self.body).into())
    }
}

impl Target {
    pub(super) fn new(flags: &TargetFlags) -> Result<Self> {
        let mut problems = Vec::new();
        let environment = Environment::read(|name| std::env::var_os(name), &mut problems);
        let signer = match environment.secrets.first().map(|setting| setting.source.secret()) {
            Some(Ok(secret)) => Some(Signer::new(secret)),
            Some(Err(problem)) => {
                problems.push(problem);
                None
            }
            None => None,
        };
        StartupError::check(problems)?;
        let path = environment.path.unwrap_or_else(|| DEFAULT_PATH.into());
        let Some(url) = &flags.url else {
            let authority = reachable(&environment.listen).ok_or(SendError::Listen(environment.listen))?;
            return Ok(Self { authority, path, signer });
        };
        let (Some("http"), Some(authority)) = (url.scheme_str(), url.authority()) else {
            return Err(SendError::Url(url.clone()).into());
        };
        let port = authority.port_u16().unwrap_or(80);
        let path = url.path_and_query().map_or("/", |path| path.as_str());
        let path = if path == "/" { DEFAULT_PATH } else { path };
        Ok(Self { authority: format!("{}:{port}", authority.host()), path: path.into(), signer })
    }

    pub(super) fn is_signing(&self) -> bool {
        self.signer.is_some()
    }

    /// Signs and sends `body` and waits for the answer.
    ///
    /// # Errors
    /// When there is no answer.
    pub(super) async fn deliver(&self, body: &[u8], signing: Signing) -> Result<Answer, SendError> {
        self.line().deliver(body, signing).await
    }

    /// A connection that is opened when it is first needed, and kept for the next delivery.
    pub(super) fn line(&self) -> Line<'_> {
        Line { target: self, sender: None }
    }
}

/// Deliveries to a [`Target`] one after the other, over one connection while the server keeps it open.
#[derive(Debug)]
pub(super) struct Line<'a> {
    target: &'a Target,
    sender: Option<SendRequest<Full<Bytes>>>,
}

type Cause = Box<dyn error::Error + Send + Sync>;

impl Line<'_> {
    /// Signs and sends `body` and waits for the answer.
    ///
    /// # Errors
    /// When there is no answer.
    pub(super) async fn deliver(&mut self, body: &[u8], signing: Signing) -> Result<Answer, SendError> {
        let Target { authority, path, signer } = self.target;
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let timestamp = now.as_secs().saturating_add_signed(signing.skew).to_string();
        let mut request = Request::post(path).header(HOST, authority);
        request = request.header(TIMESTAMP_HEADER, &timestamp);
        // hyper leaves it out where the body is empty.
        request = request.header(CONTENT_LENGTH, body.len());
        let wrong = signing.wrong.then(|| Signer::new(Secret::new("a secret that nobody has")));
        if let Some(signer) = wrong.as_ref().or(signer.as_ref()) {
            request = request.header(SIGNATURE_HEADER, signer.sign(&timestamp, body));
        }
        let failed = |failure| SendError::Unanswered { authority: authority.clone(), failure };
        let mut request = request
            .body(Full::new(Bytes::copy_from_slice(body)))
            .map_err(|error| failed(Failure::Broken(error.to_string())))?;
        request.headers_mut().extend(platform_headers(body));
        let start = Instant::now();
        let answer = tokio::time::timeout(PATIENCE, self.exchange(request)).await;
        let (status, body) = answer.unwrap_or(Err(Failure::Late)).map_err(failed)?;
        Ok(Answer { status, body, time: start.elapsed() })
    }

    async fn exchange(&mut self, mut request: Request<Full<Bytes>>) -> Result<(StatusCode, Bytes), Failure> {
        let broken = |error: hyper::Error| Failure::Broken(chain(&error));
        // Taken out, so that a connection on which an answer was given up is not used again.
        let mut kept = self.sender.take();
        loop {
            let is_new = kept.is_none();
            let mut sender = match kept.take() {
                // It may still be at the end of the last exchange, or closed.
                Some(mut sender) => match sender.ready().await {
                    Ok(()) => sender,
                    Err(_) => continue,
                },
                None => {
                    let connected = tokio::time::timeout(CONNECT_WITHIN, connect(&self.target.authority)).await;
                    let no_one = || Err(format!("no connection within {CONNECT_WITHIN:?}").into());
                    let connected = connected.unwrap_or_else(|_| no_one());
                    connected.map_err(|cause| Failure::Unreachable(cause.to_string()))?
                }
            };
            match sender.try_send_request(request).await {
                Ok(answer) => {
                    let (head, body) = answer.into_parts();
                    let body = body.collect().await.map_err(broken)?.to_bytes();
                    self.sender = Some(sender).filter(|sender| !sender.is_closed());
                    return Ok((head.status, body));
                }
                // The server had closed it before anything was sent.
                Err(mut error) if !is_new => match error.take_message() {
                    Some(unsent) => request = unsent,
                    None => return Err(broken(error.into_error())),
                },
                Err(error) => return Err(broken(error.into_error())),
            }
        }
    }
}

async fn connect(authority: &str) -> Result<SendRequest<Full<Bytes>>, Cause> {
    let stream = TcpStream::connect(authority).await?;
    stream.set_nodelay(true)?;
    let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(sender)
}

/// Where a server that listens on `listen` is reached over TCP; `None` for a Unix socket, and where no port is named.
fn reachable(listen: &str) -> Option<String> {
    let is_authority = |text: &str| text.parse::<Authority>().is_ok_and(|authority| authority.port_u16().is_some());
    if listen.starts_with("unix:") || !is_authority(listen) {
        return None;
    }
    // What listens on every address is reached on this machine's own.
    Some(listen.replacen("0.0.0.0:", "127.0.0.1:", 1).replacen("[::]:", "[::1]:", 1))
}

/// Why a delivery was not sent or not answered.
#[derive(Debug)]
pub(super) enum SendError {
    Url(Uri),
    Listen(String),
    Unanswered { authority: String, failure: Failure },
}

/// At which step there was no answer.
#[derive(Debug)]
pub(super) enum Failure {
    /// There is no connection.
    Unreachable(String),
    /// The connection ended, or what came is no HTTP.
    Broken(String),
    /// Nothing came in time.
    Late,
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(url) => {
                write!(
                    f,
                    "`{url}` cannot be sent to, which is done over plain HTTP only: write an address like http://127.0.0.1:8080{DEFAULT_PATH}"
                )
            }
            Self::Listen(listen) => {
                write!(f, "`{listen}`, where `serve` listens, is not host:port: name the server's address with --url")
            }
            Self::Unanswered { authority, failure } => match failure {
                Failure::Unreachable(cause) => write!(
                    f,
                    "no answer from {authority} ({cause}): start the server with `serve`, or name another with --url"
                ),
                Failure::Broken(cause) => write!(
                    f,
                    "no answer from {authority}, which has taken the delivery ({cause}): see whether it is the server \
                     that you mean, or name another with --url; one that speaks TLS is not understood"
                ),
                Failure::Late => write!(
                    f,
                    "no answer from {authority} within {PATIENCE:?}, though it takes connections: see whether it is the \
                     server that you mean, or name another with --url; else its log says what it does, and where it \
                     says nothing of the delivery, start it again"
                ),
            },
        }
    }
}

impl error::Error for SendError {}
