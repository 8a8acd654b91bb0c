//! The HTTP client that spans are sent with.

use std::{error::Error, pin::Pin, sync::Arc, time::Duration};

use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use reqwest::redirect;
use tokio::{runtime::Handle, time::Instant};
use tracing::warn;

use crate::{error::chain, log_limit::LogLimit};

const CONNECT_WITHIN: Duration = Duration::from_secs(5);
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// A collector's answer says little.
const LONGEST_ANSWER: usize = 64 * 1024;

/// A client on tokio's runtime for a thread that is none of its own.
#[derive(Debug)]
pub(super) struct Client {
    client: reqwest::Client,
    runtime: Handle,
    complaints: Arc<LogLimit>,
}

impl Client {
    pub(super) fn new() -> Result<Self, String> {
        // reqwest takes the process's provider. If the program has installed one of its own, that one stays.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .user_agent(concat!("hms-webhook/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_WITHIN)
            .timeout(ANSWER_WITHIN)
            .redirect(redirect::Policy::none())
            .build()
            .map_err(|error| format!("the HTTP client that sends spans cannot start ({})", chain(&error)))?;
        Ok(Self { client, runtime: Handle::current(), complaints: Arc::default() })
    }
}

/// What the trait's macro would write.
type Answer<'a> = Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'a>>;

impl HttpClient for Client {
    fn send_bytes<'client, 'answer>(&'client self, request: Request<Bytes>) -> Answer<'answer>
    where
        'client: 'answer,
        Self: 'answer,
    {
        let (client, complaints) = (self.client.clone(), self.complaints.clone());
        let task = self.runtime.spawn(async move {
            let answer = send(client, request).await;
            let complaint = match &answer {
                Ok(response) if response.status().is_success() => return answer,
                Ok(response) => format!("the collector answered {}", response.status()),
                Err(error) => chain(&**error),
            };
            if complaints.line(Instant::now()).is_some() {
                warn!(cause = complaint, "spans could not be exported");
            }
            answer
        });
        Box::pin(async move { task.await? })
    }
}

async fn send(client: reqwest::Client, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
    // Its address may hold a password.
    let hushed = |error: reqwest::Error| Box::<dyn Error + Send + Sync>::from(error.without_url());
    let request = request.try_into().map_err(hushed)?;
    let mut answer = client.execute(request).await.map_err(hushed)?;
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(hushed)? {
        if body.len() + chunk.len() > LONGEST_ANSWER {
            return Err("the collector's answer is too long".into());
        }
        body.extend_from_slice(&chunk);
    }
    let mut response = Response::builder().status(answer.status()).body(Bytes::from(body))?;
    *response.headers_mut() = std::mem::take(answer.headers_mut());
    Ok(response)
}
