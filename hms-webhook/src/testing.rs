//! Testing handlers: a stand-in of the platform that signs, delivers in process and reads the answers.
//!
//! ```
//! use hms_webhook::{App, testing::TestPlatform, tool, tools};
//!
//! /// Add two numbers.
//! #[tool]
//! async fn add(/** The first. */ one: i64, /** The second. */ two: i64) -> i64 {
//!     one + two
//! }
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! // A whole test of a tool:
//! let platform = TestPlatform::new(App::new().tools(tools![add])).unwrap();
//! let reply = platform.call_tool("add", serde_json::json!({ "one": 2, "two": 3 })).await;
//! assert_eq!(reply["result"], 5);
//! # }
//! ```
//!
//! Everything goes through the whole pipeline: signature, decoding, deadlines, the reply's form. No port is opened,
//! and tokio's paused clock works, so a test of a deadline takes no time.

mod conformance;
mod fuzz;
pub(crate) mod snapshot;

use std::{
    fmt,
    ops::Index,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::SystemTime,
};

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};
use tokio::sync::mpsc::UnboundedReceiver;
use tower::Service;

use crate::{
    App, AssistantReply, ToolDefinition,
    error::StartupError,
    event::CallStatus,
    mishap::{Mishap, Mishaps},
    platform_headers::platform_headers,
    sample_event::{SampleCall, tool_call},
    service::WebhookService,
    signature::{SIGNATURE_HEADER, Signer, TIMESTAMP_HEADER},
};

pub use self::conformance::store_conformance;
pub use fuzz::{Finding, FuzzReport, Problem, fuzz_tools};

const SECRET: &str = "the secret of the test platform";

/// The platform, as far as a test of handlers needs it: one phone call and its events.
///
/// ```
/// use hms_webhook::{App, StatusUpdate, event::CallStatus, handlers, status_update, testing::TestPlatform};
/// use std::sync::{Arc, Mutex};
///
/// #[derive(Clone, Default)]
/// struct Callers(Arc<Mutex<Vec<String>>>);
///
/// #[status_update]
/// fn note_caller(update: StatusUpdate, callers: &Callers) {
///     let caller = update.customer_number().unwrap_or("somebody on the web").to_owned();
///     callers.0.lock().unwrap().push(caller);
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let callers = Callers::default();
/// let app = App::new().handlers(handlers![note_caller]).state(callers.clone());
/// let platform = TestPlatform::new(app).unwrap().caller(Some("+31612000111"));
///
/// // It is acknowledged before its handler has run, so wait for that.
/// platform.status_update(CallStatus::IN_PROGRESS).await;
/// platform.settled().await;
/// assert_eq!(*callers.0.lock().unwrap(), ["+31612000111"]);
///
/// // What nobody has signed reaches no handler.
/// let unsigned = http::Request::post("/webhooks/hms-sovereign").body("{}".into()).unwrap();
/// assert_eq!(platform.request(unsigned).await.status, 401);
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct TestPlatform {
    service: WebhookService,
    signer: Signer,
    call: SampleCall,
    /// Every tool call has an id of its own, as on a real call.
    tool_calls: Arc<AtomicUsize>,
    mishaps: Mishaps,
}

impl TestPlatform {
    /// Starts `app` in process, with a secret that this platform knows.
    ///
    /// # Errors
    /// As [`App::into_service`].
    pub fn new(app: App) -> Result<Self, StartupError> {
        Ok(Self {
            mishaps: app.settings.mishaps.clone(),
            service: app.secret(SECRET).into_service()?,
            signer: Signer::new(SECRET),
            call: SampleCall::new("test-call-1"),
            tool_calls: Arc::default(),
        })
    }

    /// The same for calls that are [followed](Self::follow). Its store is its own: no earlier call is repeated in it, and
    /// nobody tries again later what has failed.
    pub(crate) fn following(mut app: App) -> Result<Self, StartupError> {
        app.settings.mishaps = Mishaps::told();
        app.settings.store = None;
        Self::new(app)
    }

    /// The number of the caller; `None` as on a web call.
    #[must_use]
    pub fn caller(mut self, number: Option<&str>) -> Self {
        self.call.caller = number.map(Into::into);
        self
    }

    /// The id of the call.
    #[must_use]
    pub fn call_id(mut self, id: impl Into<String>) -> Self {
        self.call.id = id.into();
        self
    }

    /// The metadata that an earlier assistant reply has given this call (PROTOCOL.md §4).
    #[must_use]
    pub fn metadata(mut self, metadata: Value) -> Self {
        self.call.metadata = Some(metadata);
        self
    }

    /// Calls one tool, as the model would.
    ///
    /// # Panics
    /// When `arguments` cannot be written as JSON, or the answer is not a result of this call.
    pub async fn call_tool(&self, name: &str, arguments: impl Serialize) -> ToolReply {
        self.call_tools([(name, arguments)]).await.remove(0)
    }

    /// Calls several tools in one delivery. The replies come in the order of the calls.
    ///
    /// # Panics
    /// As [`call_tool`](Self::call_tool).
    pub async fn call_tools<'a, A: Serialize>(&self, calls: impl IntoIterator<Item = (&'a str, A)>) -> Vec<ToolReply> {
        let list: Vec<_> = calls
            .into_iter()
            .map(|(name, arguments)| {
                self.tool_call(name, serde_json::to_value(arguments).expect("the arguments can be written as JSON"))
            })
            .collect();
        let ids: Vec<_> = list.iter().map(|call| call["id"].clone()).collect();
        let answer = self.event("tool-calls", json!({ "tool_call_list": list })).await.expect_ok();
        let results = answer.json()["results"].as_array().cloned().unwrap_or_default();
        let answered: Vec<_> = results.iter().map(|result| result["tool_call_id"].clone()).collect();
        assert_eq!(answered, ids, "one result for each call, in their order: {answer:?}");
        results.into_iter().map(|mut result| ToolReply(result["result"].take())).collect()
    }

    /// As [`call_tool`](Self::call_tool), but in a phone call of its own, as those of one wait for each other, and the answer
    /// itself is the error where the delivery was refused or the answer holds no result. What the tool does wrong is told
    /// until its first run has ended, which may be later.
    pub(crate) async fn follow(
        &self,
        tool: &ToolDefinition,
        arguments: Value,
    ) -> (Result<ToolReply, Answer>, UnboundedReceiver<Mishap>) {
        let platform = self.clone().call_id(format!("test-call-{}", self.tool_calls.load(Ordering::Relaxed) + 1));
        let call = self.tool_call(&tool.name, arguments);
        let mishaps = self.mishaps.expect(&platform.call.id);
        let answer = platform.event("tool-calls", json!({ "tool_call_list": [call] })).await;
        let reply = match answer.json().pointer_mut("/results/0/result") {
            Some(result) if answer.status == StatusCode::OK => Ok(ToolReply(result.take())),
            _ => Err(answer),
        };
        // Only a background tool begins after the answer, unless that is an error.
        if !tool.async_ || !reply.as_ref().is_ok_and(|reply| reply.error().is_none()) {
            self.mishaps.expect_nothing();
        }
        (reply, mishaps)
    }

    fn tool_call(&self, name: &str, arguments: Value) -> Value {
        let id = format!("tool_{}", self.tool_calls.fetch_add(1, Ordering::Relaxed));
        tool_call(&id, name, arguments)
    }

    /// Asks which assistant takes the call.
    ///
    /// # Panics
    /// When the answer is not an assistant reply.
    pub async fn assistant_request(&self) -> AssistantReply {
        let answer = self.event("assistant-request", json!({})).await.expect_ok();
        AssistantReply::from_json(&String::from_utf8_lossy(&answer.body)).expect("the answer is an assistant reply")
    }

    /// Tells a new status of the call, and waits until it is acknowledged. Its handlers run on:
    /// see [`settled`](Self::settled).
    ///
    /// # Panics
    /// When it is not acknowledged.
    pub async fn status_update(&self, status: CallStatus) {
        let mut message = self.call.message("status-update");
        message["call"]["status"] = json!(status);
        self.deliver(json!({ "message": message }).to_string()).await.expect_ok();
    }

    /// Sends the report of the call with `members` such as `duration_seconds` and `summary` (PROTOCOL.md §3.4), and
    /// waits until it is acknowledged. Its handlers run on: see [`settled`](Self::settled).
    ///
    /// # Panics
    /// When it is not acknowledged.
    pub async fn end_of_call_report(&self, members: Value) {
        self.event("end-of-call-report", members).await.expect_ok();
    }

    /// Sends an event of any type, with `members` beside the common ones.
    pub async fn event(&self, kind: &str, members: Value) -> Answer {
        self.deliver(self.call.event(kind, members).to_string()).await
    }

    /// Signs and sends exactly these bytes.
    pub async fn deliver(&self, body: impl Into<Bytes>) -> Answer {
        let body = body.into();
        let timestamp =
            SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs().to_string();
        let mut request = Request::post(self.service.path())
            .header(SIGNATURE_HEADER, self.signer.sign(&timestamp, &body))
            .header(TIMESTAMP_HEADER, timestamp)
            .body(body)
            .expect("these headers are valid");
        let headers = platform_headers(request.body());
        request.headers_mut().extend(headers);
        self.request(request).await
    }

    /// Sends a request as it is, signing nothing.
    pub async fn request(&self, request: Request<Bytes>) -> Answer {
        let Ok(response) = self.service.clone().call(request.map(Full::new)).await;
        let (head, body) = response.into_parts();
        let Ok(body) = body.collect().await;
        Answer { status: head.status, headers: head.headers, body: body.to_bytes() }
    }

    /// Begins to handle what waits in the app's store, as a server does when it starts.
    pub fn start(&self) {
        self.service.start();
    }

    /// Waits until nothing runs any more and nothing is due: handlers of notifications, background tools, tools past their
    /// deadline. What waits for its next try is not waited for: let the time pass with [`tokio::time::sleep`].
    pub async fn settled(&self) {
        self.service.settled().await;
    }
}

/// What the model hears from a tool: always a JSON object. Index it by a member's name.
///
/// ```
/// use hms_webhook::{App, ToolError, testing::TestPlatform, tool, tools};
/// use serde::{Deserialize, Serialize};
/// use serde_json::json;
///
/// #[derive(Serialize, Deserialize, Debug, PartialEq)]
/// struct Order {
///     status: String,
/// }
///
/// /// Look up an order.
/// #[tool]
/// fn lookup_order(/** Its number. */ number: u32) -> Result<Order, ToolError> {
///     match number {
///         1042 => Ok(Order { status: "shipped".into() }),
///         _ => Err(ToolError::tell("there is no such order: ask the caller for the number again")),
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let platform = TestPlatform::new(App::new().tools(tools![lookup_order])).unwrap();
///
/// let found = platform.call_tool("lookup_order", json!({ "number": 1042 })).await;
/// assert_eq!(found["status"], "shipped");
/// assert_eq!(found.read::<Order>().unwrap(), Order { status: "shipped".into() });
///
/// let missing = platform.call_tool("lookup_order", json!({ "number": 7 })).await;
/// assert_eq!(missing.error(), Some("there is no such order: ask the caller for the number again"));
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ToolReply(Value);

impl ToolReply {
    /// The whole object.
    pub fn value(&self) -> &Value {
        &self.0
    }

    /// The text of an error, `None` where the tool succeeded.
    pub fn error(&self) -> Option<&str> {
        error_of(&self.0)
    }

    /// The result as what the tool returned. What is no object in JSON was wrapped for the way and is unwrapped here.
    ///
    /// # Errors
    /// When it is something else, such as an error.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        T::deserialize(&self.0).or_else(|error| match self.0.as_object() {
            Some(object) if object.len() == 1 && object.contains_key("result") => T::deserialize(&object["result"]),
            _ => Err(error),
        })
    }
}

/// The text of an error that a tool's `result` is.
pub(crate) fn error_of(result: &Value) -> Option<&str> {
    let object = result.as_object().filter(|object| object.len() == 1)?;
    object.get("error")?.as_str()
}

impl Index<&str> for ToolReply {
    type Output = Value;

    fn index(&self, member: &str) -> &Value {
        &self.0[member]
    }
}

impl fmt::Display for ToolReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An HTTP answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Answer {
    /// The body as JSON; an empty object where it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| Map::new().into())
    }

    fn expect_ok(self) -> Self {
        assert_eq!(self.status, StatusCode::OK, "the answer was {}", String::from_utf8_lossy(&self.body));
        self
    }
}
