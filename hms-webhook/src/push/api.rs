//! The platform's REST API, as far as `push` needs it: reading and changing one assistant.

use std::{
    error::Error,
    net::IpAddr,
    time::{Duration, SystemTime},
};

use http::{
    HeaderMap, HeaderValue, Method,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, ETAG, IF_MATCH, LOCATION},
};
use reqwest::{Client, Response, Url, redirect};
use serde_json::{Map, Value};

use super::{
    assistant::Assistant,
    credential::Credential,
    failure::{Failure, said, wait_in_body},
    patience::asked_wait,
    text::one_line,
};
use crate::handler::chain;

const CONNECT_WITHIN: Duration = Duration::from_secs(10);
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
/// The longest answer that is read. An assistant is a page or two; this is far more than any.
const LONGEST_ANSWER: usize = 8 * 1024 * 1024;

/// One assistant behind the API.
#[derive(Debug)]
pub(super) struct Api {
    client: Client,
    assistant: Url,
    pub(super) assistant_id: String,
    /// What the platform could repeat in a text of its own, and is not to be shown.
    hidden: Vec<Credential>,
}

/// An assistant as it stood at one moment.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) assistant: Assistant,
    /// The platform's own mark of that state, if it gives one that a write can be tied to.
    pub(super) tag: Option<HeaderValue>,
}

impl Api {
    /// The API at `base`. What is wrong with the address, the key or the assistant's id is said in one line.
    pub(super) fn new(
        base: &str,
        assistant_id: &str,
        key: &Credential,
        webhook_secret: Option<&Credential>,
    ) -> Result<Self, String> {
        let base = checked_base(base)?;
        let assistant = assistant_url(&base, assistant_id)?;
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
        let hidden = [Some(key), webhook_secret].into_iter().flatten().cloned().collect();
        Ok(Self { client, assistant, assistant_id: assistant_id.to_owned(), hidden })
    }

    /// Reads the assistant, once.
    pub(super) async fn read(&self) -> Result<Found, Failure> {
        let response = self.exchange(Method::GET, None, None).await?;
        // `If-Match` never matches a weak tag (RFC 9110 §13.1.1), so such a one is of no use.
        let tag = response.headers().get(ETAG).filter(|tag| tag.as_bytes().starts_with(b"\"")).cloned();
        let body = self.json(response).await?;
        Ok(Found { assistant: Assistant::read(body).ok_or(Failure::NotAnAssistant)?, tag })
    }

    /// Changes the assistant, once; only if it is still at `tag`, where there is one.
    pub(super) async fn change(&self, body: &Map<String, Value>, tag: Option<&HeaderValue>) -> Result<(), Failure> {
        // What the answer says is not relied upon: the assistant is read again.
        self.exchange(Method::PATCH, Some(body), tag).await.map(drop)
    }

    /// Sends one request and gives back a success.
    async fn exchange(
        &self,
        method: Method,
        body: Option<&Map<String, Value>>,
        tag: Option<&HeaderValue>,
    ) -> Result<Response, Failure> {
        let mut request = self.client.request(method, self.assistant.clone());
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
            return Err(Failure::Redirect { status, location: self.location(&response) });
        }
        let asked = asked_wait(response.headers(), SystemTime::now());
        // A refusal whose body says nothing that can be read is told by its status alone.
        let body = self.json(response).await.unwrap_or_default();
        let said = said(&body).map(|said| self.hide(&said));
        Err(Failure::Status { status, said, asked_wait: asked.or_else(|| wait_in_body(&body)) })
    }

    async fn json(&self, mut response: Response) -> Result<Value, Failure> {
        let too_long = Failure::TooLong { limit: LONGEST_ANSWER };
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
        serde_json::from_slice(&body).map_err(|_| Failure::NotJson {
            content_type: match content_type {
                _ if body.is_empty() => "an empty body".into(),
                Some(content_type) if !content_type.contains("json") => one_line(&self.hide(&content_type), 80),
                _ => "a broken text".into(),
            },
        })
    }

    fn no_answer(&self, error: reqwest::Error) -> Failure {
        let why = match error.source() {
            _ if error.is_timeout() => "it took too long".to_owned(),
            // What is wrong is in there; around it stands only that a request failed.
            Some(source) => chain(source),
            None => error.without_url().to_string(),
        };
        Failure::NoAnswer { why: one_line(&self.hide(&why), 200) }
    }

    fn location(&self, response: &Response) -> String {
        let location = response.headers().get(LOCATION).map(|value| String::from_utf8_lossy(value.as_bytes()));
        location.map_or_else(|| "nowhere".into(), |location| one_line(&self.hide(&location), 200))
    }

    fn hide(&self, text: &str) -> String {
        self.hidden.iter().fold(text.to_owned(), |text, credential| credential.redact(&text))
    }
}

/// The API's address: HTTPS, or plain HTTP on this machine, since the key goes along with every request.
fn checked_base(base: &str) -> Result<Url, String> {
    let wrong = |why: &str| Err(format!("the address of the API {why}: write one like {}", super::DEFAULT_API_URL));
    let Ok(url) = Url::parse(base) else { return wrong("is no URL") };
    match url.scheme() {
        "https" | "http" if url.host_str().is_none_or(str::is_empty) => wrong("names no host"),
        // It could hold a password, and a query is no place to append a path to.
        _ if !url.username().is_empty() || url.password().is_some() => wrong("holds a user name or password"),
        _ if url.query().is_some() || url.fragment().is_some() => wrong("has a `?` or `#`"),
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

/// `{base}/assistants/{id}`, with nothing in the id that leads elsewhere.
fn assistant_url(base: &Url, id: &str) -> Result<Url, String> {
    if id.is_empty() || id == "." || id == ".." || id.chars().any(|one| one.is_control() || one.is_whitespace()) {
        return Err("the assistant's id is empty or has a blank in it: copy it from the platform".into());
    }
    let mut url = base.clone();
    match url.path_segments_mut() {
        Ok(mut segments) => drop(segments.pop_if_empty().extend(["assistants", id])),
        Err(()) => return Err("the address of the API cannot have a path".into()),
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(base: &str, id: &str) -> Result<String, String> {
        assistant_url(&checked_base(base)?, id).map(Into::into)
    }

    #[test]
    fn an_id_is_one_segment_of_the_path() {
        assert_eq!(address("https://api.example.com/v1", "a-1").unwrap(), "https://api.example.com/v1/assistants/a-1");
        assert_eq!(
            address("https://api.example.com/v1/", "../calls?x#y").unwrap(),
            "https://api.example.com/v1/assistants/..%2Fcalls%3Fx%23y"
        );
        for id in ["", ".", "..", "a b", "a\n"] {
            assert!(address("https://api.example.com/v1", id).is_err(), "{id:?}");
        }
    }

    #[test]
    fn the_key_goes_over_https_or_stays_on_this_machine() {
        for fine in ["http://127.0.0.1:9/api", "http://[::1]:9", "http://localhost:9", "https://api.example.com"] {
            assert!(address(fine, "a").is_ok(), "{fine}");
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
            let problem = address(wrong, "a").unwrap_err();
            assert!(!problem.contains("hush") && !problem.contains('\n'), "{problem}");
        }
    }

    #[test]
    fn no_form_of_it_shows_the_key() {
        let key = Credential::new("fl_live_hush".into());
        let api = Api::new("https://api.example.com", "a-1", &key, None).unwrap();
        assert!(!format!("{api:?}").contains("hush"));
        let broken = Credential::new("fl_live_hush\n".into());
        assert!(!Api::new("https://api.example.com", "a-1", &broken, None).unwrap_err().contains("hush"));
    }
}
