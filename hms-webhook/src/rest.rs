//! The platform's REST API, as far as this crate speaks to it (PROTOCOL.md §6): its address, the key, one exchange, and
//! what can go wrong with it. What is asked for is the business of those who ask.

mod credential;
mod failure;
pub(crate) mod patience;
pub(crate) mod text;

use std::{
    error::Error,
    net::IpAddr,
    time::{Duration, SystemTime},
};

use http::{
    HeaderMap, HeaderValue, Method,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, IF_MATCH, LOCATION},
};
use reqwest::{Client, Response, Url, redirect};
use serde::Serialize;
use serde_json::Value;

pub(crate) use self::{
    credential::Credential,
    failure::{Failure, Resource},
};
use self::{
    failure::{FailureKind, said, wait_in_body},
    patience::asked_wait,
    text::one_line,
};
use crate::error::chain;

/// The address of the platform's API (PROTOCOL.md §6).
pub(crate) const DEFAULT_API_URL: &str = "https://api.hmsovereign.com/api/v1";

const CONNECT_WITHIN: Duration = Duration::from_secs(10);
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
/// The longest answer that is read. An assistant is a page or two; this is far more than any.
const LONGEST_ANSWER: usize = 8 * 1024 * 1024;
/// The longest text of the platform's that is repeated, in characters.
const LONGEST_TEXT: usize = 300;

/// A client that carries the API key and speaks about one sort of resource.
#[derive(Debug, Clone)]
pub(crate) struct RestClient {
    client: Client,
    base: Url,
    resource: Resource,
    /// What the platform could repeat in a text of its own, and is not to be shown.
    hidden: Vec<Credential>,
}

impl RestClient {
    /// A client of the API at `base`. What is wrong with the address or the key is said in one line.
    pub(crate) fn new(base: &str, key: &Credential, resource: Resource) -> Result<Self, String> {
        let base = checked_base(base)?;
        let mut authorization = HeaderValue::from_str(&format!("Bearer {}", key.reveal())).map_err(|_| {
            "the API key has a character that no header can carry, a line break perhaps: check HMS_API_KEY".to_owned()
        })?;
        authorization.set_sensitive(true);
        let headers = HeaderMap::from_iter([
            (AUTHORIZATION, authorization),
            (ACCEPT, HeaderValue::from_static("application/json")),
        ]);
        // reqwest takes the process's provider. If the program has installed one of its own, that one stays.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = Client::builder()
            .user_agent(concat!("hms-webhook/", env!("CARGO_PKG_VERSION")))
            .default_headers(headers)
            .connect_timeout(CONNECT_WITHIN)
            .timeout(ANSWER_WITHIN)
            .redirect(redirect::Policy::none())
            .https_only(base.scheme() == "https");
        if is_loopback(&base) {
            // What is on this machine is not behind a proxy, and plain HTTP would show the key to one.
            builder = builder.no_proxy();
        }
        let client = builder.build().map_err(|error| format!("the HTTP client cannot start ({})", chain(&error)))?;
        Ok(Self { client, base, resource, hidden: vec![key.clone()] })
    }

    /// Keeps `credential` out of every text about a failure, too.
    pub(crate) fn hiding(mut self, credential: Option<&Credential>) -> Self {
        self.hidden.extend(credential.cloned());
        self
    }

    /// The address of what these segments of a path lead to; nothing in a segment leads elsewhere.
    pub(crate) fn url(&self, segments: &[&str]) -> Url {
        let mut url = self.base.clone();
        // A base without a path was refused when the client was made.
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        // A plus sign may stand in a path, but some servers read it as a blank, and ids of calls can hold one (P §3.0).
        let path = url.path().replace('+', "%2B");
        url.set_path(&path);
        url
    }

    /// Sends one request and gives back a success.
    pub(crate) async fn exchange<T: Serialize + ?Sized>(
        &self,
        method: Method,
        url: Url,
        body: Option<&T>,
        tag: Option<&HeaderValue>,
    ) -> Result<Response, Failure> {
        let mut request = self.client.request(method, url);
        if let Some(body) = body {
            let text = serde_json::to_vec(body).unwrap_or_else(|_| unreachable!("JSON has a text"));
            request = request.header(CONTENT_TYPE, "application/json").body(text);
        }
        if let Some(tag) = tag {
            request = request.header(IF_MATCH, tag);
        }
        let response = request.send().await.map_err(|error| self.no_answer(error))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        if status.is_redirection() {
            return Err(self.failure(FailureKind::Redirect { status, location: self.location(&response) }));
        }
        let asked = asked_wait(response.headers(), SystemTime::now());
        // A refusal whose body says nothing that can be read is told by its status alone.
        let body = self.json(response).await.unwrap_or_default();
        let said = said(&body).map(|said| one_line(&self.hide(&said), LONGEST_TEXT));
        Err(self.failure(FailureKind::Status { status, said, asked_wait: asked.or_else(|| wait_in_body(&body)) }))
    }

    /// Reads the body of an answer.
    pub(crate) async fn json(&self, mut response: Response) -> Result<Value, Failure> {
        let too_long = self.failure(FailureKind::TooLong { limit: LONGEST_ANSWER });
        if response.content_length().is_some_and(|length| length > LONGEST_ANSWER as u64) {
            return Err(too_long);
        }
        let content_type =
            response.headers().get(CONTENT_TYPE).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.no_answer(error))? {
            if body.len() + chunk.len() > LONGEST_ANSWER {
                return Err(too_long);
            }
            body.extend_from_slice(&chunk);
        }
        serde_json::from_slice(&body).map_err(|_| {
            self.failure(FailureKind::NotJson {
                content_type: match content_type {
                    _ if body.is_empty() => "an empty body".into(),
                    Some(content_type) if !content_type.contains("json") => one_line(&self.hide(&content_type), 80),
                    _ => "a broken text".into(),
                },
            })
        })
    }

    fn no_answer(&self, error: reqwest::Error) -> Failure {
        let why = match error.source() {
            _ if error.is_timeout() => "it took too long".to_owned(),
            // What is wrong is in there; around it stands only that a request failed.
            Some(source) => chain(source),
            None => error.without_url().to_string(),
        };
        self.failure(FailureKind::NoAnswer { why: one_line(&self.hide(&why), 200) })
    }

    fn location(&self, response: &Response) -> String {
        let location = response.headers().get(LOCATION).map(|value| String::from_utf8_lossy(value.as_bytes()));
        location.map_or_else(|| "nowhere".into(), |location| one_line(&self.hide(&location), 200))
    }

    /// The failure of an answer that is JSON, but not what was asked for.
    pub(crate) fn another_thing(&self) -> Failure {
        self.failure(FailureKind::AnotherThing)
    }

    fn failure(&self, kind: FailureKind) -> Failure {
        Failure { resource: self.resource, kind }
    }

    /// `text` without what is not to be shown.
    pub(crate) fn hide(&self, text: &str) -> String {
        self.hidden.iter().fold(text.to_owned(), |text, credential| credential.redact(&text))
    }
}

/// The API's address: HTTPS, or plain HTTP on this machine, since the key goes along with every request.
fn checked_base(base: &str) -> Result<Url, String> {
    let wrong = |why: &str| Err(format!("the address of the API {why}: write one like {}", DEFAULT_API_URL));
    let Ok(url) = Url::parse(base) else { return wrong("is no URL") };
    match url.scheme() {
        "https" | "http" if url.host_str().is_none_or(str::is_empty) => wrong("names no host"),
        // It could hold a password, and a query is no place to append a path to.
        _ if !url.username().is_empty() || url.password().is_some() => wrong("holds a user name or password"),
        _ if url.query().is_some() || url.fragment().is_some() => wrong("has a `?` or `#`"),
        _ if url.cannot_be_a_base() => wrong("cannot have a path"),
        "https" => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        "http" => wrong("is plain http://, which would show the API key to the network"),
        _ => wrong("is neither https:// nor http://"),
    }
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    address.map_or(host == "localhost", |address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(base: &str, key: &str) -> Result<RestClient, String> {
        RestClient::new(base, &Credential::new(key.into()), Resource::Call)
    }

    #[test]
    fn an_id_is_one_segment_of_the_path() {
        let client = client("https://api.example.com/v1/", "fl_live_hush").unwrap();
        assert_eq!(client.url(&["calls", "c-1", "control"]).as_str(), "https://api.example.com/v1/calls/c-1/control");
        assert_eq!(
            client.url(&["calls", "call-_+31_a/../b?x#y"]).as_str(),
            "https://api.example.com/v1/calls/call-_%2B31_a%2F..%2Fb%3Fx%23y"
        );
    }

    #[test]
    fn the_key_goes_over_https_or_stays_on_this_machine() {
        for fine in ["http://127.0.0.1:9/api", "http://[::1]:9", "http://localhost:9", "https://api.example.com"] {
            assert!(client(fine, "k").is_ok(), "{fine}");
        }
        for wrong in [
            "http://api.example.com",
            "http://localhost.example.com",
            "http://127.0.0.1.example.com",
            "ftp://127.0.0.1",
            "api.example.com",
            "https://user:hush@api.example.com",
            "https://api.example.com?key=hush",
            "data:x",
        ] {
            let problem = client(wrong, "k").unwrap_err();
            assert!(!problem.contains("hush") && !problem.contains('\n'), "{problem}");
        }
    }

    #[test]
    fn no_form_of_it_shows_the_key() {
        assert!(!format!("{:?}", client("https://api.example.com", "fl_live_hush").unwrap()).contains("hush"));
        assert!(!client("https://api.example.com", "fl_live_hush\n").unwrap_err().contains("hush"));
    }
}
