//! A stand-in of the platform's REST API on a socket of its own: one assistant, and the platform's contradictions as
//! switches (PROTOCOL.md §6).

use std::{
    collections::VecDeque,
    convert::Infallible,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;

pub(super) const KEY: &str = "fl_live_do_not_show_me";

#[derive(Clone)]
pub(super) struct Platform {
    pub(super) address: SocketAddr,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) assistant: Map<String, Value>,
    /// Answers without the wrapper `{"assistant": …}`.
    pub(super) bare: bool,
    /// A PATCH merges into `llm_config` rather than replacing it.
    pub(super) merges: bool,
    /// Secrets are shown as a mask.
    pub(super) masks: bool,
    /// Gives an `ETag` and honours `If-Match`.
    pub(super) tags: bool,
    /// Tools come back in the nested form, whatever form they were sent in.
    pub(super) nests: bool,
    /// Adds `end_call` by itself, and gives the tools back in an order of its own.
    pub(super) adds_and_reorders: bool,
    /// Takes a PATCH and forgets the tools in it.
    pub(super) forgets: bool,
    /// What is done instead of the next request, the one after it, and so on.
    pub(super) script: VecDeque<(Method, Step)>,
    pub(super) requests: Vec<(Method, Value)>,
    version: u64,
}

/// What happens to one request.
pub(super) enum Step {
    /// Nothing unusual.
    Pass,
    Answer(Response<Full<Bytes>>),
    /// The request is carried out, and its answer is lost.
    CarryOutThen(Response<Full<Bytes>>),
    /// Somebody else edits the assistant just before the request.
    EditFirst(fn(&mut Map<String, Value>)),
    /// … and the request is answered by a failure besides.
    EditThen(fn(&mut Map<String, Value>), Response<Full<Bytes>>),
}

pub(super) fn answer(status: u16, headers: &[(&str, &str)], body: impl ToString) -> Response<Full<Bytes>> {
    let mut builder = Response::builder().status(status);
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    builder.body(Full::from(body.to_string())).unwrap()
}

impl Platform {
    pub(super) async fn start(assistant: Value) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let state = State { assistant: assistant.as_object().unwrap().clone(), ..State::default() };
        let platform = Self { address: listener.local_addr().unwrap(), state: Arc::new(Mutex::new(state)) };
        let serving = platform.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let platform = serving.clone();
                let service = service_fn(move |request| platform.clone().handle(request));
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        platform
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}/api/v1", self.address)
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets what happens to the coming requests.
    pub(super) fn script(&self, steps: impl IntoIterator<Item = (Method, Step)>) {
        self.state().script.extend(steps);
    }

    /// The bodies of the PATCH requests so far.
    pub(super) fn patches(&self) -> Vec<Value> {
        let state = self.state();
        state.requests.iter().filter(|(method, _)| method == Method::PATCH).map(|(_, body)| body.clone()).collect()
    }

    async fn handle(self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
        let (head, body) = request.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let body = serde_json::from_slice(&body).unwrap_or_default();
        let mut state = self.state();
        state.requests.push((head.method.clone(), body));
        let body = state.requests.last().unwrap().1.clone();
        let step = match state.script.pop_front() {
            Some((method, step)) => {
                assert_eq!(method, head.method, "another request than the script expects");
                step
            }
            None => Step::Pass,
        };
        Ok(match step {
            Step::Pass => state.respond(&head, body),
            Step::Answer(answer) => answer,
            Step::CarryOutThen(answer) => {
                assert!(state.respond(&head, body).status().is_success());
                answer
            }
            Step::EditFirst(edit) => {
                state.edit(edit);
                state.respond(&head, body)
            }
            Step::EditThen(edit, answer) => {
                state.edit(edit);
                answer
            }
        })
    }
}

impl State {
    pub(super) fn edit(&mut self, edit: fn(&mut Map<String, Value>)) {
        edit(&mut self.assistant);
        self.version += 1;
    }

    fn respond(&mut self, head: &http::request::Parts, body: Value) -> Response<Full<Bytes>> {
        let header = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok());
        if header("authorization") != Some(&format!("Bearer {KEY}")) {
            return answer(401, &[], json!({ "error": "Unauthorized", "message": "Unknown API key" }));
        }
        if head.uri.path() != "/api/v1/assistants/a-1" {
            return answer(404, &[], json!({ "error": "Not found", "details": [] }));
        }
        let tag = format!("\"{}\"", self.version);
        match head.method {
            Method::GET => {}
            Method::PATCH if header("content-type") != Some("application/json") => return answer(400, &[], "{}"),
            Method::PATCH if self.tags && header("if-match") != Some(&tag) => return answer(412, &[], "{}"),
            Method::PATCH => self.patch(body),
            _ => return answer(405, &[], ""),
        }
        let mut shown = self.assistant.clone();
        if self.masks && shown.get("webhook_secret").is_some_and(Value::is_string) {
            shown.insert("webhook_secret".into(), "••••••••".into());
        }
        shown.insert("updated_at".into(), self.requests.len().into());
        let body = if self.bare { Value::Object(shown) } else { json!({ "assistant": shown }) };
        let tag = format!("\"{}\"", self.version);
        let headers: &[_] = if self.tags { &[("content-type", "application/json"), ("etag", &tag)] } else { &[] };
        answer(StatusCode::OK.as_u16(), headers, body)
    }

    fn patch(&mut self, body: Value) {
        self.version += 1;
        let Value::Object(body) = body else { panic!("a PATCH without an object") };
        for (key, mut value) in body {
            if let (true, Some(tools)) = (self.nests, value.get_mut("tools").and_then(Value::as_array_mut)) {
                tools.iter_mut().for_each(nest);
            }
            if let (true, Some(tools)) = (self.adds_and_reorders, value.get_mut("tools").and_then(Value::as_array_mut))
            {
                tools.reverse();
                if !tools.iter().any(|tool| tool["type"] == "end_call") {
                    tools.push(json!({ "type": "end_call" }));
                }
            }
            if self.forgets && key == "llm_config" {
                value["tools"] = json!([]);
            }
            match (self.merges, self.assistant.get_mut(&key).and_then(Value::as_object_mut), value) {
                (true, Some(held), Value::Object(value)) => held.extend(value),
                (_, _, value) => drop(self.assistant.insert(key, value)),
            }
        }
    }
}

fn nest(tool: &mut Value) {
    let Some(mut outer) = tool.as_object().filter(|tool| tool.contains_key("name")).cloned() else { return };
    let inner: Map<_, _> =
        ["name", "description", "parameters"].iter().filter_map(|key| outer.remove_entry(*key)).collect();
    if let Some(url) = outer.remove("url") {
        outer.insert("server".into(), json!({ "url": url }));
    }
    outer.entry("async").or_insert(json!(false));
    outer.insert("type".into(), "function".into());
    outer.insert("function".into(), inner.into());
    *tool = outer.into();
}
