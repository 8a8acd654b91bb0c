//! The server that deliveries are sent to, and sending one: signed, as the platform does, over plain HTTP.

use std::{
    error, fmt,
    time::{Duration, Instant, SystemTime},
};

use bytes::Bytes;
use clap::Args;
use http::{Request, StatusCode, Uri, header::HOST, uri::Authority};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

use super::environment::Environment;
use crate::{
    app::DEFAULT_PATH,
    error::{Result, StartupError},
    signature::{SIGNATURE_HEADER, Secret, Signer, TIMESTAMP_HEADER},
};

/// No answer is waited for longer: three times what the platform does.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Debug, Args)]
pub(super) struct TargetFlags {
    /// The server's webhook [default: where `serve` would listen with this environment]
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
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let timestamp = now.as_secs().saturating_add_signed(signing.skew).to_string();
        let mut request = Request::post(&self.path).header(HOST, &self.authority);
        request = request.header("content-type", "application/json").header(TIMESTAMP_HEADER, &timestamp);
        let wrong = signing.wrong.then(|| Signer::new(Secret::new("a secret that nobody has")));
        if let Some(signer) = wrong.as_ref().or(self.signer.as_ref()) {
            request = request.header(SIGNATURE_HEADER, signer.sign(&timestamp, body));
        }
        let failed = |cause: Box<dyn error::Error + Send + Sync>| SendError::Failed {
            authority: self.authority.clone(),
            cause: cause.to_string(),
        };
        let request = request.body(Full::new(Bytes::copy_from_slice(body))).map_err(|error| failed(error.into()))?;
        let start = Instant::now();
        let answer = tokio::time::timeout(PATIENCE, self.exchange(request)).await;
        let (status, body) = answer.map_err(|_| failed("no answer within 30 s".into()))?.map_err(failed)?;
        Ok(Answer { status, body, time: start.elapsed() })
    }

    async fn exchange(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<(StatusCode, Bytes), Box<dyn error::Error + Send + Sync>> {
        let stream = TcpStream::connect(&self.authority).await?;
        stream.set_nodelay(true)?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        let (head, body) = sender.send_request(request).await?.into_parts();
        Ok((head.status, body.collect().await?.to_bytes()))
    }
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
    Failed { authority: String, cause: String },
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(url) => {
                write!(f, "`{url}` cannot be sent to: write an address like http://127.0.0.1:8080{DEFAULT_PATH}")
            }
            Self::Listen(listen) => {
                write!(f, "`{listen}`, where `serve` listens, is not host:port: name the server's address with --url")
            }
            Self::Failed { authority, cause } => {
                write!(
                    f,
                    "no answer from {authority} ({cause}): start the server with `serve`, or name another with --url"
                )
            }
        }
    }
}

impl error::Error for SendError {}
