//! One assistant behind the platform's REST API: reading it and changing it.

use http::{HeaderValue, Method, header::ETAG};
use reqwest::Url;
use serde_json::{Map, Value};

use super::assistant::Assistant;
use crate::rest::{Credential, Failure, Resource, RestClient};

/// One assistant behind the API.
#[derive(Debug)]
pub(super) struct Api {
    rest: RestClient,
    assistant: Url,
    pub(super) assistant_id: String,
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
        let rest = RestClient::new(base, key, Resource::Assistant)?.hiding(webhook_secret);
        if assistant_id.is_empty()
            || assistant_id == "."
            || assistant_id == ".."
            || assistant_id.chars().any(|one| one.is_control() || one.is_whitespace())
        {
            return Err("the assistant's id is empty or has a blank in it: copy it from the platform".into());
        }
        let assistant = rest.url(&["assistants", assistant_id]);
        Ok(Self { rest, assistant, assistant_id: assistant_id.to_owned() })
    }

    /// `text` without the secrets that the platform could repeat in it.
    pub(super) fn hide(&self, text: &str) -> String {
        self.rest.hide(text)
    }

    /// Reads the assistant, once.
    pub(super) async fn read(&self) -> Result<Found, Failure> {
        let response = self.rest.exchange::<Value>(Method::GET, self.assistant.clone(), None, None).await?;
        // `If-Match` never matches a weak tag (RFC 9110 §13.1.1), so such a one is of no use.
        let tag = response.headers().get(ETAG).filter(|tag| tag.as_bytes().starts_with(b"\"")).cloned();
        let body = self.rest.json(response).await?;
        Ok(Found { assistant: Assistant::read(body).ok_or_else(|| self.rest.another_thing())?, tag })
    }

    /// Changes the assistant, once; only if it is still at `tag`, where there is one.
    pub(super) async fn change(&self, body: &Map<String, Value>, tag: Option<&HeaderValue>) -> Result<(), Failure> {
        // What the answer says is not relied upon: the assistant is read again.
        self.rest.exchange(Method::PATCH, self.assistant.clone(), Some(body), tag).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_leads_nowhere_is_refused() {
        let key = Credential::new("fl_live_hush".into());
        for id in ["", ".", "..", "a b", "a\n"] {
            assert!(Api::new("https://api.example.com/v1", id, &key, None).is_err(), "{id:?}");
        }
        let api = Api::new("https://api.example.com/v1", "../calls?x#y", &key, None).unwrap();
        assert_eq!(api.assistant.as_str(), "https://api.example.com/v1/assistants/..%2Fcalls%3Fx%23y");
    }
}
