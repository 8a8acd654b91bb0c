//! What a page asks for and gets as JSON.

use std::error::Error;

use bytes::Bytes;
use http::{Request, StatusCode, header};
use http_body::Body;
use http_body_util::{BodyExt, Limited};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{
    Console,
    answer::{self, Answer, Refusal, refuse},
    deliver::{self, Wanted, What},
    inbox,
};

/// The longest request of a page: a body that the server itself would refuse as too long can still be asked for.
const LONGEST: usize = 4 * 1024 * 1024;

impl Console {
    pub(super) fn app_info(&self) -> Value {
        let mut info = self.info.clone();
        info["instance"] = json!(self.guard.instance());
        info["webhook"] = json!(format!("http://{}{}", self.address, self.webhook.path()));
        info
    }

    pub(super) async fn deliver<B>(&self, request: Request<B>) -> Answer
    where
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let wanted: Wanted = match read(request).await {
            Ok(wanted) => wanted,
            Err(refusal) => return refusal.into_answer(),
        };
        let body = match self.body_of(&wanted.what) {
            Ok(body) => body,
            Err(refusal) => return refusal.into_answer(),
        };
        let signer = self.webhook.signer();
        match deliver::deliver(wanted, body, signer.as_ref(), self.address, self.webhook.path()).await {
            Ok(returned) => answer::json(&json!({
                "id": self.feed.id_of(&returned.ticket),
                "instance": self.guard.instance(),
                "status": returned.status,
                "reply": self.feed.shown(&returned.body),
            })),
            Err(problem) => refuse(StatusCode::BAD_GATEWAY, &problem),
        }
    }

    fn body_of(&self, what: &What) -> Result<Bytes, Refusal> {
        let id = match what {
            What::Body(body) => return Ok(Bytes::from(body.clone())),
            What::Delivery(id) => *id,
        };
        let came = self.feed.read(id, |record| (record.came.clone(), record.bytes));
        let (came, bytes) =
            came.ok_or_else(|| Refusal::new(StatusCode::NOT_FOUND, format!("delivery {id} is not kept any more")))?;
        if came.len() < bytes {
            let why =
                format!("only the first {} bytes of delivery {id} were kept, so it cannot be repeated", came.len());
            return Err(Refusal::new(StatusCode::CONFLICT, why));
        }
        Ok(came)
    }

    pub(super) fn definitions(&self, profile: &str) -> Answer {
        match self.definitions.get(profile) {
            Some(known) => answer::json(known),
            None => refuse(StatusCode::NOT_FOUND, "there is no such profile"),
        }
    }

    pub(super) async fn inbox(&self) -> Answer {
        match inbox::state(self.webhook.inbox(), &self.feed).await {
            Ok(state) => answer::json(&state),
            Err(failure) => refuse(StatusCode::SERVICE_UNAVAILABLE, &format!("the store does not answer: {failure}")),
        }
    }

    pub(super) async fn replay<B>(&self, request: Request<B>) -> Answer
    where
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let wanted = match read(request).await {
            Ok(wanted) => wanted,
            Err(refusal) => return refusal.into_answer(),
        };
        match inbox::replay(self.webhook.inbox(), wanted).await {
            Ok(true) => answer::json(&json!({})),
            Ok(false) => refuse(StatusCode::NOT_FOUND, "there is no such dead letter any more"),
            Err(failure) => refuse(StatusCode::SERVICE_UNAVAILABLE, &format!("the store does not answer: {failure}")),
        }
    }
}

/// Reads the JSON of a request. Only a page that may is able to say that it is JSON: another site's form cannot.
async fn read<B, T>(request: Request<B>) -> Result<T, Refusal>
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
    T: DeserializeOwned,
{
    let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if content_type.is_none_or(|name| !name.starts_with("application/json")) {
        return Err(Refusal::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "send JSON, and say so: Content-Type: application/json",
        ));
    }
    let body: Bytes = match Limited::new(request.into_body(), LONGEST).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) => {
            return Err(Refusal::new(StatusCode::BAD_REQUEST, format!("the request could not be read: {error}")));
        }
    };
    serde_json::from_slice(&body).map_err(|error| {
        Refusal::new(StatusCode::BAD_REQUEST, format!("the request is not what was expected: {error}"))
    })
}
